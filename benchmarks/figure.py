"""One measured figure beside its floor."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value in `unit`, the floor measured in the same run, and the limit of their ratio.

    There are no limits in seconds or bytes: those are of a machine, not of the code.
    """

    name: str
    value: float
    unit: str
    floor: float
    at_most: float = math.inf
    at_least: float = 0.0

    @property
    def ratio(self) -> float:
        """Value over floor."""
        return self.value / self.floor

    @property
    def kept(self) -> bool:
        """Whether the ratio is within its limit."""
        return self.at_least <= self.ratio <= self.at_most

    @property
    def limit(self) -> str:
        """The limit in words."""
        return f"≥ {self.at_least:g} ×" if self.at_least else f"≤ {self.at_most:g} ×"


def table(figures: Iterable[Figure], limits: bool = True) -> str:
    """The figures as aligned text; with `limits` also what the ratio is held to."""
    rows = [["figure", "value", "floor", "ratio", *(["limit", ""] if limits else [])]]
    for figure in figures:
        row = [figure.name, f"{figure.value:.4g} {figure.unit}", f"{figure.floor:.4g}", f"{figure.ratio:.2f}"]
        rows.append([*row, figure.limit, "ok" if figure.kept else "MISSED"] if limits else row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def seconds(work: Callable[[], object]) -> float:
    """Seconds by the clock."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process: the same on a busy machine."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
