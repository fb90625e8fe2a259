"""Waiting for what another thread or process does. Nothing else in the tests sleeps: a time is no condition."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

SECONDS = 120.0
_EVERY = 0.02


def until(
    ready: Callable[[], T],
    seconds: float = SECONDS,
    *,
    said: Callable[[], object] = str,
    despite: tuple[type[Exception], ...] = (),
) -> T:
    """The first answer of `ready` that is true. An answer may fail with an error of `despite`.

    When there is none for so many seconds, the test fails with what is `said` then.
    """
    for _ in _turns(seconds, said):
        try:
            if found := ready():
                return found
        except despite:
            pass
        time.sleep(_EVERY)
    raise AssertionError  # the turns have said why


async def until_async(
    ready: Callable[[], T],
    seconds: float = SECONDS,
    *,
    said: Callable[[], object] = str,
    between: Callable[[], Awaitable[object]] | None = None,
    every: float = 0.01,
) -> T:
    """`until` inside an event loop, which goes on; `between` two answers something else is awaited, too."""
    for _ in _turns(seconds, said):
        if found := ready():
            return found
        if between is not None:
            await between()
        await asyncio.sleep(every)
    raise AssertionError  # the turns have said why


def let_pass(seconds: float, why: str) -> None:
    """Let time pass where there is nothing to wait for, and say `why`: nothing may happen in it, or it is chance."""
    assert why
    time.sleep(seconds)


async def let_pass_async(seconds: float, why: str) -> None:
    """`let_pass` inside an event loop, which goes on."""
    assert why
    await asyncio.sleep(seconds)


def _turns(seconds: float, said: Callable[[], object]) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
    raise AssertionError(f"not within {seconds:g} s: {said()}")
