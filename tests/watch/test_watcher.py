"""The hint, by real events: dead threads, replaced folders, floods and silence are noticed and mended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.upkeep.works import HandClock
from tests.waiting import let_pass, until

from shopfloor.arrival import watcher as module
from shopfloor.arrival.watcher import Watcher
from shopfloor.domain.ids import ulid


class Bench:
    """A watcher of one folder, tended when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.hints = threading.Event()
        self.watcher = Watcher(self.clock, self.hints.set)

    def tend(self, seconds: float = 0.0, remote: frozenset[int] = frozenset()) -> tuple[bool, str]:
        self.clock.forward(seconds=seconds)
        health = self.watcher.tend([self.folder], remote)
        return health.healthy, health.detail

    def hears(self) -> bool:
        """Whether a file that lands makes an event."""
        self.hints.clear()
        (self.folder / f"{ulid()}.csv").write_text("a\n")
        return self.hints.wait(60.0)

    def well(self) -> bool:
        """Whether it says after a few looks that all is well."""
        return until(lambda: self.tend(1.0)[0])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "inbox"
    folder.mkdir()
    made = Bench(folder)
    made.tend()
    assert made.hears()
    assert made.well()
    yield made
    made.watcher.close()


def test_a_replaced_folder_is_watched_anew(bench: Bench) -> None:
    bench.folder.rename(bench.folder.with_name("old"))
    bench.folder.mkdir()
    assert bench.tend() == (False, "a drop folder was replaced")
    assert bench.hears()
    assert bench.well()


def test_a_folder_that_was_removed_and_made_again_is_watched_anew(bench: Bench) -> None:
    for path in bench.folder.iterdir():
        path.unlink()
    emitter = next(iter(bench.watcher._observer.emitters))
    bench.folder.rmdir()
    emitter.join(60.0)
    bench.folder.mkdir()
    assert not bench.tend()[0]
    assert bench.hears()
    assert bench.well()


@pytest.mark.parametrize("part", ["observer", "emitter", "reader"])
def test_a_dead_thread_is_noticed_and_replaced(bench: Bench, part: str) -> None:
    observer = bench.watcher._observer
    thread = {"observer": observer, "emitter": next(iter(observer.emitters)), "reader": observer._inotify_fd}[part]
    thread.stop()
    thread.join(60.0)
    assert bench.tend() == (False, "a watcher thread died")
    assert bench.hears()
    assert bench.well()


def test_a_handler_that_raises_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """watchdog's thread dies with it; all of its other threads go on as if nothing had happened."""

    def explode(path: str) -> None:
        raise RuntimeError(path)

    monkeypatch.setattr(bench.watcher, "heard", explode)
    monkeypatch.setattr(threading, "excepthook", lambda info: None)
    (bench.folder / "a.csv").write_text("a\n")
    until(lambda: not bench.watcher._observer.is_alive())
    monkeypatch.undo()
    assert bench.tend() == (False, "a watcher thread died")
    assert bench.hears()


def test_silence_is_noticed_by_the_canary(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All threads live and say so, and no event comes: only a file that is touched can tell."""
    lost: list[str] = []
    monkeypatch.setattr(bench.watcher, "heard", lost.append)
    bench.tend(61.0)
    until(lambda: lost)
    assert bench.tend(6.0) == (False, "no event arrived for a file that was touched")
    monkeypatch.undo()
    assert bench.well()


def test_lost_events_make_a_scan_and_are_told(bench: Bench) -> None:
    bench.hints.clear()
    logging.getLogger("watchdog.observers.inotify_c").warning("inotify queue overflow: events were lost")
    assert bench.hints.is_set()
    assert bench.tend() == (False, "events were lost in a flood")
    assert bench.well()


def test_a_flood_that_overflows_the_kernels_queue_is_noticed(bench: Bench) -> None:
    """A real overflow: watchdog stands still while more is created than the queue holds."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20_000:
        pytest.skip("this system's queue holds too many events to be filled in a test")
    reader = bench.watcher._observer._inotify_fd
    with reader._lock:  # the reader waits for it after each read
        for number in range(limit // 2 + 6_000):
            (bench.folder / f"f{number}.csv").touch()
    until(lambda: bench.watcher._doubt == "events were lost in a flood")
    assert not bench.tend()[0]
    until(lambda: bench.tend(1.0)[0])
    assert bench.hears()


def test_folders_on_a_network_are_only_scanned(bench: Bench) -> None:
    device = bench.folder.stat().st_dev
    healthy, detail = bench.tend(remote=frozenset({device}))
    assert not healthy
    assert "network file system" in detail


def test_without_inotify_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Any:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(module, "Observer", refuse)
    bench = Bench(tmp_path)
    assert bench.tend() == (False, "inotify is not available: inotify instance limit reached")
    monkeypatch.undo()
    assert bench.tend() == (True, "")
    assert bench.hears()
    bench.watcher.close()


def test_a_folder_that_goes_away_troubles_no_other(bench: Bench, tmp_path: Path) -> None:
    second = bench.folder / "d"
    second.mkdir()
    folders = [bench.folder, second]
    assert bench.watcher.tend(folders).healthy
    second.rmdir()
    let_pass(0.3, "its observer may notice or not")
    assert bench.watcher.tend(folders).healthy
    second.mkdir()
    bench.watcher.tend(folders)
    bench.hints.clear()
    (second / "a.csv").write_text("a\n")
    assert bench.hints.wait(60.0)
