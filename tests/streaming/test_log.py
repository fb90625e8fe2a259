"""The log of one stream without an engine: keys, positions, recovery, failures of the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.errors import StoreError
from shopfloor.intake.streaming import keys
from shopfloor.intake.streaming.delivery import write_lines
from shopfloor.intake.streaming.entry import StreamSource
from shopfloor.intake.streaming.log import AppendAnswer, Post, StreamLog
from shopfloor.intake.streaming.rows import PostedRows


def log(folder: Path) -> StreamLog:
    made = StreamLog("d", folder / "d", SystemClock())
    made.recover()
    return made


def post(key: str, count: int = 1, digest: str = "x") -> Post:
    return Post(rows=PostedRows(b'{"a":1}\n' * count, count), key=key, digest=digest)


def add(stream: StreamLog, *posts: Post) -> list[AppendAnswer]:
    return stream.write(posts)


def rolled(stream: StreamLog) -> bytes:
    stream.seal()
    ready = [write_lines(stream, sealed) for sealed in stream.sealed]
    stream.sealed.clear()
    return b"".join(one.path.read_bytes() for one in ready if one is not None)


def test_a_key_counts_once_also_within_one_write(tmp_path: Path) -> None:
    stream = log(tmp_path)
    answers = add(stream, post("a", 3), post("b", 2), post("a", 3))
    assert [(answer.entry.position, answer.duplicate) for answer in answers] == [(3, False), (5, False), (3, True)]
    assert rolled(stream).count(b"\n") == 5


def test_a_key_of_other_rows_is_refused(tmp_path: Path) -> None:
    stream = log(tmp_path)
    add(stream, post("a"))
    [answer] = add(stream, post("a", digest="y"))
    assert answer.refusal is not None
    assert answer.refusal.code == "key_reused"
    assert stream.position == 1


@pytest.mark.parametrize("roll_first", [False, True])
def test_keys_and_positions_outlive_the_process(tmp_path: Path, roll_first: bool) -> None:
    before = log(tmp_path)
    source = StreamSource(path="e.jsonl", dev=1, ino=2, offset=77)
    add(before, post("a", 3), Post(rows=PostedRows(b"", 0), source=source))
    if roll_first:
        rolled(before)
    after = log(tmp_path)
    [answer] = add(after, post("a", 3))
    assert answer.duplicate
    assert answer.entry.position == 3
    assert after.sources == {"1:2": source}
    assert add(after, post("b"))[0].entry.position == 4


def test_a_torn_tail_is_left_out_at_every_offset(tmp_path: Path) -> None:
    whole = log(tmp_path)
    add(whole, post("a", 2))
    size = os.path.getsize(whole.directory / next(whole.directory.glob("*.log")).name)
    add(whole, post("b", 2))
    [segment] = whole.directory.glob("*.log")
    data = segment.read_bytes()
    for cut in range(size, len(data), 3):
        segment.write_bytes(data[:cut])
        again = log(tmp_path)
        assert again.position == 2
        assert again.damage.torn == cut - size
        assert not add(again, post("b", 2))[0].duplicate
        for fresh in set(again.directory.glob("*.log")) - {segment}:
            fresh.unlink()


def test_a_failed_sync_is_answered_with_an_error_and_the_key_may_be_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = log(tmp_path)
    add(stream, post("a", 2))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda handle: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(StoreError, match="stream of d cannot be written"):
            add(stream, post("b", 3))
    add(stream, post("b", 3))
    add(stream, post("c", 1))
    assert stream.position == 6
    assert rolled(stream).count(b"\n") == 6, "whether or not the failed write reached the disk"


def test_a_full_disk_keeps_no_half_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = log(tmp_path)
    add(stream, post("a", 2))
    real, first = os.write, iter([True])

    def full(handle: int, data: bytes) -> int:
        if next(first, False):
            return real(handle, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="No space left"):
            add(stream, post("b", 3))
    assert not add(stream, post("b", 3))[0].duplicate
    assert rolled(stream).count(b"\n") == 5


def test_memory_of_keys_is_bounded_and_positions_are_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "REMEMBERED", 10)
    stream = log(tmp_path)
    source = StreamSource(path="e.jsonl", dev=1, ino=2, offset=77)
    add(stream, Post(rows=PostedRows(b"", 0), source=source))
    for number in range(60):
        add(stream, post(f"k{number}"))
        rolled(stream)
    assert len(stream.keys) == 20
    assert sum(path.stat().st_size for path in stream.directory.iterdir() if path.name.startswith("keys")) < 8_000
    again = log(tmp_path)
    assert (again.position, again.sources) == (60, {"1:2": source})
    assert add(again, post("k59"))[0].duplicate
    assert add(again, post("k50"))[0].duplicate, "at least so many are remembered as it says"


@pytest.mark.parametrize("step", ["stream.lines", "stream.keys", "stream.unlink"])
def test_rolling_again_after_a_kill_gives_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from shopfloor.intake.streaming import delivery

    class Killed(BaseException):
        pass

    def reach(name: str) -> None:
        if name == step:
            raise Killed

    stream = log(tmp_path)
    add(stream, post("a", 3))
    stream.seal()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "reach", reach)
        with pytest.raises(Killed):
            write_lines(stream, stream.sealed[0])
    again = log(tmp_path)
    assert rolled(again) == b'{"a":1}\n' * 3
    assert log(tmp_path).position == 3
    assert add(log(tmp_path), post("a", 3))[0].duplicate


def test_a_damaged_segment_is_kept_aside_and_told(tmp_path: Path) -> None:
    stream = log(tmp_path)
    for key in "abc":
        add(stream, post(key))
    [segment] = stream.directory.glob("*.log")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 8
    segment.write_bytes(data)
    again = log(tmp_path)
    assert again.damage.damaged
    assert rolled(again).count(b"\n") == 2
    [kept] = again.directory.glob("*.damaged")
    assert kept.read_bytes() == bytes(data)
