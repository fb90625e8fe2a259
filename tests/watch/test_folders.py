"""Folders that the engine cannot use: one sentence with folder and remedy, the same wherever it is told."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.watch.yard import Yard

from shopfloor.arrival.why import explain
from shopfloor.client.deliver import deliver
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FileState
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.store import alerts
from shopfloor.upkeep.doctor import examine
from shopfloor.workspace.folders import FolderError, blame

_DAC = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root pass by the rights of files


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def minding_rights() -> Iterator[None]:
    """In here the rights of files count for root, too (capset(2), for this thread)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(0x20080522, 0), (_Set * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0
    had = sets[0].effective
    sets[0].effective = had & ~_DAC
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = had
        libc.capset(ctypes.byref(header), sets)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A yard of a user who may not do everything."""
    with minding_rights():
        made = Yard(tmp_path / "w")
        yield made
        made.close()


def told(yard: Yard) -> list[AlertRecord]:
    yard.watch.report_stalled()
    found = yard.context.store.read(
        lambda query: alerts.listing(query, subject="d", state="", text="", limit=10, offset=0)
    )
    return [alert for alert in found.rows if alert.check == "folder"]


def examined(yard: Yard) -> list[str]:
    return [found.detail for found in examine(yard.context).findings if found.check == "folders" and not found.ok]


def asked(yard: Yard, path: str) -> tuple[str, str]:
    yard.watch.scan_now = lambda: None  # type: ignore[method-assign]
    answer = explain(yard.watch, path)
    return answer.message, answer.hint


def test_a_linked_dataset_folder_is_told_in_one_sentence_everywhere(yard: Yard) -> None:
    other = yard.inbox.parent / "other"
    other.mkdir()
    (other / "a.csv").write_text("id\n1\n")
    (yard.inbox / "d").symlink_to(other)
    yard.settle()
    file = yard.files()["d"]
    assert (file.state, file.dataset) == (FileState.REFUSED, "d")
    assert file.reason is not None
    sentence = (file.reason.message, file.reason.hint)
    assert "inbox/d is a symbolic link" in file.reason.message
    assert "inbox/d" in file.reason.hint
    assert [(alert.message, alert.cause) for alert in told(yard)] == [sentence]
    assert examined(yard) == [" ".join(sentence)]
    assert asked(yard, "inbox/d") == asked(yard, "inbox/d/a.csv") == sentence
    with pytest.raises(FolderError) as caught:
        deliver(yard.works.layout.root, [other / "a.csv"], "inbox/d")
    assert (caught.value.message, caught.value.hint) == sentence
    (yard.inbox / "d").unlink()
    yard.scan()
    assert [alert.state for alert in told(yard)] == [AlertState.RESOLVED]
    assert examined(yard) == []


def test_what_is_to_be_done_about_two_folders_is_not_read_as_one_command(yard: Yard, tmp_path: Path) -> None:
    for name in ("c", "d"):
        (yard.inbox / name).symlink_to(tmp_path)
    yard.settle()
    yard.watch.report_stalled()
    faults = examined(yard)
    assert len(faults) == 2
    assert sorted(yard.watch.scan_failure().split("; ")) == sorted(faults)


@pytest.mark.parametrize("place", ["d", "d/2026-01"])
def test_a_folder_that_cannot_be_written_costs_no_row_and_is_told(yard: Yard, place: str) -> None:
    path = yard.drop(f"{place}/a.csv", "id\nk1\nk2\n")
    path.parent.chmod(0o555)
    yard.settle()
    yard.work()
    assert set(yard.ids()) == {"k1", "k2"}
    assert yard.states() == {f"{place}/a.csv": FileState.COMMITTED}
    [alert] = told(yard)
    assert f"inbox/{place} cannot be written by" in alert.message
    assert f"chmod u+rwx inbox/{place}" in alert.cause
    if place == "d":
        assert examined(yard) == [f"{alert.message} {alert.cause}"]
    [log] = yard.works.layout.job_logs.iterdir()
    assert alert.message in log.read_text()
    assert alert.cause in log.read_text()
    yard.drop("e/b.csv", "id\nk3\n")
    yard.settle()  # other folders go on, and nothing is taken in twice
    yard.work()
    yard.restart()
    yard.settle()
    assert yard.counts().committed == 2
    path.parent.chmod(0o755)
    assert [alert.state for alert in told(yard)] == [AlertState.RESOLVED]
    yard.scan()
    assert not path.exists(), "what could not leave its folder leaves it now"


def test_a_folder_that_cannot_be_read_is_told_in_the_same_words(yard: Yard) -> None:
    path = yard.drop("d/a.csv", "id\nk1\n")
    path.parent.chmod(0)
    yard.settle()
    file = yard.files()["d"]
    assert file.reason is not None
    sentence = f"{file.reason.message} {file.reason.hint}"
    assert "inbox/d cannot be read by" in sentence
    assert [f"{alert.message} {alert.cause}" for alert in told(yard)] == [sentence]
    assert examined(yard) == [sentence]
    assert " ".join(asked(yard, "inbox/d")) == sentence
    path.parent.chmod(0o755)
    yard.settle()
    yard.work()
    assert set(yard.ids()) == {"k1"}
    assert [alert.state for alert in told(yard)] == [AlertState.RESOLVED]


def test_a_drop_folder_that_cannot_be_read_loses_no_file_and_keeps_no_other_waiting(yard: Yard) -> None:
    yard.drop("d/a.csv", "id\nk1\n")
    yard.scan()
    yard.inbox.chmod(0)
    score = yard.works.layout.score / "m"
    score.mkdir()
    (score / "b.csv").write_text("id\n1\n")
    with pytest.raises(ShopfloorError, match="inbox cannot be read by"):
        yard.scan()
    assert yard.states() == {"d/a.csv": FileState.SETTLING, "score/m/b.csv": FileState.SETTLING}
    assert [detail.partition(" by ")[0] for detail in examined(yard)] == ["inbox cannot be read"]
    yard.inbox.chmod(0o700)
    yard.settle()
    yard.work()
    assert set(yard.ids()) == {"k1"}


def test_an_error_of_the_system_names_the_folder_that_is_to_blame(yard: Yard) -> None:
    root = yard.works.layout.root
    kept = yard.works.layout.quarantine / "d"
    kept.mkdir(mode=0o555)
    with pytest.raises(PermissionError) as caught:
        (kept / "a.csv").write_text("x")
    assert blame(caught.value, root).message.startswith("quarantine/d cannot be written by")
    assert blame(OSError(28, "No space left on device"), root).code == "disk_full"
    odd = blame(OSError(40, "Too many levels of symbolic links", str(kept / "x")), root)
    assert odd.message == "quarantine/d/x cannot be used: Too many levels of symbolic links."
