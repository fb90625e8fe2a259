"""Lines of JSON, one object a row: a format of its own, and what workbooks are written as before they are read."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection
from pathlib import Path

from shopfloor.domain.file import Reason
from shopfloor.duck.sql import name, text
from shopfloor.formats.file_format import FileFormat, PreparedFile, Source
from shopfloor.formats.json_fault import line_fault
from shopfloor.formats.reasons.json import json_malformed, json_shape
from shopfloor.formats.shape import JSON, Shape, check_names
from shopfloor.formats.values import written


class JsonLinesFormat(FileFormat):
    """A format whose prepared files are JSON, one object a line; blank lines keep the others at their numbers."""

    form = "newline_delimited"

    @abstractmethod
    def open(self, source: Source) -> PreparedFile: ...

    def shape(self, names: tuple[str, ...]) -> Shape:
        """The shape of objects with the keys `names`. Raises `BadFile` for bad names."""
        check_names(names)
        return Shape(format=self, names=names, raw=(JSON,) * len(names))

    def scan(self, shape: Shape, files: str, *, rejects: bool) -> str:
        columns = ", ".join(f"{text(column)}: 'JSON'" for column in shape.own)
        return (
            f"read_json({files}, format = '{self.form}', records = 'true', compression = 'none', "
            f"columns = {{{columns}}})"
        )

    def columns(self, shape: Shape) -> str:
        return ", ".join(
            f"{name(column)} ->> '$' AS c{i}, {name(column)} AS j{i}" for i, column in enumerate(shape.own)
        )

    def lines(self, path: Path, shape: Shape, rows: Collection[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        last, row = max(rows), 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                if row in rows:
                    found[row] = number
                if row >= last:
                    break
                row += 1
        return found

    def cells(self, line: str, shape: Shape) -> list[str] | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        values = (row.get(column) for column in shape.own)
        return ["" if value is None else written(value).strip() for value in values]

    def reason(self, message: str, path: Path) -> Reason:
        if "maximum_object_size" in message:
            return json_shape("an object is larger than 16 MB")
        if "duplicate key" in message:
            return json_shape("an object has the same key twice")
        if "recursion depth" in message:
            return json_shape("it is nested more than 128 levels deep")
        if "Expected OBJECT" in message:
            return json_shape("not every entry is an object")
        return json_malformed(*self.malformed(path))

    def malformed(self, path: Path) -> tuple[int | None, str]:
        """The first line that is no JSON, and why."""
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and (why := line_fault(line)):
                    return number, why
        return None, "it holds a value that cannot be read"
