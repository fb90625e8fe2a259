"""What a person can do about a file that is not in, as data: who states a reason does not know the file's id."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from enum import StrEnum

from shopfloor.domain.record import Record

_TEXT_LISTS = {"missing", "rename"}


class FileVerb(StrEnum):
    """A command about a file, as the CLI writes it."""

    ACCEPT = "accept"
    ACCEPT_TYPES = "accept --types"
    DISCARD = "discard"
    REJECTS = "rejects"
    RETRY = "retry"


class Remedy(Record, frozen=True, kw_only=True):
    """One piece of advice: when it helps, the command that does it, and a note about the command.

    `settings` are those of the parser with which a file is retried, as (name, value); a dataset keeps them
    under [parser]. With `keep` the command keeps them there. Without a command, `text` is the advice.
    """

    text: str
    verb: FileVerb | None = None
    settings: tuple[tuple[str, str], ...] = ()
    keep: bool = False
    note: str = ""

    def for_file(self, id: str) -> str:
        """The advice about a file in the ledger, with the command as it can be copied."""
        if self.verb is None:
            return self.text
        options = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in self.settings]
        words = ["shopfloor file", self.verb, id, *options, *["--keep"] * self.keep, *[self.note] * bool(self.note)]
        return f"{self.text}: {' '.join(words)}"

    def for_dataset(self, dataset: str) -> str:
        """The advice about a file that a person named: it has no id, so its dataset's settings are the way."""
        if self.verb is None:
            return self.text
        names = dict.fromkeys(name for name, _ in self.settings)
        written = ", ".join(
            f"{name} = {_toml(name, [value for own, value in self.settings if own == name])}" for name in names
        )
        return f"{self.text}: {written} under [parser] in datasets/{dataset}.toml" if written else ""


def _toml(name: str, values: Sequence[str]) -> str:
    if name in _TEXT_LISTS:
        return json.dumps(list(values), ensure_ascii=False)
    return values[0] if name == "skip_lines" else json.dumps(values[0], ensure_ascii=False)


def advice(hint: str, remedies: Iterable[str]) -> str:
    """A hint and what else helps as one text. It ends in a command without a full stop, so that it can be copied."""
    parts = [one.rstrip(". ") for one in remedies if one]
    return " ".join(filter(None, (hint, ". ".join(parts))))
