"""The terminal face of a copy of the product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.house.extension import Extended
from tests.terminal import Terminal


@contextmanager
def screen(product: Extended) -> Iterator[Terminal]:
    """Open the workspace's screen."""
    terminal = Terminal("-m", "shopfloor", "-w", str(product.workspace), columns=120, PYTHONPATH=str(product.app))
    try:
        yield terminal
    finally:
        terminal.close()
