"""What changed between two versions of a dataset, on screen."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.dataset import ColumnChange, ColumnDiff, ColumnFigures, RowChange, RowDiff, VersionDiff, in_order
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted
from shopfloor.tui.views import words
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair

_SIGNS = {"added": ("+", "ok"), "removed": ("-", "fail"), "changed": ("~", "warn")}
_TONES = {ColumnChange.ADDED: "ok", ColumnChange.REMOVED: "fail", ColumnChange.RETYPED: "warn"}


def sections(diff: VersionDiff) -> list[Section]:
    """Counts, examples of rows, and the columns in which something moved."""
    title = f"{diff.dataset}@{diff.left} → @{diff.right}"
    found = [Section("diff", title, _counts(diff), note="esc closes")]
    if diff.row_diff is not None and diff.row_diff.examples:
        order = [column.name for column in diff.columns]
        note = "examples; all: shopfloor dataset diff … --limit N" if diff.row_diff.truncated else ""
        found.append(Section("rows", "Rows", [_row(each, order) for each in diff.row_diff.examples], note=note))
    moved = [line for line in map(_column, diff.columns) if line is not None]
    if moved:
        same = len(diff.columns) - len(moved)
        note = f"{counted(same, 'column')} with the same figures" if same else ""
        found.append(Section("columns", "Columns", moved, note=note))
    return found


def _counts(diff: VersionDiff) -> list[Pair]:
    rows = diff.row_diff
    pairs = [Pair("rows", f"{words.count(diff.rows_left)} → {words.count(diff.rows_right)}")]
    if rows is None:
        return [*pairs, Pair("added", words.count(diff.added_rows)), Pair("removed", words.count(diff.removed_rows))]
    pairs += [Pair("added", words.count(rows.added)), Pair("removed", words.count(rows.removed))]
    return [*pairs, *_paired(rows), Pair("unchanged", words.count(rows.unchanged))]


def _paired(rows: RowDiff) -> list[Pair]:
    if rows.key:
        return [Pair("changed", f"{words.count(rows.changed)}  by {', '.join(rows.key)}")]
    return [Pair("compared", "as whole rows: the contract names no key")]


def _row(row: RowChange, order: Sequence[str]) -> Pair:
    sign, tone = _SIGNS.get(row.change, ("?", ""))
    label = " ".join([sign, *(f"{name}={_value(value)}" for name, value in row.key.items())])
    shown = in_order(row.old or row.new, order)
    if row.change == "changed":
        parts = [f"{name}: {_value(old)} → {_value(row.new.get(name))}" for name, old in shown]
    else:
        parts = [f"{name}={_value(value)}" for name, value in shown]
    if row.copies > 1:
        parts.append(f"({count(row.copies)} times)")
    return Pair(label, "  ".join(parts), tone)


def _value(value: str | None) -> str:
    return words.NONE if value is None else value


def _column(column: ColumnDiff) -> Pair | None:
    """One line for a column that came, went, changed its type or holds something else."""
    if column.change is ColumnChange.SAME and column.left == column.right and not column.changed_rows:
        return None
    parts = [_arrow("", column.left_type, column.right_type)]
    if column.changed_rows:
        parts.append(f"{counted(column.changed_rows, 'row')} changed")
    left, right = (_figures(side) for side in (column.left, column.right))
    parts += [_arrow(name, left[name], right[name]) for name in left if left[name] != right[name]]
    return Pair(column.name, "  ".join(parts), _TONES.get(column.change, ""))


def _figures(side: ColumnFigures | None) -> dict[str, str]:
    if side is None:
        return dict.fromkeys(("missing", "distinct", "mean", "min", "max"), words.NONE)
    return {
        "missing": words.count(side.missing),
        "distinct": words.count(side.distinct),
        "mean": words.said(side.mean),
        "min": _value(side.min),
        "max": _value(side.max),
    }


def _arrow(name: str, left: str, right: str) -> str:
    left, right = left or words.NONE, right or words.NONE
    shown = left if left == right else f"{left} → {right}"
    return f"{name} {shown}".strip()
