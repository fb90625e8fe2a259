"""numpy, loaded by the first computation, so that the names of all metrics are known without it.

What `lazy import numpy as np` (PEP 810) will say in one line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Codes: TypeAlias = NDArray[np.intp]
    Mask: TypeAlias = NDArray[np.bool_]
    Array: TypeAlias = NDArray[Any]
else:
    Floats = Codes = Mask = Array = Any

    class _Lazy:
        def __init__(self, module: str) -> None:
            self._module = module

        def __getattr__(self, name: str) -> Any:
            found = getattr(import_module(self._module), name)
            setattr(self, name, found)  # computed once
            return found

    np = _Lazy("numpy")


def evenly(rows: int, most: int) -> Codes:
    """Positions of at most `most` of the rows, evenly spaced from the first to the last."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.intp)


__all__ = ["Array", "Codes", "Floats", "Mask", "evenly", "np"]
