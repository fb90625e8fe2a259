"""`domain.csv_text` for whole columns: predictions are written by the million."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from shopfloor.domain.csv_text import CONTROL, FORMULA, NUMBER, safe_cell


def safe_cells(column: pa.Array) -> tuple[pa.Array, int]:
    """A column with its text made safe, and in how many cells; other types come back as they are."""
    if not pa.types.is_string(column.type) or column.null_count == len(column):
        return column, 0
    formula = pc.and_(pc.match_substring_regex(column, FORMULA), pc.invert(pc.match_substring_regex(column, NUMBER)))
    control = pc.match_substring_regex(column, CONTROL)
    changed = pc.sum(pc.or_(formula, control)).as_py() or 0
    if not changed:
        return column, 0
    made = pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)
    if pc.any(control).as_py():  # rare, and each character has its own visible form
        made = pc.replace_with_mask(made, pc.fill_null(control, False), _visible(column.filter(control)))
    return made, changed


def _visible(cells: pa.Array) -> pa.Array:
    return pa.array([safe_cell(cell) for cell in cells.to_pylist()], pa.string())
