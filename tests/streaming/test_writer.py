"""The one writer of streamed rows: callers that go away and folders that cannot be read do not end it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.streaming.test_log import log, post

from shopfloor.domain.errors import StoreError
from shopfloor.intake.streaming.committer import Committer


def test_a_caller_who_goes_away_does_not_end_the_writer(tmp_path: Path) -> None:
    stream = log(tmp_path)
    writer = Committer(lambda dataset: stream)
    left = [writer.submit("d", post(f"left-{number}")) for number in range(20)]
    assert all(future.cancel() for future in left[::2])
    writer.start()
    assert writer.submit("d", post("stays")).result(timeout=30).entry.rows == 1
    assert [future.result(timeout=30).entry.rows for future in left[1::2]] == [1] * 10
    writer.stop()


def test_while_it_is_unknown_what_is_in_nothing_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = log(tmp_path)
    stream.write([post("a", 3)])

    def unreadable() -> list[object]:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(stream.key_file, "load", unreadable)
        with pytest.raises(StoreError, match="cannot be read"):
            stream.recover()
        with pytest.raises(StoreError, match="cannot be read"):
            stream.write([post("a", 3)])
    [answer] = stream.write([post("a", 3)])
    assert answer.duplicate
    assert answer.entry.position == 3
