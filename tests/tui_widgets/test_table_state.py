"""The rules of the table, without a terminal: the cursor belongs to a row, the view stands still."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shopfloor.tui.widgets.rows import PAGE, Row, page_around
from shopfloor.tui.widgets.table_state import TableState

BODY = 10
keys = st.lists(st.integers(0, 60).map(str), unique=True, max_size=40)


def rows_of(names: list[str]) -> list[Row]:
    return [Row(name, (name,)) for name in names]


def state_with(names: list[str], cursor: int = 0) -> TableState:
    state = TableState()
    state.take_rows(rows_of(names), None, 0, BODY)
    state.move(cursor)
    return state


@given(keys.filter(bool), st.data())
def test_cursor_stays_on_its_row_through_any_reordering(names: list[str], data: st.DataObject) -> None:
    state = state_with(names, data.draw(st.integers(0, len(names) - 1)))
    key = state.key
    shuffled = data.draw(st.permutations(names))
    state.take_rows(rows_of(shuffled), "another order", 0, BODY)
    assert state.key == key
    assert shuffled[state.cursor] == key


@given(keys.filter(bool), keys, st.data())
def test_cursor_goes_to_the_nearest_row_left(names: list[str], kept: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(names) - 1))
    state = state_with(names, at)
    state.take_rows(rows_of(kept), None, 0, BODY)
    below = [name for name in names[at:] if name in kept]
    above = [name for name in reversed(names[:at]) if name in kept]
    expected = next(iter(below + above), None)
    if expected is not None:
        assert state.key == expected
    elif kept:
        assert state.key == kept[min(at, len(kept) - 1)]
    else:
        assert state.key is None


@given(st.integers(11, 40), st.integers(1, 30), st.integers(1, 60))
def test_rows_inserted_above_move_nothing_on_screen(count: int, top: int, new: int) -> None:
    names = [f"old{i}" for i in range(count)]
    top = min(top, count - BODY)
    state = state_with(names, top)
    after = state.take_rows(rows_of([f"new{i}" for i in range(new)] + names), None, top, BODY)
    assert after == top + new
    assert state.unseen == new
    assert state.key == names[top]


def test_rows_inserted_while_at_the_top_are_seen_and_not_announced() -> None:
    state = state_with([f"r{i}" for i in range(30)], 2)
    top = state.take_rows(rows_of(["a", "b"] + [f"r{i}" for i in range(30)]), None, 0, BODY)
    assert (top, state.unseen, state.key) == (0, 0, "r2")


def test_a_flood_at_the_top_keeps_the_cursor_in_sight_and_counts_what_it_hides() -> None:
    names = [f"r{i}" for i in range(30)]
    state = state_with(names, 2)
    top = state.take_rows(rows_of([f"n{i}" for i in range(20)] + names), None, 0, BODY)
    assert state.key == "r2"
    assert top <= state.cursor < top + state.page(BODY)
    assert state.unseen == top > 0


def test_news_line_does_not_cover_the_cursor() -> None:
    names = [f"r{i}" for i in range(30)]
    state = state_with(names, 14)
    top = state.take_rows(rows_of(["new", *names]), None, 5, BODY)  # the cursor is on the last line
    assert state.unseen == 1
    assert top <= state.cursor < top + state.page(BODY)


def test_another_query_is_another_list_and_no_news() -> None:
    names = [f"r{i}" for i in range(100)]
    state = state_with(names, 50)
    top = state.take_rows(rows_of(names[40:60]), "filter", 45, BODY)
    assert (state.key, state.unseen) == ("r50", 0)
    top = state.take_rows(rows_of(names), None, top, BODY)
    assert (state.key, state.unseen) == ("r50", 0)
    assert top <= 50 < top + BODY


def test_a_filter_that_hides_the_cursor_begins_at_the_top() -> None:
    state = state_with([f"r{i}" for i in range(100)], 50)
    assert state.take_rows(rows_of(["r1", "r2"]), "filter", 45, BODY) == 0
    assert state.key == "r1"


def test_looking_at_the_top_is_having_seen_it() -> None:
    names = [f"r{i}" for i in range(30)]
    state = state_with(names, 8)
    state.take_rows(rows_of(["a", "b", "c", *names]), None, 6, BODY)
    assert state.unseen == 3
    state.scrolled(2)
    assert state.unseen == 2
    state.scrolled(0)
    assert state.unseen == 0


@given(st.integers(0, 10_000), st.integers(1, 80), st.integers(1, 10_000))
def test_a_wanted_page_covers_the_screen(first: int, height: int, total: int) -> None:
    last = min(total, first + height)
    start, count = page_around(first, last, total)
    assert start <= first or first >= total
    assert start + count >= last
    assert start % PAGE == 0
    assert start + count <= max(total, start)


def test_the_same_window_is_wanted_once_until_something_changes() -> None:
    state = TableState()
    state.take_window(0, rows_of([str(i) for i in range(200)]), 10_000, 1, None, 0, BODY)
    assert state.window_to_request(0, BODY) is None
    assert state.window_to_request(5_000, BODY) == (4_900, 300)
    assert state.window_to_request(5_000, BODY) is None
    state.expire()
    assert state.window_to_request(5_000, BODY) == (4_900, 300)


def test_an_answer_with_holes_does_not_spin() -> None:
    state = TableState()
    state.take_window(0, rows_of(["a"]), 500, 1, None, 0, BODY)
    assert state.window_to_request(0, BODY, answered=0) is None
    assert state.window_to_request(0, BODY) == (0, 200)


def test_older_rows_stay_until_newer_ones_come() -> None:
    state = TableState()
    state.take_window(0, rows_of([f"a{i}" for i in range(200)]), 1_000, 1, None, 0, BODY)
    state.take_window(500, rows_of([f"b{i}" for i in range(100)]), 1_000, 2, None, 500, BODY)
    assert (row := state.cache.get(3)) is not None
    assert row.key == "a3"
    assert state.window_to_request(0, BODY) == (0, 200)


def test_windows_far_behind_are_forgotten() -> None:
    state = TableState()
    for first in range(0, 100_000, 200):
        rows = rows_of([str(i) for i in range(first, first + 200)])
        state.take_window(first, rows, 100_000, 1, None, first, BODY)
    assert len(state.cache) <= 4_200
    assert state.cache.get(99_999) is not None


class TableMachine(RuleBasedStateMachine):
    """Any sequence of refreshes and moves leaves a consistent table."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TableState()
        self.names: list[str] = []
        self.top = 0

    @rule(names=keys, query=st.sampled_from(["a", "a", "a", "b"]))
    def refresh(self, names: list[str], query: str) -> None:
        before = self.state.key
        self.top = self.state.take_rows(rows_of(names), query, self.top, BODY)
        self.names = names
        if before in names:
            assert self.state.key == before

    @rule(new=st.integers(1, 15))
    def arrive(self, new: int) -> None:
        fresh = [name for name in map(str, range(100, 400)) if name not in self.names][:new]
        self.refresh(fresh + self.names, str(self.state.query))

    @precondition(lambda self: self.names)
    @rule(index=st.integers(-5, 60))
    def move(self, index: int) -> None:
        self.state.move(index)
        self.top = self.state.reveal(self.top, BODY)
        self.state.scrolled(self.top)

    @rule(top=st.integers(0, 60))
    def wheel(self, top: int) -> None:
        self.top = max(0, min(top, len(self.names) - self.state.page(BODY)))
        self.state.scrolled(self.top)

    @invariant()
    def cursor_is_on_its_row(self) -> None:
        if self.names:
            assert 0 <= self.state.cursor < len(self.names)
            assert self.names[self.state.cursor] == self.state.key
        else:
            assert self.state.key is None

    @invariant()
    def view_is_inside(self) -> None:
        assert 0 <= self.top <= max(0, len(self.names) - self.state.page(BODY))
        assert 0 <= self.state.unseen <= self.top


TestTableMachine = TableMachine.TestCase
TestTableMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
