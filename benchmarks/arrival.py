"""What the watch costs: a scan of known files, and a large burst, against bare `scandir` and `stat`."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure, seconds
from shopfloor.arrival.scan import scan
from shopfloor.client.connection import EngineClient
from shopfloor.domain.requests.workspace import Rescan, StatusShow

_SCANS = 7


def run(smoke: bool) -> list[Figure]:
    """The median of a few scans; the best of some bursts, each in a workspace of its own, beside the best floor."""
    known, burst, rounds = (500, 1_000, 1) if smoke else (10_000, 40_000, 3)
    return [_known(known), _look(known), _burst(burst, rounds)]


def _known(count: int) -> Figure:
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        root = Path(folder)
        _fill(root / "d", count)
        seen = {one.path: one for one in scan(root)}
        ours = statistics.median(seconds(lambda: scan(root, known=seen)) for _ in range(_SCANS))
        return Figure(f"scan of {count:,} known files", 1000 * ours, "ms", 1000 * _bare(root / "d"), at_most=6)


def _look(count: int) -> Figure:
    """A whole look of a running engine's watch at files that it took in and that stay where they are."""
    with engine(settle_seconds="0.2", originals="keep") as (root, client):
        folder = root / "inbox" / "d"
        _fill(folder, count)
        idle(client)
        looks = [_looked(client) for _ in range(_SCANS)]
        ours, bare = statistics.median(looks), 1000 * _bare(folder)
    return Figure(f"a look of the watch at {count:,} files that are in", ours, "ms", bare, at_most=6)


def _looked(client: EngineClient) -> float:
    """Milliseconds of one look."""
    client.ask(Rescan(), timeout=60.0)
    return client.ask(StatusShow()).engine.watcher.last_scan_ms or 0.0


def _burst(count: int, rounds: int) -> Figure:
    ours, bare = zip(*(_accounted(count) for _ in range(rounds)), strict=True)
    return Figure(f"{count:,} files in one burst accounted for", min(ours), "s", min(bare), at_most=5)


def _accounted(count: int) -> tuple[float, float]:
    """Seconds of the scan that meets a burst, the last one: when it is over the ledger knows every file; and the floor.

    No hint and no interval starts an earlier scan, which would have done a part of it.
    """
    with engine(settle_seconds="60", scan_seconds="600", watch="false") as (root, client):
        folder = root / "inbox" / "d"
        _fill(folder, count)
        begun = time.perf_counter()
        client.ask(Rescan(), timeout=120.0)
        while client.ask(StatusShow(), timeout=60.0).files.seen < count:
            time.sleep(0.01)
        return time.perf_counter() - begun, _bare(folder)


def _fill(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"f{number:06d}.csv").write_bytes(b"a\n%d\n" % number)


def _bare(folder: Path) -> float:
    """Seconds of the floor, the median of a few."""
    return statistics.median(seconds(lambda: _sizes(folder)) for _ in range(_SCANS))


def _sizes(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
