"""The inferred columns of a delivery, and the notices about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.text import counted, first_of, listed, quoted
from shopfloor.formats.stray import Words

_MOST_LISTED = 5


@dataclass(frozen=True)
class Inferred:
    """Columns with types.

    By name: `empty` are those without any value, `open` those that more rows may yet prove to be
    something, `nested` those that hold lists or objects, which become JSON text; `notices` say of
    some why they are text. `missing` are the words that were read as missing, `kept` those that would
    have been in a column that is not text.
    """

    columns: tuple[Column, ...]
    empty: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    notices: Mapping[str, str] = field(default_factory=dict)
    nested: tuple[str, ...] = ()
    missing: Mapping[str, Words] = field(default_factory=dict)
    kept: Mapping[str, Words] = field(default_factory=dict)

    def with_texts(self, texts: Inferred) -> Inferred:
        """These columns of a typed file, with what its `texts` are found to be; one of nothing but words for
        "missing" is text, as the file says.
        """
        found = {column.name: column for column in texts.columns if column.type is not ColumnType.UNKNOWN}
        columns = tuple(found.get(column.name, column) for column in self.columns)
        return replace(texts, columns=columns, empty=self.empty, nested=self.nested)

    def notices_about(self, dataset: str, unless: Iterable[str] = ()) -> list[str]:
        """Sentences about columns other than `unless`."""
        left_out = set(unless)
        notices = [notice for name, notice in self.notices.items() if name not in left_out]
        missing, kept = (_by_word(found, left_out) for found in (self.missing, self.kept))
        if missing:
            notices.append(f"Read as missing: {missing}.")
        if kept:
            notices.append(
                f"Kept as text: {kept}. If that means missing: [parser] missing = [...] in datasets/{dataset}.toml."
            )
        nested = [name for name in self.nested if name not in left_out]
        if nested:
            notices.append(f"Nested values are kept as JSON text: {listed(nested)}.")
        return notices


def _by_word(columns: Mapping[str, Words], left_out: set[str]) -> str:
    """`'?' in 'a' (12 values) and 'b' (1 value)`, the most frequent words first."""
    places: dict[str, dict[str, int]] = {}
    for name, words in columns.items():
        for word, count in words.items() if name not in left_out else ():
            places.setdefault(word, {})[name] = count
    ordered = sorted(places, key=lambda word: -sum(places[word].values()))
    return first_of([f"{quoted(word)} in {_listed(places[word])}" for word in ordered], _MOST_LISTED, between="; ")


def _listed(places: Mapping[str, int]) -> str:
    return first_of([f"{quoted(name)} ({counted(count, 'value')})" for name, count in places.items()], _MOST_LISTED)
