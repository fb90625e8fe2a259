"""Rows acknowledged over the engine's socket against the raw write and sync of the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure, seconds
from shopfloor.client.connection import EngineClient
from shopfloor.client.rows import Appender, RowChunk
from shopfloor.domain.requests.datasets import DatasetShow
from shopfloor.workspace.layout import Layout

_CLIENTS = 4
_ROWS = 500


def run(smoke: bool) -> list[Figure]:
    """Rows a second of four client processes with posts of 500 rows, while the stream rolls into
    versions; then the seconds until the last row is in one. The floors write and sync post by post,
    and copy the same rows to Parquet at once."""
    posts = 10 if smoke else 400
    with engine() as (root, client):
        Appender(client, "events").add(RowChunk(_body(0), _ROWS))  # pins the contract, warms the intake
        idle(client)
        floor = _raw_rate(root.parent, posts)
        copy = seconds(lambda: _copy(root.parent))
        rate = _rate(root, posts)
        rest = seconds(lambda: idle(client))
        rows = client.ask(DatasetShow(name="events")).rows
        assert rows == (_CLIENTS * posts + 1) * _ROWS, rows
    return [
        Figure("rows acknowledged", rate, "rows/s", floor, at_least=0.02),
        Figure("last row to version", rest, "s", copy, at_most=10),
    ]


def _body(number: int) -> bytes:
    first = number * _ROWS
    return b"".join(
        b'{"id":%d,"at":"2026-01-01T00:00:%02dZ","kind":"%s","value":%d.5,"ok":%s,"note":"row number %d"}\n'
        % (n, n % 60, (b"start", b"stop", b"pause")[n % 3], n % 1000, (b"true", b"false")[n % 2], n)
        for n in range(first, first + _ROWS)
    )


def _copy(folder: Path) -> None:
    with duckdb.connect() as connection:
        rows = f"read_json('{folder / 'raw'}', format = 'newline_delimited')"
        connection.execute(f"COPY (FROM {rows}) TO '{folder / 'raw.parquet'}' (FORMAT parquet, COMPRESSION zstd)")


def _raw_rate(folder: Path, posts: int) -> float:
    bodies = [_body(number) for number in range(_CLIENTS * posts)]
    handle = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begun = time.perf_counter()
    for body in bodies:
        os.write(handle, body)
        os.fdatasync(handle)
    spent = time.perf_counter() - begun
    os.close(handle)
    return len(bodies) * _ROWS / spent


def _rate(root: Path, posts: int) -> float:
    """Clients are processes of their own; each says when it is ready and is started with the others."""
    command = [sys.executable, "-m", "benchmarks.streaming", str(root)]
    senders = [
        subprocess.Popen([*command, str(sender), str(posts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
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
    return _CLIENTS * posts * _ROWS / spent


def _send(root: Path, sender: int, posts: int) -> None:
    bodies = [_body(sender * posts + number) for number in range(posts)]
    appender = Appender(EngineClient(root, Layout(root).socket), "events")
    print("ready", flush=True)
    sys.stdin.readline()
    for body in bodies:
        receipt = appender.add(RowChunk(body, _ROWS))
        assert receipt.accepted == _ROWS, receipt


if __name__ == "__main__":
    _send(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
