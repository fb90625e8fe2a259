from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.csv_text import safe_cell
from shopfloor.serving.csv_cells import safe_cells

CELLS = st.none() | st.text(st.sampled_from("=+-@\t\r\nab1.,e \x1b\x07\u202e＝"), max_size=6)


@given(cells=st.lists(CELLS, max_size=20))
def test_a_column_is_made_safe_as_its_cells_are(cells: list[str | None]) -> None:
    column, changed = safe_cells(pa.array(cells, pa.string()))
    expected = [None if cell is None else safe_cell(cell) for cell in cells]
    assert column.to_pylist() == expected
    assert changed == sum(new != old for new, old in zip(expected, cells, strict=True))


def test_numbers_are_untouched() -> None:
    numbers = pa.array([-1.5, None])
    assert safe_cells(numbers) == (numbers, 0)
