"""One measured figure beside its floor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value in `unit`, the floor measured in the same run, and the limit it should keep.

    `limit` is said in words, because some limits are ratios and some are sums.
    """

    name: str
    value: float
    unit: str
    floor: float | None
    limit: str
    kept: bool

    @property
    def ratio(self) -> float | None:
        """Value over floor; None without a floor."""
        return self.value / self.floor if self.floor else None


def table(figures: Iterable[Figure]) -> str:
    """The figures as aligned text."""
    rows = [("figure", "value", "floor", "ratio", "limit", "")]
    for figure in figures:
        floor = "" if figure.floor is None else f"{figure.floor:.3f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        rows.append(
            (
                figure.name,
                f"{figure.value:.3f} {figure.unit}",
                floor,
                ratio,
                figure.limit,
                "ok" if figure.kept else "MISSED",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
