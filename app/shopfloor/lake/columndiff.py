"""Columns of two versions beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shopfloor.domain.dataset import ColumnChange, ColumnDiff, ColumnFigures, ColumnProfile


def compare_columns(
    left: Sequence[ColumnProfile], right: Sequence[ColumnProfile], changed: Mapping[str, int]
) -> tuple[ColumnDiff, ...]:
    """Every column of either version: those of `right` in their order, then the ones that went."""
    before = {profile.name: profile for profile in left}
    names = [profile.name for profile in right]
    after = {profile.name: profile for profile in right}
    order = [*names, *(profile.name for profile in left if profile.name not in after)]
    return tuple(_compared(name, before.get(name), after.get(name), changed.get(name)) for name in order)


def _compared(name: str, left: ColumnProfile | None, right: ColumnProfile | None, changed: int | None) -> ColumnDiff:
    types = ("" if left is None else left.type, "" if right is None else right.type)
    change = ColumnChange.SAME
    if left is None:
        change = ColumnChange.ADDED
    elif right is None:
        change = ColumnChange.REMOVED
    elif types[0] != types[1]:
        change = ColumnChange.RETYPED
    return ColumnDiff(
        name=name,
        change=change,
        left_type=types[0],
        right_type=types[1],
        changed_rows=changed,
        left=_figures(left),
        right=_figures(right),
    )


def _figures(profile: ColumnProfile | None) -> ColumnFigures | None:
    if profile is None:
        return None
    return ColumnFigures(
        missing=profile.missing,
        distinct=profile.distinct,
        min=profile.min,
        max=profile.max,
        mean=profile.mean,
        median=dict(profile.quantiles).get(0.5),
    )
