"""A delivered file as a DuckDB relation of raw cells, whatever its format.

Every cell of a text format is VARCHAR here: nothing is sniffed, `casts` applies the model's own
types. The relation keeps the file's order, and its internal column names are `c0`, `c1`, … so no
name in the file can matter to SQL.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.errors import DataError
from shopfloor.domain.text import safe
from shopfloor.duck.sql import name as quoted
from shopfloor.duck.sql import text
from shopfloor.serving.lines import FIELD_LIMIT, csv_fault, csv_line, json_fault, json_line
from shopfloor.serving.plain import PlainText, make_plain, open_text

if TYPE_CHECKING:
    import duckdb

_DELIMITERS = ",;\t|^~:\x1f\x01 "
_JSON_NAMES = (".jsonl", ".ndjson", ".json")
# Names that hold other formats. Pickles and Arrow IPC must never be opened at all.
_REFUSED = {
    b"ARROW1": "an Arrow IPC file",
    b"FEA1": "a Feather file",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"SQLite": "a SQLite database",
}

Locate = Callable[[int], int]
"""The line in the file where row `n` (from 0) starts."""

Fault = Callable[[], int | None]
"""The first malformed line of the file, where it has one."""


@dataclass(frozen=True)
class RawColumn:
    """One column: its name in the file, its name in SQL, its DuckDB type."""

    name: str
    sql: str
    native: str


@dataclass(frozen=True)
class Source:
    """A file opened for reading. `unit` is what a position counts: `line` or `row`."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    columns: tuple[RawColumn, ...]
    unit: str
    locate: Locate
    fault: Fault

    def rows(self) -> int:
        """How many rows the file has; raises `DataError` where it is malformed."""
        with reading(self.fault):
            found = self.connection.cursor().execute(f"SELECT count(*) FROM {self.relation}").fetchone()
        return int(found[0]) if found else 0


def open_source(path: Path, wanted: Collection[str], workdir: Path) -> Source:
    """Open a CSV (any delimiter), Parquet or JSON-lines file; raises `DataError`.

    `wanted` are the names that the reader hopes for: they tell the delimiter. `workdir` is an
    empty private directory that lives as long as the source; DuckDB may read nothing outside it
    and writes nothing elsewhere.
    """
    start = _start_of(path)
    for magic, what in _REFUSED.items():
        if start.startswith(magic):
            raise DataError(
                f"{safe(path.name, 120)} is {what}.",
                hint="Deliver CSV, Parquet or JSON lines.",
                code="format",
            )
    if start.startswith(b"PAR1"):
        return _open_parquet(path, workdir)
    plain = make_plain(path, workdir)
    if _is_json(path, plain):
        return _open_json(plain, workdir)
    return _open_csv(plain, wanted, workdir)


@contextmanager
def reading(fault: Fault) -> Iterator[None]:
    """Turn DuckDB's errors about a file into `DataError`, without its advice on SQL options."""
    import duckdb

    try:
        yield
    except (
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.IOException,
        duckdb.SerializationException,
    ) as error:
        line = fault()
        where = f" in line {line}" if line else ""
        raise DataError(
            f"The file is malformed{where}: {_first_reason(str(error))}",
            hint="Mend it there: every row needs as many fields as the header, quotes must close."
            if line
            else "Write the file again and check that it is whole.",
            code="malformed",
        ) from error


def _connect(workdir: Path, file: Path, *, ordered: bool = False) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1} if ordered else {})
    for statement in (
        "SET autoinstall_known_extensions=false",
        "SET autoload_known_extensions=false",
        "SET python_enable_replacements=false",
        "SET TimeZone='UTC'",
        "SET memory_limit='1GB'",
        f"SET temp_directory={text(str(workdir / 'spill'))}",
        f"SET allowed_directories=[{text(str(workdir))}]",
        # `workdir` holds only a link, and DuckDB asks about the file behind it.
        f"SET allowed_paths=[{text(str(file))}]",
        "SET enable_external_access=false",
        "SET lock_configuration=true",
    ):
        connection.execute(statement)
    return connection


def _open_parquet(path: Path, workdir: Path) -> Source:
    link = workdir / "rows.parquet"
    link.symlink_to(path.resolve())
    connection = _connect(workdir, link)
    reader = f"read_parquet({text(str(link))})"
    with reading(_nowhere):
        described = connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
    columns = tuple(RawColumn(str(name), quoted(str(name)), str(native)) for name, native, *_ in described)
    return Source(connection, reader, columns, "row", lambda row: row + 1, _nowhere)


def _open_json(plain: PlainText, workdir: Path) -> Source:
    # Two threads of DuckDB 2.0 may put a last line without a line end before all others (measured),
    # and a prediction would belong to another row.
    connection = _connect(workdir, plain.path, ordered=True)
    reader = f"read_json_objects({text(str(plain.path))}, format='auto', compression='{plain.compression}')"
    with reading(lambda: json_fault(plain)):
        stray = connection.execute(f"SELECT count(*) FROM {reader} WHERE json_type(json) <> 'OBJECT'").fetchone()
        names = connection.execute(
            f"SELECT name, min(place) FROM (SELECT unnest(json_keys(json)) AS name, "
            f"row_number() OVER () AS place FROM {reader}) GROUP BY name ORDER BY 2, 1"
        ).fetchall()
    if stray and stray[0]:
        raise DataError(
            f"Line {json_fault(plain)} holds something else than a JSON object.",
            hint='Write one object a line, such as {"a": 1, "b": "x"}.',
            code="malformed",
        )
    columns = tuple(
        RawColumn(str(name), f"json_extract_string(json, {text(_pointer(str(name)))})", "VARCHAR") for name, _ in names
    )
    return Source(
        connection,
        reader,
        columns,
        "line",
        lambda row: json_line(plain, row),
        lambda: json_fault(plain),
    )


def _open_csv(plain: PlainText, wanted: Collection[str], workdir: Path) -> Source:
    delimiter, header = _header(plain, wanted)
    connection = _connect(workdir, plain.path)
    columns = tuple(RawColumn(name, f"c{place}", "VARCHAR") for place, name in enumerate(header))
    kinds = ", ".join(f"'{column.sql}': 'VARCHAR'" for column in columns)
    reader = (
        f"read_csv({text(str(plain.path))}, auto_detect=false, header=true, delim={text(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{kinds}}}, nullstr=[''], strict_mode=true, "
        f"compression='{plain.compression}')"
    )
    return Source(
        connection,
        reader,
        columns,
        "line",
        lambda row: csv_line(plain, delimiter, row),
        lambda: csv_fault(plain, delimiter),
    )


def _header(plain: PlainText, wanted: Collection[str]) -> tuple[str, list[str]]:
    """Delimiter and column names: the delimiter that finds the most wanted names, then the most."""
    with open_text(plain) as lines:
        first = lines.read(FIELD_LIMIT)
    best: tuple[tuple[int, int], str, list[str]] | None = None
    for delimiter in _DELIMITERS:
        try:
            names = next(csv.reader(first.splitlines(keepends=True), delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [name.strip() for name in names]
        merit = (len(set(names) & set(wanted)), len(names))
        if best is None or merit > best[0]:
            best = (merit, delimiter, names)
    if best is None or not any(best[2]):
        raise DataError(
            "The file has no header line.",
            hint="The first line must hold the column names.",
            code="no_header",
        )
    return best[1], best[2]


def _nowhere() -> int | None:
    return None


def _is_json(path: Path, plain: PlainText) -> bool:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    if name.endswith(_JSON_NAMES):
        return True
    if name.endswith((".csv", ".tsv", ".txt")):
        return False
    with open_text(plain) as lines:
        line = lines.readline(FIELD_LIMIT)
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise DataError(
            f"{safe(path, 200)} cannot be read: {error.strerror}.",
            hint="Check the file's name and rights.",
            code="unreadable",
        ) from error


def _first_reason(message: str) -> str:
    """The line of DuckDB's message that says what is wrong, without the row itself."""
    lines = [line.strip() for line in message.splitlines()]
    skip = ("Original Line", "Possible", "*", "file =", "CSV Error on Line", "Invalid Input Error: CSV Error")
    kept = [line for line in lines if line and not line.startswith(skip)]
    telling = [line for line in kept if re.search(r"expected|quote|unicode|size|malformed", line, re.I)]
    reason = (telling or kept or ["it cannot be parsed"])[0]
    # DuckDB's name for the file is ours, not the team's.
    return safe(re.sub(r"(in file )?[\"'][^\"']*/rows\.[a-z0-9]+[\"'],? ?", "", reason), 200)


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
