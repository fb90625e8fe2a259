"""Memory for encoded rows."""

from __future__ import annotations

import mmap

import numpy as np

from shopfloor.artifacts.table import Floats

_LARGE = 1 << 25
_POPULATED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)


def empty_matrix(rows: int, columns: int) -> Floats:
    """An array of (rows, columns) whose values are arbitrary; each column lies in one piece.

    A large one takes its pages in one call: touched one by one they cost several times what is then written into
    them, most of all in a virtual machine that gives free memory back to its host.
    """
    size = rows * columns * np.dtype(np.float64).itemsize
    if size < _LARGE:
        return np.empty((rows, columns), order="F")
    memory = mmap.mmap(-1, size, flags=_POPULATED)
    return np.frombuffer(memory, dtype=np.float64).reshape((rows, columns), order="F")
