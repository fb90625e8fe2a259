"""The rows of a delivery: all are looked at, and of very many only some stay in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.monitoring.frames import COLUMNS, DEFINITION, data_part, moment, month, months, reference_of

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.monitoring import delivered
from shopfloor.monitoring.check_context import InputRows
from shopfloor.monitoring.records import Reference


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(months(range(6)))


def rows_of(folder: Path, reference: Reference, columns: tuple[Column, ...] = COLUMNS) -> InputRows:
    frame = month(7).sample(frac=1.0, random_state=1)
    frame.loc[frame.index[::9], "temp"] = np.nan
    folder.mkdir()
    parts = data_part(folder, frame[:500], columns), data_part(folder, frame[500:], columns)
    return delivered.delivered_rows(parts, columns, reference, DEFINITION, moment(8))


def test_of_very_many_rows_each_is_looked_at_and_some_are_kept(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows_of(tmp_path / "whole", reference)
    monkeypatch.setattr(delivered, "MOST_INPUT_ROWS", 200)
    some = rows_of(tmp_path / "some", reference)
    assert (len(whole), len(some), len(whole.frame), len(some.frame)) == (800, 800, 800, 200)
    for feature in reference.features:
        assert some.column(feature) == whole.column(feature)
    assert some.all_rows.equals(whole.all_rows)
    assert (some.moment, some.begins) == (whole.moment, whole.begins)


def test_those_that_are_kept_know_their_places_and_are_spread_over_time(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivered, "MOST_INPUT_ROWS", 200)
    some = rows_of(tmp_path / "some", reference)
    assert some.frame["id"].tolist() == some.all_rows["id"].iloc[some.frame.index].tolist()
    ranks = some.all_rows["at"].rank().loc[some.frame.index].sort_values().to_numpy()
    assert (np.diff(ranks) <= 5).all()
    assert (ranks[0], ranks[-1]) == (1, 800)


def test_a_column_is_looked_at_as_its_values_are(tmp_path: Path, reference: Reference) -> None:
    """The way of coded texts says what that of a frame does, and so of a number that comes as text."""
    kinds = {"distance": ColumnType.TEXT, "at": ColumnType.TIMESTAMP}
    columns = tuple(Column(name=one.name, type=kinds.get(one.name, one.type)) for one in COLUMNS)
    rows = rows_of(tmp_path / "rows", reference, columns)
    again = InputRows(data="again", moment=rows.moment, frame=rows.frame)
    for feature in reference.features:
        assert rows.column(feature) == again.column(feature)
    assert rows.sketch(next(one for one in reference.features if one.name == "distance")).missing == 0
