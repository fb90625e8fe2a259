"""A disk that fills: first intake and training wait, then changes are refused; with space again all goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shell import Shell
from tests.waiting import until

from shopfloor.engine import degraded
from shopfloor.serving.metrics import Metrics, degraded_engine
from shopfloor.workspace.layout import Layout

_MORE_THAN_ANY_DISK = "1000000000"  # megabytes


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    made.open(intake__settle_seconds="0.2", engine__workers="1")
    yield made
    made("down")


def _codes(shell: Shell) -> list[str]:
    return [one["code"] for one in shell.json("status")["engine"]["degraded"]]


def _deliver(shell: Shell, name: str) -> None:
    path = shell.folder / name
    path.write_text("id,x\n" + "".join(f"{name}-{number},{number}\n" for number in range(50)))
    shell("add", str(path), "--dataset", "numbers")


def test_intake_waits_at_the_soft_mark_and_goes_on_by_itself(shell: Shell) -> None:
    shell("config", "set", "intake.reserve_mb", _MORE_THAN_ANY_DISK)
    until(lambda: "disk_low" in _codes(shell))
    (told,) = (one for one in shell.json("status")["engine"]["degraded"] if one["code"] == "disk_low")
    assert "nearly full" in told["message"]
    assert told["since"]
    assert "DEGRADED: The disk is nearly full" in " ".join(shell("status").stdout.split())
    finding = next(each for each in shell.json("doctor", expect=1)["findings"] if each["check"] == "engine")
    assert not finding["ok"]
    assert 'engine_degraded{cause="disk_low"} 1' in Metrics().text({}, degraded_engine(shell.root))

    _deliver(shell, "a.csv")
    until(lambda: [file["state"] for file in shell.json("file", "list")] == ["waiting"])
    told = shell("wait", expect=1).stderr  # at once: only a person can end this
    assert "The disk is nearly full" in told
    assert "1 file is unsettled" in told
    shell("config", "set", "intake.reserve_mb", "1")
    shell("wait", "--timeout", "120")
    assert [file["state"] for file in shell.json("file", "list")] == ["committed"]
    assert "disk_low" not in _codes(shell)
    assert 'engine_degraded{cause="disk_low"} 0' in Metrics().text({}, degraded_engine(shell.root))


def test_changes_are_refused_at_the_hard_mark_and_questions_are_answered(shell: Shell) -> None:
    _deliver(shell, "b.csv")
    shell("wait", "--timeout", "120")
    define = ("model", "define", "m", "--dataset", "numbers", "--target", "x")
    shell("config", "set", "engine.reserve_mb", _MORE_THAN_ANY_DISK)
    until(lambda: "disk_full" in _codes(shell))
    refused = shell(*define, expect=5).stderr
    assert "Nothing can be changed now. The disk is full" in refused
    assert "engine.reserve_mb" in refused
    assert shell.json("dataset", "show", "numbers")["rows"] == 50
    shell("down")  # stops all the same
    shell("up")
    assert "disk_full" in _codes(shell)
    shell("config", "set", "engine.reserve_mb", "1")
    until(lambda: "disk_full" not in _codes(shell))
    shell(*define)


def test_a_scan_that_fails_degrades_the_engine_until_it_works(shell: Shell) -> None:
    inbox = shell.root / "inbox"
    inbox.rename(shell.root / "moved")
    inbox.write_text("in the way")
    until(lambda: "scan" in _codes(shell))
    inbox.unlink()
    until(lambda: _renamed(shell.root / "moved", inbox))
    until(lambda: "scan" not in _codes(shell))
    kinds = [event["kind"] for event in shell.json("events")]
    assert {"engine.degraded", "engine.recovered"} <= set(kinds)


def _renamed(source: Path, target: Path) -> bool:
    """Over the folder that the engine makes in its place, once that is empty."""
    try:
        source.rename(target)
    except OSError:
        return False
    return True


def test_settings_that_cannot_be_used_are_told_until_they_can(shell: Shell) -> None:
    """Also by an engine that starts with them: it would share, mark and retain by the defaults, and nobody knew."""
    file = Layout(shell.root).settings
    text = file.read_text()
    shell("down")
    file.write_text(text.replace("[team]", '[team]\ngroup = "no-such-group"'))
    shell("up")
    (told,) = (one for one in shell.json("status")["engine"]["degraded"] if one["code"] == "settings")
    assert told["message"].startswith("workspace.toml cannot be used, so the defaults hold: ")
    assert "no-such-group" in told["message"]
    file.write_text(text)
    until(lambda: "settings" not in _codes(shell))


def test_a_read_only_mount_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    layout.create()
    assert degraded._read_only(layout) == ""

    class Mounted:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr("shopfloor.workspace.folders.os.statvfs", lambda path: Mounted())
    assert "is mounted read-only." in degraded._read_only(layout)
