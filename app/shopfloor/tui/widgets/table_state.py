"""What a table knows: rows, a cursor that follows its row, marks, and what is new above.

Plain Python without a terminal, so that its rules can be tested by the thousand. `top` is always
the index of the first visible row and `body` the number of lines under the header, the last of
which says what is new above when something is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from shopfloor.tui.widgets.rows import Row, RowCache, page_around


class TableState:
    """Rows by index, and a cursor by key.

    `query` names what is listed (filter and order). While it stays the same, rows that appear above
    the screen are new rows and the view does not move; when it changes the list is another one.
    """

    def __init__(self) -> None:
        self.cache = RowCache()
        self.total = 0
        self.loaded = False
        self.local = True
        self.query: Hashable = None
        self.cursor = 0
        self.key: str | None = None
        self.marks: set[str] = set()
        self.unseen = 0
        self._requested: tuple[int, int] | None = None
        self._places: dict[str, int] = {}

    def take_rows(self, rows: Sequence[Row], query: Hashable, top: int, body: int) -> int:
        """Replace the whole list; returns the new `top`."""
        before = self._visible_keys(top, body)
        places = {row.key: index for index, row in enumerate(rows)}
        successor = self._successor(places) if self._same(query) else None
        self.local = True
        self.cache.replace(rows)
        self._places = places
        return self._settle(before, places, len(rows), query, successor, top, body)

    def take_window(
        self,
        first: int,
        rows: Sequence[Row],
        total: int,
        revision: int,
        query: Hashable,
        top: int,
        body: int,
    ) -> int:
        """Take in rows `first …` of `total`; returns the new `top`."""
        before = self._visible_keys(top, body)
        self.local = False
        if not self._same(query):
            self.cache.clear()
        self.cache.put(first, rows, total, revision)
        places = {row.key: index for index, row in enumerate(rows, first)}
        inside = first <= self.cursor < first + len(rows)
        successor = None if inside or self.key is None else self.key
        return self._settle(before, places, total, query, successor, top, body)

    def move(self, index: int) -> None:
        """Put the cursor on row `index`, or the nearest there is."""
        self.cursor = max(0, min(index, self.total - 1))
        row = self.cache.get(self.cursor)
        self.key = row.key if row else None

    def page(self, body: int) -> int:
        """Rows that fit."""
        return max(1, body - (self.unseen > 0))

    def reveal(self, top: int, body: int) -> int:
        """The `top` nearest to this one that shows the cursor."""
        lowest = min(self.cursor, self.total - 1)
        return max(0, min(max(top, self.cursor - self.page(body) + 1), lowest))

    def scrolled(self, top: int) -> None:
        """The user looks from `top` on: nothing above it can be more unseen than that."""
        self.unseen = min(self.unseen, top)

    def place(self, key: str) -> int | None:
        """Index of the row `key`, if it is remembered."""
        if self.local:
            return self._places.get(key)
        return next((index for index, row in self.cache.items() if row.key == key), None)

    def expire(self) -> None:
        """What is shown may be old; ask again."""
        self._requested = None
        self.cache.expire()

    def window_to_request(self, top: int, body: int, answered: int | None = None) -> tuple[int, int] | None:
        """`(first, count)` of the rows to ask for now, or None.

        The same window is requested once; one whose answer (starting at `answered`) left holes is
        not requested again until something moves, so a wrong total cannot spin.
        """
        last = min(self.total, top + body)
        if self.local or not self.cache.lacks(top, last):
            return None
        window = page_around(top, last, self.total)
        if window == self._requested or window[0] == answered:
            return None
        self._requested = window
        return window

    def _same(self, query: Hashable) -> bool:
        return self.loaded and query == self.query

    def _visible_keys(self, top: int, body: int) -> list[tuple[str, int]]:
        """Visible rows as (key, index), the cursor first: rows that must not move."""
        shown = range(top, min(self.total, top + self.page(body)))
        seen = [(row.key, index) for index in shown if (row := self.cache.get(index))]
        return sorted(seen, key=lambda place: place[0] != self.key)

    def _successor(self, places: Mapping[str, int]) -> str | None:
        """The cursor's key, or where it vanished the nearest row that is still there."""
        if self.key is None or self.key in places:
            return self.key
        after = range(self.cursor + 1, self.total)
        near = self._first_kept(after, places)
        return near or self._first_kept(range(self.cursor - 1, -1, -1), places)

    def _first_kept(self, order: Iterable[int], places: Mapping[str, int]) -> str | None:
        rows = (self.cache.get(index) for index in order)
        return next((row.key for row in rows if row and row.key in places), None)

    def _settle(
        self,
        before: list[tuple[str, int]],
        places: Mapping[str, int],
        total: int,
        query: Hashable,
        successor: str | None,
        top: int,
        body: int,
    ) -> int:
        """Bring cursor, view and news in line with rows just taken in."""
        same = self._same(query)
        was_visible = top <= self.cursor < top + self.page(body)
        self.total, self.query, self.loaded = total, query, True
        self._requested = None
        kept = self._place_cursor(places, successor, same)
        moved, news = 0, 0
        if same:
            moved = next((places[key] - index for key, index in before if key in places), 0)
            news = max(0, self.unseen + moved)
        if top > 0:
            top = top + moved if same or kept else 0
        for _ in range(2):  # the line of news takes a row, which may push the cursor off the screen
            self.unseen = min(news, top)
            top = max(0, min(top, total - self.page(body)))
            if was_visible or not same:
                top = self.reveal(top, body)
        self.unseen = min(news, top)
        return top

    def _place_cursor(self, places: Mapping[str, int], successor: str | None, same: bool) -> bool:
        """Move the cursor index to its row; returns whether that row is still there."""
        if self.key is not None and self.key in places:
            self.cursor = places[self.key]
            return True
        if same and successor is not None and places.get(successor, self.cursor) < self.total:
            self.cursor = places.get(successor, self.cursor)
            self.key = successor
            return True
        self.move(self.cursor if same else 0)
        return False
