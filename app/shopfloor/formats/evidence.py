"""Wrong rows as rejects: their line in the delivered file, the raw value and the raw line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopfloor.domain.file import Reason
from shopfloor.domain.reject import Reject
from shopfloor.domain.text import safe
from shopfloor.formats.locate import places
from shopfloor.formats.plan import Plan
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.values import broken_condition, broken_rule, missing_value
from shopfloor.formats.shape import TEXT

if TYPE_CHECKING:
    from shopfloor.intake.contract.checks import RuleCheck

VALUE, RECORD = 200, 1000  # characters kept of a value and of a line
_FAR = 3_000_000  # rows beyond are given by number: finding their line would take longer than reading them
_LINE = 1 << 16


class Wrong(NamedTuple):
    """A row that breaks a check: its number from 0 (-1: unknown), typed value, row as JSON, and rid."""

    row: int
    value: str | None
    record: str | None
    rid: int = -1


def describe(plan: Plan, path: Path, found: Sequence[tuple[RuleCheck, Wrong]]) -> list[Reject]:
    """A reject for each wrong row of one file."""
    where = places(path, plan.shape, {one.row for _, one in found if 0 <= one.row < _FAR})
    lines = (
        raw_lines(path, (place.line for place in where.values()), plan.shape.skip) if plan.shape.format.by_line else {}
    )
    rejects = []
    for check, one in found:
        place = where.get(one.row, Place(row=one.row + 1 if one.row >= 0 else None))
        line = lines.get(place.line or 0, "")
        rejects.append(_reject(plan, check, place, one, line))
    return rejects


def _reject(plan: Plan, check: RuleCheck, place: Place, one: Wrong, line: str) -> Reject:
    record = line or one.record or ""
    if check.position is None:
        reason = broken_condition(place, check.words)
        return rejected(reason, place, None, record)
    column = plan.contract.columns[check.position].name
    raw = _raw_value(plan, check.position, line)
    if one.value is None:
        return rejected(missing_value(place, column, check.why), place, raw, record)
    value = one.value if raw is None else raw
    return rejected(broken_rule(place, column, value, check.words), place, value, record)


def rejected(reason: Reason, place: Place, value: str | None, record: str) -> Reject:
    """A reason about one row as a reject: printable and cut."""
    return Reject(
        code=reason.code,
        message=reason.message,
        line=reason.line,
        row=place.row,
        column=reason.column,
        value=None if value is None else safe(value, VALUE),
        record=safe(record, RECORD),
    )


def _raw_value(plan: Plan, position: int, line: str) -> str | None:
    """The value as written in a line of text; None where that is not known."""
    source, shape = plan.sources[position], plan.shape
    if not line or source is None or source >= shape.width or shape.raw[source] != TEXT:
        return None
    cells = shape.format.cells(line, shape)
    return cells[source] if cells is not None else None


def raw_lines(path: Path, numbers: Iterable[int | None], skip: int = 0) -> dict[int, str]:
    """The text of physical lines, cut to what is kept of them; the first `skip` are not in the file at `path`."""
    wanted = {number for number in numbers if number is not None}
    found: dict[int, str] = {}
    last = max(wanted, default=0)
    with path.open("rb") as file:
        number = 1 + skip
        while number <= last and (piece := file.readline(_LINE)):
            head = piece
            while piece and not piece.endswith(b"\n"):
                piece = file.readline(_LINE)
            if number in wanted:
                found[number] = head.rstrip(b"\r\n").decode("utf-8", "replace").removeprefix("\ufeff")
            number += 1
    return found
