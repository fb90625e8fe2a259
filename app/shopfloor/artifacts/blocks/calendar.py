"""Dates and times: parts of the calendar, and days elapsed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.blocks.block import Block, Style, chunks
from shopfloor.artifacts.blocks.number import Scale
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import NO_TIME, Floats, Table
from shopfloor.artifacts.values import NAN, moment_of

DAY = 86_400_000_000
_MINUTE = 60_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (moments are UTC without a zone inside a model)

PARTS: dict[str, tuple[int, int, float]] = {
    # name: values in a cycle, harmonics for linear models, days of a cycle
    "minute": (1440, 3, 1.0),
    "weekday": (7, 3, 7.0),
    "day": (31, 1, 30.44),
    "month": (12, 2, 365.25),
}
_CYCLES_SEEN = 1.5


@stored("calendar", "feature", "parts", "tables")
class Calendar(Block):
    """Calendar parts of a moment: numbers for trees, sines and cosines for linear models (`tables`, one a part,
    which are stored: another machine's sine may differ in its last bit)."""

    kind = "date"

    def __init__(self, feature: str, parts: list[str], tables: list[Floats]) -> None:
        self.parts = parts
        self.tables = tables
        names = [f"{feature} {part}" for part in parts]
        if self.tables:
            names = [
                f"{name} wave {column}"
                for name, table in zip(names, self.tables, strict=True)
                for column in range(table.shape[1])
            ]
        super().__init__(feature, names)

    def fill(self, table: Table, out: Floats) -> None:
        micros = table.moments(self.feature).micros
        for rows in chunks(table.rows):
            self._fill(micros[rows], out[rows])

    def _fill(self, micros: NDArray[np.int64], out: Floats) -> None:
        missing = micros == NO_TIME
        present = np.where(missing, 0, micros)
        if not self.tables:
            for place, part in enumerate(self.parts):
                out[:, place] = np.where(missing, NAN, part_values(present, part))
            return
        place = 0
        for part, waves in zip(self.parts, self.tables, strict=True):
            values = np.where(missing, len(waves), part_values(present, part))
            for wave in waves.T:
                out[:, place] = np.append(wave, 0.0)[values]
                place += 1

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        micros = moment_of(values.get(self.feature), self.feature)
        if micros is None:
            out += [0.0 if self.tables else NAN] * self.width
            return
        if not self.tables:
            out += [float(one_part(micros, part)) for part in self.parts]
            return
        for part, waves in zip(self.parts, self.tables, strict=True):
            out += waves[one_part(micros, part)].tolist()


@stored("elapsed", "feature", "since", "scale", "indicator")
class Elapsed(Block):
    """Days from 1970, or days back from another moment of the same row (`since`).

    `scale` and `indicator` (of missing moments) are for linear models.
    """

    kind = "date"

    def __init__(self, feature: str, since: str | None, scale: Scale | None = None, indicator: bool = False) -> None:
        name = f"{feature} days" if since is None else f"{feature} days before {since}"
        super().__init__(feature, [name, f"{feature} missing"] if indicator else [name])
        self.since = since
        self.scale = scale
        self.indicator = indicator

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.feature,) if self.since is None else (self.feature, self.since)

    def days(self, table: Table) -> Floats:
        """The plain number of days, NaN where a moment is missing."""
        moments = table.moments(self.feature)
        days = _days(moments.micros)
        if self.since is None:
            return days
        other = table.moments(self.since)
        return _days(other.micros) - days

    def fill(self, table: Table, out: Floats) -> None:
        read = table.select(self.inputs)
        for rows in chunks(table.rows):
            days = self.days(read.take(rows))
            out[rows, 0] = days if self.scale is None else self.scale.column(days)
            if self.indicator:
                out[rows, 1] = np.isnan(days)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        days = _day(moment_of(values.get(self.feature), self.feature))
        if self.since is not None:
            days = _day(moment_of(values.get(self.since), self.since)) - days
        out.append(days if self.scale is None else self.scale.one(days))
        if self.indicator:
            out.append(1.0 if days != days else 0.0)


def date_blocks(feature: str, table: Table, style: Style, order: str | None) -> list[Block]:
    """The blocks for a date or time column; none when it never varies.

    A part is used once the training rows span its cycle one and a half times: before that, a
    month is only another name for "later". Days elapsed are left out for the column that orders
    the rows (`order`), because everything to be predicted lies beyond what was seen; other dates
    also count their days back from it.
    """
    moments = table.moments(feature)
    present = moments.micros[moments.micros != NO_TIME]
    if not len(present) or bool((present == present[0]).all()):
        return []
    parts = usable_parts(present)
    tables = [_waves(part) for part in parts] if style == "dense" else []
    blocks: list[Block] = [Calendar(feature, parts, tables)] if parts else []
    if feature != order:
        blocks += _elapsed(feature, table, style, order)
    return blocks


def usable_parts(present: NDArray[np.int64]) -> list[str]:
    """Calendar parts that vary and whose cycle the moments span often enough."""
    low, high = np.quantile(present, (0.01, 0.99))
    span = float(high - low) / DAY
    return [
        part
        for part, (_, _, days) in PARTS.items()
        if span >= _CYCLES_SEEN * days and len(np.unique(part_values(present, part))) > 1
    ]


def part_values(micros: NDArray[np.int64], part: str) -> NDArray[np.int64]:
    """One calendar part of many moments, from 0."""
    if part == "minute":
        return _modulo(micros // _MINUTE, 1440)
    if part == "weekday":  # 1970-01-01 was a Thursday; Monday is 0
        return _modulo(micros // DAY + 3, 7)
    days = micros.view("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    if part == "month":
        return _modulo(months.astype(np.int64), 12)
    of_month: NDArray[np.int64] = (days - months.astype("datetime64[D]")).astype(np.int64)
    return of_month


def _modulo(values: NDArray[np.int64], cycle: int) -> NDArray[np.int64]:
    """`values % cycle`, three times as fast: numpy divides by a constant with vector instructions, its `%` does not."""
    return values - values // cycle * cycle


def one_part(micros: int, part: str) -> int:
    """One calendar part of one moment, from 0."""
    if part == "minute":
        return (micros // _MINUTE) % 1440
    if part == "weekday":
        return (micros // DAY + 3) % 7
    moment = _EPOCH + timedelta(microseconds=micros)
    return moment.month - 1 if part == "month" else moment.day - 1


def _elapsed(feature: str, table: Table, style: Style, order: str | None) -> list[Block]:
    found: list[Block] = []
    for since in (None, order):
        if since is None and found:
            continue
        block = Elapsed(feature, since)
        days = block.days(table)
        present = days[~np.isnan(days)]
        if not len(present) or bool((present == present[0]).all()):
            continue
        if style == "dense":
            block = Elapsed(feature, since, Scale.fit(days, bends=False), bool(np.isnan(days).any()))
        found.append(block)
    return found


def _waves(part: str) -> Floats:
    cycle, harmonics, _ = PARTS[part]
    angle = 2.0 * np.pi * np.arange(cycle) / cycle
    return np.column_stack([wave(k * angle) for k in range(1, harmonics + 1) for wave in (np.sin, np.cos)])


def _days(micros: NDArray[np.int64]) -> Floats:
    days: Floats = micros.astype(np.float64) / float(DAY)
    return np.where(micros == NO_TIME, NAN, days)


def _day(micros: int | None) -> float:
    return NAN if micros is None else float(micros) / float(DAY)
