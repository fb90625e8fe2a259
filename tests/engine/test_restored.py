"""Backup, a day of work, restore: the workspace is that of the backup, and the line goes on from there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shell import Shell

ROWS = 300


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    made.open(intake__settle_seconds="0.2", engine__workers="1")
    yield made
    made("down")


def _deliver(shell: Shell, name: str, seed: int) -> None:
    drawn = random.Random(seed)
    rows = []
    for number in range(ROWS):
        x = drawn.gauss(0, 1)
        rows.append(f"{seed}-{number},{x:.4f},{'yes' if x + drawn.gauss(0, 1) > 0 else 'no'}")
    path = shell.folder / name
    path.write_text("\n".join(["id,x,bought", *rows]) + "\n")
    shell("add", str(path), "--dataset", "buyers")
    shell("wait", "--timeout", "120")


def test_after_a_restore_of_an_older_backup_the_doctor_is_content_and_the_line_goes_on(shell: Shell) -> None:
    _deliver(shell, "a.csv", 1)
    shell(
        "model", "define", "worth", "--dataset", "buyers", "--target", "bought", "--id", "id", "--positive", "yes",
        "--candidates", "linear", "--seed", "3",
    )  # fmt: skip
    shell("wait", "--timeout", "120")
    assert shell.json("model", "show", "worth")["champion"] == 1
    backup = shell.json("backup")["path"]

    _deliver(shell, "b.csv", 2)
    shell("model", "train", "worth")
    shell("wait", "--timeout", "120")
    newest = shell.json("model", "versions", "worth")[0]["version"]
    assert newest > 1
    shell("model", "promote", f"worth@{newest}", "--reason", "needed")
    (shell.folder / "bad.csv").write_text("id,x,bought\n1,2\n")
    shell("add", str(shell.folder / "bad.csv"), "--dataset", "buyers")
    shell("wait", "--timeout", "120")

    shell("down")
    told = shell("restore", backup, "--yes").stderr
    assert "2 files that came later are delivered again" in told
    assert "All stored objects of that time are there" in told
    shell("up")
    assert shell.json("doctor")["ok"], shell("doctor").stdout
    shell("wait", "--timeout", "120")

    assert shell.json("dataset", "show", "buyers")["rows"] == 2 * ROWS
    assert sorted(file["state"] for file in shell.json("file", "list")) == ["committed", "committed", "quarantined"]
    runs = {run["id"] for run in shell.json("run", "list")}
    versions = shell.json("model", "versions", "worth")
    assert {version["run"] for version in versions} <= runs
    assert shell.json("model", "show", "worth")["champion"] in {version["version"] for version in versions}
    assert shell.json("doctor")["ok"], shell("doctor").stdout
