"""The hint, when it cannot be trusted: it says so, and is built anew."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopfloor.engine.watch.watcher import Watcher


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def hints() -> threading.Event:
    return threading.Event()


@pytest.fixture
def watcher(clock: Hands, hints: threading.Event) -> Iterator[Watcher]:
    made = Watcher(clock, hints.set)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "inbox"
    made.mkdir()
    return made


def hears(watcher: Watcher, hints: threading.Event, folder: Path) -> bool:
    """Whether a file that is moved in comes back as a hint."""
    hints.clear()
    partial = folder.parent / f"new-{time.monotonic_ns()}"
    partial.write_text("x")
    os.rename(partial, folder / f"{partial.name}.csv")
    return hints.wait(5.0)


def test_a_file_that_is_moved_in_is_a_hint(watcher: Watcher, hints: threading.Event, folder: Path) -> None:
    watcher.tend([folder])
    assert hears(watcher, hints, folder)


@pytest.mark.parametrize("victim", ["observer", "emitter", "reader"])
def test_a_dead_thread_is_told_and_replaced(
    watcher: Watcher, hints: threading.Event, folder: Path, victim: str
) -> None:
    watcher.tend([folder])
    observer = watcher._observer
    reader = getattr(observer, "_inotify_fd", None)
    if victim == "reader" and not hasattr(reader, "is_alive"):
        pytest.skip("this watchdog has no reader thread")
    thread = {"observer": observer, "emitter": next(iter(observer.emitters)), "reader": reader}[victim]
    thread.stop()
    thread.join(5.0)
    health = watcher.tend([folder])
    assert not health.healthy
    assert "died" in health.detail
    assert hears(watcher, hints, folder)


def test_a_replaced_folder_is_watched_again(watcher: Watcher, hints: threading.Event, folder: Path) -> None:
    watcher.tend([folder])
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    assert "replaced" in watcher.tend([folder]).detail
    assert hears(watcher, hints, folder)


def test_silence_is_noticed_by_the_canary(watcher: Watcher, clock: Hands, folder: Path) -> None:
    """A watcher whose threads live and that hears nothing: the only proof is a file that is touched."""
    watcher.tend([folder])
    watcher._observer.unschedule_all()
    watcher._canary_seen, watcher._canary_sent = False, 0.0
    clock.at = 10.0
    health = watcher.tend([folder])
    assert not health.healthy
    assert "no event arrived" in health.detail
    deadline = time.monotonic() + 5
    while not watcher.tend([folder]).healthy and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watcher.tend([folder]).healthy  # the new one heard its canary


def test_lost_events_are_a_hint_themselves(watcher: Watcher, hints: threading.Event, folder: Path) -> None:
    watcher.tend([folder])
    time.sleep(0.7)
    hints.clear()
    logging.getLogger("watchdog.observers.inotify_c").warning("inotify queue overflow: events were lost")
    assert hints.is_set()
