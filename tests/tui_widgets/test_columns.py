"""Which columns fit, and in how many cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.tui.widgets.columns import GAP, KEEP, TableColumn, fit_columns

columns = st.lists(
    st.builds(
        TableColumn,
        key=st.just("k"),
        title=st.just("T"),
        width=st.none() | st.integers(1, 20),
        ratio=st.floats(0, 5),
        min=st.integers(1, 12),
        max=st.none() | st.integers(12, 40),
        priority=st.sampled_from([0, 10, 50, KEEP]),
    ),
    min_size=1,
    max_size=10,
)


@given(columns, st.integers(0, 200))
def test_never_wider_than_the_line_and_never_overlapping(some: list[TableColumn], width: int) -> None:
    end = 0
    for slot in fit_columns(some, width):
        assert slot.width >= 1
        assert slot.x >= end
        end = slot.x + slot.width
    assert end <= width


@given(columns, st.integers(0, 120), st.integers(0, 40))
def test_more_room_never_shows_less(some: list[TableColumn], width: int, more: int) -> None:
    narrow = {slot.at for slot in fit_columns(some, width)}
    wide = {slot.at for slot in fit_columns(some, width + more)}
    assert narrow <= wide


@given(columns, st.integers(0, 200))
def test_what_must_stay_stays_where_it_fits(some: list[TableColumn], width: int) -> None:
    must = [i for i, column in enumerate(some) if column.priority >= KEEP]
    need = sum(some[i].least for i in must) + GAP * (len(must) - 1)
    if must and need <= width:
        shown = {slot.at: slot.width for slot in fit_columns(some, width)}
        assert set(must) <= set(shown)
        assert all(shown[i] >= some[i].least for i in must)


@given(columns, st.integers(0, 200))
def test_limits_of_width_hold(some: list[TableColumn], width: int) -> None:
    for slot in fit_columns(some, width):
        column = some[slot.at]
        if column.width is not None:
            assert slot.width <= column.width
        elif column.max is not None:
            assert slot.width <= max(column.max, column.min)


def test_low_priority_drops_first_and_ratios_share_the_rest() -> None:
    some = [
        TableColumn("a", "A", width=4),
        TableColumn("b", "B", ratio=1, min=5),
        TableColumn("c", "C", ratio=3, min=5, priority=50),
        TableColumn("d", "D", width=6, priority=10),
    ]
    assert [s.at for s in fit_columns(some, 26)] == [0, 1, 2, 3]
    assert [s.at for s in fit_columns(some, 25)] == [0, 1, 2]
    assert [s.at for s in fit_columns(some, 17)] == [0, 1]
    assert [s.width for s in fit_columns(some, 46)] == [4, 10, 20, 6]


@given(st.integers(20, 200))
def test_elastic_columns_fill_the_line(width: int) -> None:
    some = [TableColumn("a", "A", width=6), TableColumn("b", "B", ratio=2), TableColumn("c", "C", ratio=1)]
    last = fit_columns(some, width)[-1]
    assert last.x + last.width == width
