"""Rows acknowledged over the engine's socket against the raw write and sync of the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient
from shopfloor.client.rows import Appender, Piece
from shopfloor.client.setup import init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.requests.datasets import DatasetShow
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown
from shopfloor.workspace.layout import Layout

_CLIENTS = 4
_ROWS = 500
_POSTS = 400
_LIMIT = 20_000.0


def run() -> list[Figure]:
    """Rows a second of four client processes with posts of 500 rows, while the stream rolls into
    versions; then the seconds until the last row is in one. The floor writes and syncs post by post."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        root = init_workspace(Path(folder) / "w")
        client = connect(root)
        Appender(client, "events").add(Piece(_body(0, 0), _ROWS))  # pins the contract, warms the intake
        _settle(client)
        floor = _raw_rate(Path(folder))
        rate = _rate(root)
        begun = time.perf_counter()
        _settle(client)
        rest = time.perf_counter() - begun
        rows = client.ask(DatasetShow(name="events")).rows
        assert rows == (_CLIENTS * _POSTS + 1) * _ROWS, rows
        client.ask(Shutdown())
    return [
        Figure("rows acknowledged", rate, "rows/s", floor, f"≥ {_LIMIT:,.0f} rows/s", rate >= _LIMIT),
        Figure("last row to version", rest, "s", None, "≤ 10 s", rest <= 10.0),
    ]


def _body(sender: int, number: int) -> bytes:
    first = (sender * _POSTS + number) * _ROWS
    return b"".join(
        b'{"id":%d,"at":"2026-01-01T00:00:%02dZ","kind":"%s","value":%d.5,"ok":%s,"note":"row number %d"}\n'
        % (n, n % 60, (b"start", b"stop", b"pause")[n % 3], n % 1000, (b"true", b"false")[n % 2], n)
        for n in range(first, first + _ROWS)
    )


def _raw_rate(folder: Path) -> float:
    bodies = [_body(sender, number) for sender in range(_CLIENTS) for number in range(_POSTS)]
    handle = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begun = time.perf_counter()
    for body in bodies:
        os.write(handle, body)
        os.fdatasync(handle)
    spent = time.perf_counter() - begun
    os.close(handle)
    return len(bodies) * _ROWS / spent


def _rate(root: Path) -> float:
    """Clients are processes of their own; each says when it is ready and is started with the others."""
    command = [sys.executable, "-m", "benchmarks.streaming", str(root)]
    senders = [
        subprocess.Popen([*command, str(sender)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for sender in range(_CLIENTS)
    ]
    for sender in senders:
        assert sender.stdout is not None
        sender.stdout.readline()
    begun = time.perf_counter()
    waits = [threading.Thread(target=sender.communicate, args=(b"go\n",)) for sender in senders]
    for wait in waits:
        wait.start()
    for wait in waits:
        wait.join()
    spent = time.perf_counter() - begun
    assert all(sender.returncode == 0 for sender in senders)
    return _CLIENTS * _POSTS * _ROWS / spent


def _send(root: Path, sender: int) -> None:
    bodies = [_body(sender, number) for number in range(_POSTS)]
    appender = Appender(EngineClient(root, Layout(root).socket), "events")
    print("ready", flush=True)
    sys.stdin.readline()
    for body in bodies:
        receipt = appender.add(Piece(body, _ROWS))
        assert receipt.accepted == _ROWS, receipt


def _settle(client: EngineClient) -> None:
    while not client.ask(AwaitIdle(wait_s=10.0), timeout=60.0).idle:
        pass


if __name__ == "__main__":
    _send(Path(sys.argv[1]), int(sys.argv[2]))
