"""Who is to blame: what the system refuses reaches people as such, by whichever library it comes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb
import pytest
from tests.faults.disk import fill, small_disk

from shopfloor.duck.refusal import refused
from shopfloor.runtime import worker_main
from shopfloor.runtime.call import Call, Failure, Message
from shopfloor.runtime.failure import blamed

_ROWS = "SELECT i, md5(i::VARCHAR) AS m FROM range(20000) t(i)"


def write_rows(path: Path) -> None:
    """As intake writes a part."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({_ROWS}) TO '{path}'")


def write_database(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE TABLE t AS {_ROWS}")
        connection.execute("CHECKPOINT")


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.json", "x.db"])
@pytest.mark.parametrize("left", [0, 4096, 40_960])
def test_a_full_disk_is_told_as_one_whatever_duckdb_wrote(tmp_path: Path, name: str, left: int) -> None:
    write = write_database if name.endswith(".db") else write_rows
    with small_disk(tmp_path / "disk", 2):
        fill(tmp_path / "disk", left)
        with pytest.raises(duckdb.Error) as caught:
            write(tmp_path / "disk" / name)
    found = refused(caught.value)
    assert found is not None
    assert found.errno == errno.ENOSPC
    assert getattr(blamed(caught.value, tmp_path), "code", "") == "disk_full"


def test_a_task_that_finds_the_disk_full_says_so_and_not_that_the_program_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Message] = []
    monkeypatch.setattr(worker_main, "_redirect", lambda *anything: None)  # these are the test's own
    with small_disk(tmp_path / "disk", 2):
        fill(tmp_path / "disk")
        part = tmp_path / "disk" / "x.parquet"
        monkeypatch.setattr(worker_main, "_run", lambda call, progress: write_rows(part))
        worker_main._serve(Call(task="t", spec={}, log=""), sent.append)
    (answer,) = sent
    assert isinstance(answer, Failure)
    assert answer.error.code == "disk_full"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_value_that_reads_like_an_error_of_the_system_is_none(code: int) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.ConversionException) as caught:
        connection.execute(f"SELECT CAST('{os.strerror(code)}' AS INTEGER)")
    assert refused(caught.value) is None
