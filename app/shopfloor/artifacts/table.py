"""A frame taken apart into plain arrays, once, so that several encoders can share the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.values import boolean_of, moment_of, number_of, text_of, wrong_type
from shopfloor.domain.columns import Column, ColumnType

NO_TIME = np.iinfo(np.int64).min
"""A missing moment in a `Timestamps` array."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Categorical:
    """A text column: `codes` index `levels`, -1 is missing. Levels may be unused after a take."""

    codes: NDArray[np.intp]
    levels: list[str]

    def take(self, rows: NDArray[Any] | slice) -> Categorical:
        """The column at `rows` (positions or a mask), with the same levels."""
        return Categorical(self.codes[rows], self.levels)

    def compact(self) -> Categorical:
        """The same column with only the levels that occur, in order of their first code."""
        used, codes = np.unique(self.codes, return_inverse=True)
        present = used[used >= 0]
        shift = len(used) - len(present)
        return Categorical((codes - shift).astype(np.intp), [self.levels[code] for code in present])

    def spread(self, values: Floats, missing: float) -> Floats:
        """One number a row from one number a level."""
        return np.append(values, missing)[self.codes]


@dataclass(frozen=True)
class Timestamps:
    """A date or time column: microseconds since 1970 in UTC, `NO_TIME` is missing."""

    micros: NDArray[np.int64]

    def take(self, rows: NDArray[Any] | slice) -> Timestamps:
        """The column at `rows` (positions or a mask)."""
        return Timestamps(self.micros[rows])


Values = Floats | Categorical | Timestamps


@dataclass(frozen=True)
class Table:
    """Columns of equal length: floats (NaN is missing), factors and moments."""

    rows: int
    columns: dict[str, Values]

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """The rows at positions (or mask) `rows`, in that order."""
        columns: dict[str, Values] = {
            name: values[rows] if isinstance(values, np.ndarray) else values.take(rows)
            for name, values in self.columns.items()
        }
        return Table(_length(columns, rows, self.rows), columns)

    def compact(self) -> Table:
        """The same rows without unused levels, which makes a small part of a table small."""
        return Table(
            self.rows,
            {name: one.compact() if isinstance(one, Categorical) else one for name, one in self.columns.items()},
        )

    def select(self, names: Iterable[str]) -> Table:
        """The columns called `names`, those that there are."""
        return Table(self.rows, {name: self.columns[name] for name in names if name in self.columns})

    def numbers(self, name: str) -> Floats:
        """A numeric or boolean column; all missing where the table has none of the name."""
        found = self.columns.get(name)
        return found if isinstance(found, np.ndarray) else np.full(self.rows, np.nan)

    def factor(self, name: str) -> Categorical:
        """A text column; all missing where the table has none of the name."""
        found = self.columns.get(name)
        if isinstance(found, Categorical):
            return found
        return Categorical(np.full(self.rows, -1, dtype=np.intp), [])

    def moments(self, name: str) -> Timestamps:
        """A date or time column; all missing where the table has none of the name."""
        found = self.columns.get(name)
        if isinstance(found, Timestamps):
            return found
        return Timestamps(np.full(self.rows, NO_TIME, dtype=np.int64))


def parse(frame: pd.DataFrame, columns: Iterable[Column]) -> Table:
    """The given columns of `frame`, those that it has. Raises `DataError` for a wrong value."""
    parsed = {
        column.name: parse_column(frame[column.name], column) for column in columns if column.name in frame.columns
    }
    return Table(len(frame), parsed)


def parse_column(series: pd.Series[Any], column: Column) -> Values:
    """One column by its pinned type; the fast ways need the dtype that the lake delivers."""
    if column.type.numeric:
        return _numbers(series, column.name)
    if column.type is ColumnType.BOOLEAN:
        return _booleans(series, column.name)
    if column.type.temporal:
        return _moments(series, column.name)
    return _factor(series, column.name)


def infer_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Columns with types by dtype, for frames that come without a contract."""
    return tuple(map(infer_column, map(frame.__getitem__, frame.columns)))


def infer_column(series: pd.Series[Any]) -> Column:
    """A column with the type that its dtype shows."""
    return Column(name=str(series.name), type=_type_of(series))


def _length(columns: dict[str, Values], rows: NDArray[Any] | slice, before: int) -> int:
    for values in columns.values():
        if isinstance(values, Timestamps):
            return len(values.micros)
        return len(values.codes) if isinstance(values, Categorical) else len(values)
    return len(np.arange(before)[rows])


def _numbers(series: pd.Series[Any], name: str) -> Floats:
    if not _dtype(series, "iuf"):
        return _each(series, name, number_of)
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def _booleans(series: pd.Series[Any], name: str) -> Floats:
    if _dtype(series, "b"):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return _each(series, name, boolean_of)


def _moments(series: pd.Series[Any], name: str) -> Timestamps:
    if not _dtype(series, "M"):
        found = [moment_of(value, name) for value in series]
        micros = [NO_TIME if value is None else value for value in found]
        return Timestamps(np.array(micros, dtype=np.int64))
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return Timestamps(series.to_numpy().astype("datetime64[us]").view(np.int64))


def _factor(series: pd.Series[Any], name: str) -> Categorical:
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, found = series.cat.codes.to_numpy(), list(series.cat.categories)
    elif _dtype(series, "fbM"):
        present = series.dropna()
        if len(present):
            raise wrong_type(name, present.iloc[0], "text")
        return Categorical(np.full(len(series), -1, dtype=np.intp), [])
    else:
        codes, index = pd.factorize(series)
        found = list(index)
    return factor_of(np.asarray(codes, dtype=np.intp), found, name)


def factor_of(codes: NDArray[np.intp], found: Sequence[Any], name: str) -> Categorical:
    """Rows that are places in `found`, -1 is missing, (n,), with their levels as text; values that read the same
    (1 and "1") become one level, empty ones none."""
    places: dict[str, int] = {}
    targets = np.empty(len(found) + 1, dtype=np.intp)
    targets[-1] = -1
    for position, value in enumerate(found):
        text = text_of(value, name)
        targets[position] = -1 if text is None else places.setdefault(text, len(places))
    return Categorical(targets[codes], list(places))


def _each(series: pd.Series[Any], name: str, convert: Callable[[Any, str], float]) -> Floats:
    return np.array([convert(value, name) for value in series], dtype=np.float64)


def _dtype(series: pd.Series[Any], kinds: str) -> bool:
    return getattr(series.dtype, "kind", "O") in kinds


def _type_of(series: pd.Series[Any]) -> ColumnType:
    kind = getattr(series.dtype, "kind", "O")
    simple = {
        "b": ColumnType.BOOLEAN,
        "i": ColumnType.INTEGER,
        "u": ColumnType.INTEGER,
        "f": ColumnType.NUMBER,
        "M": ColumnType.TIMESTAMP,
    }
    return simple.get(kind, ColumnType.TEXT)
