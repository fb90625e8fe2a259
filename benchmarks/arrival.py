"""What the watch costs: a scan of known files, and a burst of forty thousand, against bare `scandir` and `stat`."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from shopfloor.arrival.scan import scan
from shopfloor.client.connection import EngineClient
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.requests.workspace import AwaitIdle, Rescan, Shutdown, StatusShow

_KNOWN = 10_000
_BURST = 40_000
_SCAN_LIMIT_MS = 60.0
_BURST_LIMIT_SECONDS = 1.0


def run() -> list[Figure]:
    """The median of a few scans; the burst once, in a workspace of its own."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        return [_known(Path(folder) / "known"), _look(Path(folder) / "k"), _burst(Path(folder) / "w")]


def _known(root: Path) -> Figure:
    _fill(root / "d", _KNOWN)
    seen = {one.path: one for one in scan(root)}
    ours = 1000 * statistics.median(_timed(lambda: scan(root, known=seen)) for _ in range(7))
    bare = 1000 * statistics.median(_timed(lambda: _bare(root / "d")) for _ in range(7))
    return Figure(
        f"scan of {_KNOWN:,} known files", ours, "ms", bare, f"≤ {_SCAN_LIMIT_MS:.0f} ms", ours <= _SCAN_LIMIT_MS
    )


def _look(directory: Path) -> Figure:
    """A whole look of a running engine's watch at files that it took in and that stay where they are."""
    root = init_workspace(directory)
    config_set(root, "intake.settle_seconds", "0.2")
    config_set(root, "intake.originals", "keep")
    client = connect(root)
    folder = root / "inbox" / "d"
    _fill(folder, _KNOWN)
    while not client.ask(AwaitIdle(wait_s=30.0), timeout=90.0).idle:
        pass
    looks = [_looked(client) for _ in range(7)]
    bare = 1000 * statistics.median(_timed(lambda: _bare(folder)) for _ in range(7))
    client.ask(Shutdown())
    ours = statistics.median(looks)
    return Figure(
        f"a look of the watch at {_KNOWN:,} files that are in", ours, "ms", bare, f"≤ {_SCAN_LIMIT_MS:.0f} ms",
        ours <= _SCAN_LIMIT_MS,
    )  # fmt: skip


def _looked(client: EngineClient) -> float:
    """Milliseconds of one look."""
    client.ask(Rescan(), timeout=60.0)
    return client.ask(StatusShow()).engine.watcher.last_scan_ms or 0.0


def _burst(directory: Path) -> Figure:
    """Seconds of the scan that meets a burst, the last one: when it is over the ledger knows every file.

    No hint and no interval starts an earlier scan, which would have done a part of it.
    """
    root = init_workspace(directory)
    for key, value in (("settle_seconds", "60"), ("scan_seconds", "600"), ("watch", "false")):
        config_set(root, f"intake.{key}", value)
    client = connect(root)
    _fill(root / "inbox" / "d", _BURST)
    begun = time.perf_counter()
    client.ask(Rescan(), timeout=120.0)
    while _seen(client) < _BURST:
        time.sleep(0.01)
    ours = time.perf_counter() - begun
    bare = _timed(lambda: _bare(root / "inbox" / "d"))
    client.ask(Shutdown())
    return Figure(
        f"{_BURST:,} files in one burst accounted for", ours, "s", bare, f"≤ {_BURST_LIMIT_SECONDS:.0f} s",
        ours <= _BURST_LIMIT_SECONDS,
    )  # fmt: skip


def _seen(client: EngineClient) -> int:
    return client.ask(StatusShow(), timeout=60.0).files.seen


def _fill(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"f{number:06d}.csv").write_bytes(b"a\n%d\n" % number)


def _bare(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
