"""How long a key takes to be seen while ten thousand files arrive, against the same key at rest.

The screens run in a pseudo-terminal of 120×40, as a person has them; a key moves the cursor of the list
of files, and the answer is the first byte sequence that draws the cursor on another row. The floor is
the same key in the same run in a workspace with a hundred files where nothing happens.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient

APP = Path(__file__).resolve().parent.parent / "app"
_DATASET = "sensors"
_BEFORE = 100
_PAUSE = 0.12
_PATIENCE = 20.0
_OURS = """
import sys
from pathlib import Path
from shopfloor.tui.start import run_tui
sys.exit(run_tui(Path(sys.argv[1])))
"""
_PLACE = re.compile(rb"\x1b\[\d+;\d+H")
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_CURSOR = "▌".encode()
_WORD = re.compile(rb"f\d{5}\.csv")


class Screens:
    """The terminal face of a workspace, driven by keys and read as bytes."""

    def __init__(self, workspace: Path) -> None:
        self.under_cursor = b""
        self.seen = b""  # the newest bytes, in which a word may be looked for
        self._rest = b""
        environ = {**os.environ, "PYTHONPATH": str(APP), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environ.pop("NO_COLOR", None)
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(sys.executable, [sys.executable, "-c", _OURS, str(workspace)], environ)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read(self, seconds: float) -> bytes:
        """What is drawn within `seconds`, at most one piece; keeps track of the file under the cursor."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        got = os.read(self._terminal, 1 << 20)
        self.seen = (self.seen + got)[-(1 << 18) :]
        pieces = _PLACE.split(self._rest + got)
        self._rest = pieces[-1]  # a line may be cut in two
        for piece in pieces:
            drawn = _CONTROL.sub(b"", piece)
            if _CURSOR in drawn and (found := _WORD.search(drawn)):
                self.under_cursor = found.group()
        return got

    def settle(self, seconds: float) -> None:
        """Read all that is drawn for `seconds`."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def until(self, ready: Callable[[], bool]) -> float:
        """Seconds until `ready`."""
        began = time.perf_counter()
        while not ready():
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError("the screens did not answer")
            self.read(0.5)
        return time.perf_counter() - began

    def move(self, key: str) -> float:
        """Seconds from a key that moves the cursor to the picture with the cursor on another row."""
        before = self.under_cursor
        self.press(key)
        return self.until(lambda: self.under_cursor != before)

    def memory_mb(self) -> float:
        """Resident memory of the process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


@contextmanager
def files_pane(workspace: Path) -> Iterator[Screens]:
    """The screens at the list of files, a few rows down from its top."""
    screens = Screens(workspace)
    try:

        def painted(mark: bytes) -> Callable[[], bool]:
            return lambda: mark in screens.seen

        screens.until(painted(b"Lineage"))
        screens.settle(1.5)
        screens.seen = b""
        screens.press("1")
        screens.until(painted(_DATASET.encode()))
        screens.settle(1.0)
        screens.press("\r")
        screens.until(lambda: bool(screens.under_cursor))
        screens.settle(1.5)
        for _ in range(5):
            screens.move("j")
        yield screens
    finally:
        screens.close()


def walk(screens: Screens, going_on: Callable[[int], bool]) -> list[float]:
    """Seconds of each key while `going_on`: down and up again by turns."""
    taken: list[float] = []
    while going_on(len(taken)):
        taken.append(screens.move("jk"[len(taken) % 2]))
        screens.settle(_PAUSE)
    return taken


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def run(smoke: bool) -> list[Figure]:
    """Keys at rest, while files arrive, and after; the growth of the process."""
    files, keys = (300, 10) if smoke else (10_000, 100)
    with engine(settle_seconds="1.0") as (root, client):
        _arrive(root, _write(root / "first", 0, _BEFORE))
        idle(client)
        with files_pane(root) as screens:
            rest = walk(screens, lambda number: number < keys)
            ready = _write(root / "burst", _BEFORE, files)
            before = screens.memory_mb()
            _arrive(root, ready)
            done = _watch(client)
            burst = walk(screens, lambda number: number < 2 or not done())
            after = walk(screens, lambda number: number < keys)
            grown = screens.memory_mb()
    floor = 1000 * statistics.median(rest)
    return [
        Figure(f"key during {files:,} files, p95", 1000 * percentile(burst, 0.95), "ms", floor, at_most=4),
        Figure(f"key after {files:,} files, p95", 1000 * percentile(after, 0.95), "ms", floor, at_most=4),
        Figure(f"memory of the screens after {files:,} files", grown, "MB", before, at_most=1.3),
    ]


def _write(folder: Path, first: int, count: int) -> list[Path]:
    folder.mkdir()
    files = [folder / f"f{number:05d}.csv" for number in range(first, first + count)]
    for number, file in enumerate(files, first):
        file.write_text("id,size,region\n" + "".join(f"{number}-{row},{row / 2},r{row % 5}\n" for row in range(10)))
    return files


def _arrive(root: Path, files: list[Path]) -> None:
    inbox = root / "inbox" / _DATASET
    inbox.mkdir(parents=True, exist_ok=True)
    for file in files:
        os.rename(file, inbox / file.name)


def _watch(client: EngineClient) -> Callable[[], bool]:
    """Whether all files are in, asked of the engine in a thread of its own."""
    waiting = threading.Thread(target=idle, args=(client,), daemon=True)
    waiting.start()
    return lambda: not waiting.is_alive()
