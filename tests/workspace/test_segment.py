"""A segment holds what was acknowledged, whole and in order, whatever the disk refuses in between."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.errors import StoreError
from shopfloor.workspace.segment import SegmentWriter


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


def _writer(folder: Path, clock: Clock | None = None, most: int = 1 << 20) -> SegmentWriter:
    numbers: Iterator[int] = iter(range(10_000))
    return SegmentWriter(
        folder, clock or Clock(), max_bytes=most, max_age=60.0, new_id=lambda: f"{next(numbers):04d}", name="test log"
    )


def _lines(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines(keepends=True)]


def _faulty(write: Callable[[int, bytes], int], fault: str) -> Callable[[int, bytes], int]:
    calls = []

    def half(descriptor: int, data: bytes) -> int:
        calls.append(data)
        if fault == "short" and len(calls) == 1:
            return write(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return half


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.sampled_from(["well", "well", "short", "full", "unsynced", "old"]), max_size=20))
def test_what_was_acknowledged_is_there_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder, clock = tmp_path_factory.mktemp("log"), Clock()
    writer = _writer(folder, clock, most=120)
    kept = []
    for number, step in enumerate(steps):
        line = b'{"row": %d, "text": "some of it"}\n' % number
        with pytest.MonkeyPatch.context() as patch:
            if step in {"short", "full"}:
                patch.setattr(os, "write", _faulty(os.write, step))
                with pytest.raises(StoreError, match="test log cannot be written"):
                    writer.append(line)
                continue
            if step == "old":
                clock.at += 61.0
            writer.append(line)
            kept.append(line)
            if step == "unsynced":
                patch.setattr(os, "fdatasync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.EIO, "io")))
                with pytest.raises(StoreError):
                    writer.sync()
        writer.sync()
    writer.close()
    assert _lines(folder) == kept
    assert not list(folder.glob(".*"))
    assert all(path.stat().st_size <= 120 + 40 for path in folder.iterdir())


def test_a_segment_is_locked_while_it_is_written_and_sealed_afterwards(tmp_path: Path) -> None:
    writer = _writer(tmp_path)
    writer.append(b"{}\n")
    assert writer.path is not None
    with writer.path.open("rb") as reader:
        with pytest.raises(BlockingIOError):
            fcntl.flock(reader, fcntl.LOCK_SH | fcntl.LOCK_NB)
        writer.close()
        fcntl.flock(reader, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_write_that_the_kernel_splits_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, write = _writer(tmp_path), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    writer.append(b"a line\n")
    monkeypatch.undo()
    writer.close()
    assert _lines(tmp_path) == [b"a line\n"]


def test_each_segment_begins_with_its_preamble(tmp_path: Path) -> None:
    numbers = iter(range(10))
    writer = SegmentWriter(
        tmp_path, Clock(), max_bytes=5, new_id=lambda: str(next(numbers)), preamble=lambda: b"known\n"
    )
    for line in (b"1\n", b"2\n"):
        writer.append(line)
    writer.close()
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"known\n1\n", b"known\n2\n"]


def test_a_failed_sync_begins_another_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = _writer(tmp_path)
    writer.append(b"1\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.EIO, "io")))
        with pytest.raises(StoreError):
            writer.sync()
    writer.append(b"2\n")
    writer.close()
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"1\n", b"2\n"]
