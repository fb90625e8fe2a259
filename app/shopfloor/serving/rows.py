"""Rows of a request, checked against the schema of one model, with exact errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from shopfloor.domain.column_names import ColumnNames, collision
from shopfloor.domain.columns import Column
from shopfloor.domain.errors import DataError
from shopfloor.domain.moments import InvalidValue
from shopfloor.domain.names import nearest
from shopfloor.domain.text import safe
from shopfloor.formats.values import ReadValue, reader_of, wanted, written
from shopfloor.serving.association_ids import id_fields, label_reader

_ID_LIMIT = 512
_ID = f"a text of at most {_ID_LIMIT} characters or a number"
_NAME = 200  # characters of a field's name in an answer
_SHAPES = 256  # remembered sets of field names


class RowError(DataError):
    """A row that cannot be used. `row` counts from 0 within the request."""

    default_code = "wrong_type"

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.row = row
        self.column = column


class InputRow(NamedTuple):
    """One usable row: `id` is None where the request named none; `values` holds every input."""

    id: str | None
    values: dict[str, Any]


class Checked(NamedTuple):
    """All rows of a request. `ignored` and `absent` name fields that are no inputs, and inputs that
    some row left out (they count as missing)."""

    rows: list[InputRow]
    ignored: tuple[str, ...]
    absent: tuple[str, ...]


class FieldNames(NamedTuple):
    """What one set of field names means for a model; `spelled` are those that it spells otherwise, and how."""

    ignored: tuple[str, ...]
    absent: tuple[str, ...]
    spelled: Mapping[str, str]


_SEND_IT = "Send it; null where the value is unknown."


class RowReader:
    """Checks rows for one model. `id_column` may carry the association id, as may `association_id`
    where no input has that name. Inputs that never were missing in training must be there; optional ones
    may be left out, and others too unless a field that is there, and is none of `roles` (the model's
    target, id, time and keys), looks like a misspelling of one. `missing` are words that mean no value.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        keys: Sequence[str],
        id_column: str | None,
        roles: Collection[str] = (),
        missing: Collection[str] = (),
        labels: Sequence[Column] = (),
    ) -> None:
        names = {column.name for column in columns}
        pinned = {column.name: column for column in labels}
        self._checks: list[tuple[str, str, ReadValue]] = [
            (column.name, wanted(column), reader_of(column, missing)) for column in columns
        ]
        self._checks += [
            (name, _what(pinned.get(name), "a text or a number"), label_reader(pinned.get(name), missing))
            for name in keys
            if name not in names
        ]
        self._names = [name for name, _, _ in self._checks]
        self._required = frozenset(
            [*keys, *(column.name for column in columns if not column.nullable)],
        )
        self._optional = frozenset(column.name for column in columns if column.optional)
        self._roles = roles
        of_id = pinned.get(id_column or "")
        self._ids: dict[str, tuple[str, ReadValue]] = {
            name: (_what(of_id, _ID), label_reader(of_id, missing, mixed=name != id_column))
            for name in id_fields(id_column, names)
        }
        self._shapes: dict[tuple[str, ...], FieldNames] = {}

    def read(self, rows: Sequence[Any]) -> Checked:
        """Check all rows; raises `RowError` naming the first row and field that cannot be used."""
        found: list[InputRow] = []
        ignored: dict[str, None] = {}
        absent: dict[str, None] = {}
        for place, row in enumerate(rows):
            if type(row) is not dict:
                raise RowError(
                    f"Row {place} is {_kind(row)}, not an object.",
                    hint='Write each row as {"column": value, …}.',
                    code="not_an_object",
                    row=place,
                )
            shape = self._shape(row, place)
            if shape.spelled:
                row = {shape.spelled.get(name, name): value for name, value in row.items()}
            if shape.ignored:
                ignored.update(dict.fromkeys(shape.ignored))
            if shape.absent:
                absent.update(dict.fromkeys(shape.absent))
            found.append(InputRow(self._id(row, place), self._values(row, place)))
        # A caller's own name comes back to him, but not megabytes of it.
        return Checked(found, tuple(name[:_NAME] for name in ignored), tuple(absent))

    def _values(self, row: Mapping[str, Any], place: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, what, read in self._checks:
            value = row.get(name)
            if value is not None:
                try:
                    value = read(value)
                except InvalidValue as invalid:
                    raise _wrong_type(name, value, what, place, invalid.reason) from None
            values[name] = value
        return values

    def _id(self, row: Mapping[str, Any], place: int) -> str | None:
        for name, (what, read) in self._ids.items():
            value = row.get(name)
            if value is None:
                continue
            try:
                text = read(value)
            except InvalidValue as invalid:
                raise _wrong_type(name, value, what, place, invalid.reason) from None
            if type(text) is str:
                if len(text) > _ID_LIMIT:
                    raise _wrong_type(name, value, _ID, place)
                return text
        return None

    def _shape(self, row: Mapping[str, Any], place: int) -> FieldNames:
        fields = tuple(row)
        shape = self._shapes.get(fields)
        if shape is None:
            shape = self._new_shape(row, place)
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            self._shapes[fields] = shape
        return shape

    def _new_shape(self, row: Mapping[str, Any], place: int) -> FieldNames:
        known = {*self._names, *self._ids}
        spelled = self._spelled(row, place, known)
        fields = {spelled.get(name, name) for name in row}
        ignored = tuple(name for name in row if name not in known and name not in spelled)
        absent = tuple(name for name in self._names if name not in fields)
        for name in absent:
            if name in self._optional:
                continue
            guess = nearest(name, ignored, self._roles)
            if name in self._required or guess:
                raise RowError(
                    f"Row {place} has no field '{safe(name, 80)}'.",
                    hint=f"Is '{safe(guess, 80)}' a misspelling of it? If not, send both." if guess else _SEND_IT,
                    code="missing_column",
                    row=place,
                    column=name,
                )
        return FieldNames(ignored, absent, spelled)

    def _spelled(self, row: Mapping[str, Any], place: int, known: Collection[str]) -> dict[str, str]:
        """Fields whose names differ from an input's only in case, with the input's name."""
        names = ColumnNames(known)
        same = collision(name for name in row if name in names)
        if same:
            raise RowError(
                f"Row {place}: '{safe(same[0], 80)}' and '{safe(same[1], 80)}' differ only in case.",
                hint="Send one of them.",
                code="case_collision",
                row=place,
                column=same[0],
            )
        return {name: names.spelled(name) for name in row if name not in known and name in names}


def _what(pinned: Column | None, otherwise: str) -> str:
    return otherwise if pinned is None else wanted(pinned)


def _kind(value: Any) -> str:
    return {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}.get(
        type(value), "a number"
    )


def _wrong_type(name: str, value: Any, what: str, place: int, why: str = "") -> RowError:
    shown = f" ({safe(written(value), 60)})" if isinstance(value, str | int | float) and value != "" else ""
    reason = f": {why}" if why else ""
    return RowError(
        f"Row {place}, field '{safe(name, 80)}': {_kind(value)}{shown} is not {what}{reason}.",
        hint="Send the type of the model's schema (GET /v1/models/NAME), or null where the value is unknown.",
        row=place,
        column=name,
    )
