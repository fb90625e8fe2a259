"""What exactly is wrong with one file: how many rows, and the first of them in detail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.file import Reason
from shopfloor.domain.reject import MOST, Reject
from shopfloor.domain.text import safe
from shopfloor.formats.evidence import raw_lines, rejected
from shopfloor.formats.locate import filled, lines_of_bytes, places
from shopfloor.formats.plan import Plan
from shopfloor.formats.query import count_bad, first_bad
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.encodings import not_utf8
from shopfloor.formats.reasons.headers import header_repeated
from shopfloor.formats.reasons.rows import bad_quote, line_too_long, ragged_row
from shopfloor.formats.reasons.values import bad_value
from shopfloor.formats.repeated_header import ends_in_header, repeated
from shopfloor.formats.shape import REJECTS, forget_rejects

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = MOST
HEADER = "header_repeated"


@dataclass(frozen=True)
class Diagnosis:
    """`records` in the file, `bad` ones among them, and the first `SHOWN` by position.

    `header` says that the header stands again among the rows. `left_out` are the numbers, from 0, of rows with a bad
    value among those that fit the header; None when they are too many to be listed.
    """

    records: int
    bad: int
    rejects: tuple[Reject, ...]
    left_out: tuple[int, ...] | None = None
    header: Reason | None = None

    def within(self, budget: float) -> bool:
        """True when the share of bad rows may be left out."""
        return self.bad <= budget * self.records and self.bad < self.records


def diagnose(connection: DuckDBPyConnection, plan: Plan, path: str) -> Diagnosis:
    """Read the file once more and count what is wrong, in structure and in values.

    Raises duckdb.Error for a file whose structure cannot be read at all.
    """
    try:
        fit, bad = connection.execute(count_bad(plan, [path])).fetchall()[0]
        ragged, count = _structural(connection, plan, path)
    finally:
        forget_rejects(connection)
    found, rows = _values(connection, plan, path) if bad else ([], [])
    found += ragged
    found.sort(key=lambda entry: entry[0])
    return Diagnosis(
        records=fit + count,
        bad=bad + count,
        rejects=tuple(r for _, r in found[:SHOWN]),
        left_out=tuple(rows) if len(rows) == bad else None,
        header=_header(connection, plan, path, ragged),
    )


def _header(connection: DuckDBPyConnection, plan: Plan, path: str, ragged: list[tuple[int, Reject]]) -> Reason | None:
    """The header that stands again, as a row of its own or behind a row without a line end."""
    rows = repeated(connection, Path(path), plan.shape)
    found = [] if rows is None else list(places(Path(path), plan.shape, rows.rows).values())
    found += [Place(line=reject.line) for _, reject in ragged if reject.code == HEADER]
    if not found:
        return None
    return header_repeated(min(found, key=lambda place: place.line or place.row or 0), len(found))


def _values(connection: DuckDBPyConnection, plan: Plan, path: str) -> tuple[list[tuple[int, Reject]], list[int]]:
    """Bad values as (line or row, reject), and the numbers of their rows."""
    try:
        rows = connection.execute(first_bad(plan, [path], SHOWN)).fetchall()
    finally:
        forget_rejects(connection)
    where = places(Path(path), plan.shape, [row for row, _, _ in rows])
    numbers = (place.line for place in where.values())
    lines = raw_lines(Path(path), numbers, plan.shape.skip) if plan.shape.format.by_line else {}
    found = []
    for row, position, value in rows:
        column = plan.contract.columns[position]
        place = where[row]
        reason = bad_value(place, column.name, column.type, value, plan.shape.governed(column).format)
        found.append((place.line or row, rejected(reason, place, value, lines.get(place.line or 0, ""))))
    return found, sorted(row for row, _, _ in rows)


def _structural(connection: DuckDBPyConnection, plan: Plan, path: str) -> tuple[list[tuple[int, Reject]], int]:
    """Lines that do not fit the header as (line, reject), and how many rows they are.

    DuckDB lists several errors for one line.
    """
    known = connection.execute(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{REJECTS}'").fetchall()[0][0]
    if not known:
        return [], 0
    count = connection.execute(f"SELECT count(DISTINCT line_byte_position) FROM {REJECTS}").fetchall()[0][0]
    rows = connection.execute(
        "SELECT DISTINCT ON (line_byte_position) line_byte_position, error_type, error_message, "
        f"column_name FROM {REJECTS} ORDER BY line_byte_position LIMIT {SHOWN}"
    ).fetchall()
    starts = filled(Path(path), (max(0, offset - 1) for offset, *_ in rows))
    lines = lines_of_bytes(Path(path), starts.values())
    raw = raw_lines(Path(path), lines.values())
    found = []
    for offset, kind, message, column in rows:
        at = lines[starts[max(0, offset - 1)]]
        line = plan.shape.skip + at
        reason = _reason(plan, line, kind, message, column)
        if ends_in_header(raw.get(at, ""), plan.shape):
            reason = header_repeated(Place(line=line))
        found.append((line, rejected(reason, Place(line=line), None, raw.get(at, ""))))
    return found, count


def _reason(plan: Plan, line: int, kind: str, message: Any, column: str | None) -> Reason:
    width = plan.shape.width
    if kind == "INVALID ENCODING":
        return not_utf8(line)
    if kind in {"UNQUOTED VALUE", "INVALID STATE"}:
        return bad_quote(line, _name(plan, column))
    if kind == "LINE SIZE OVER MAXIMUM":
        return line_too_long(line)
    found = str(message).rsplit("Found:", 1)
    number = found[1].strip() if len(found) == 2 else ""
    return ragged_row(line, width, int(number) if number.isdecimal() else None)


def _name(plan: Plan, column: str | None) -> str | None:
    """The delivered name behind the query's c3."""
    digits = (column or "").removeprefix("c")
    if digits.isdecimal() and int(digits) < len(plan.shape.names):
        return safe(plan.shape.names[int(digits)], 60)
    return None
