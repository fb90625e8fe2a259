"""What rows are worth by the team's own function in `recipes/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.recipe_code import module_of
from shopfloor.domain.errors import DataError
from shopfloor.domain.text import safe

if TYPE_CHECKING:
    import pandas as pd


def function_values(function: str, source: str, frame: pd.DataFrame) -> NDArray[np.float64]:
    """What `function` (`recipes/FILE.py:NAME`, whose code is `source`) says of the rows of `frame`, (n,).

    Raises `DataError` for one that fails or gives something else.
    """
    file, _, called = function.partition(":")
    try:
        asked: Callable[[Any], Any] = getattr(module_of(source, file), called)
        values = np.asarray(asked(frame), dtype=np.float64)
    except Exception as error:
        raise DataError(
            f"{safe(function, 120)} gives no values: {safe(error, 200)}.",
            hint="It takes a frame with the inputs, `prediction` and `actual`, and returns one number a row.",
            code="value_function",
        ) from error
    if values.shape != (len(frame),):
        raise DataError(
            f"{safe(function, 120)} gives {values.shape} values for {len(frame)} rows.",
            hint="Return one number a row.",
            code="value_function",
        )
    return values
