"""`wait` says that all is done only when it is, and what keeps it from being so is visible where people look."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.shell import APP, Shell
from tests.waiting import until

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.recording import RunEnding, RunEntry, RunOpening
from shopfloor.domain.requests.runs import RunLog, RunShow
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.workspace.process import ProcessState, own_identity, process_state

ROWS = "id,x,y\n" + "".join(f"{n},{n % 17},{'yes' if n % 17 > 8 else 'no'}\n" for n in range(300))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    pid = made.open(intake__settle_seconds="0.2", intake__scan_seconds="1.0", engine__workers="1")
    yield made
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if made.root.exists():
        made("down", expect=None)  # another one may have been started since


def test_a_failed_training_is_seen_everywhere_until_it_is_made_good(shell: Shell) -> None:
    recipe = shell.root / "recipes" / "mine.py"
    recipe.parent.mkdir(exist_ok=True)
    recipe.write_text("def build(*a, **k):\n    raise ValueError('no such thing')\n")
    (shell.folder / "a.csv").write_text(ROWS)
    shell("add", str(shell.folder / "a.csv"), "-d", "d")
    shell("wait")
    shell("model", "define", "m", "--dataset", "d", "--target", "y", "--id", "id",
          "--candidates", "recipes/mine.py:build")  # fmt: skip
    told = shell("wait", expect=1).stderr
    assert "of m failed: Every candidate failed." in told
    [job] = shell.json("job", "list", "--unresolved")
    assert f"shopfloor job log {job['id']}" in told
    assert shell.json("status")["jobs"]["failed"] == 1
    assert "1 failed: shopfloor job list --unresolved" in shell("status").stdout
    recipe.write_text(
        "from sklearn.tree import DecisionTreeClassifier\n\n\n"
        "def build(*a, **k):\n    return DecisionTreeClassifier(max_depth=2)\n"
    )
    shell("job", "retry", job["id"])
    assert "All files and jobs are done." in shell("wait").stderr
    assert shell.json("status")["jobs"]["failed"] == 0
    assert shell.json("job", "list", "--unresolved") == []


def test_a_scan_that_fails_is_no_end(shell: Shell) -> None:
    inbox = shell.root / "inbox"
    inbox.rmdir()
    inbox.write_text("in the way")
    told = shell("wait", expect=1).stderr
    assert "inbox is not a folder" in told
    assert "All files" not in told
    assert shell.json("wait", expect=1)["problems"]
    shell("scan", expect=1)
    inbox.unlink()
    shell("wait")


def test_files_in_quarantine_are_told_and_no_failure(shell: Shell) -> None:
    (shell.folder / "a.csv").write_text(ROWS)
    (shell.folder / "b.csv").write_text("id,x,y\n1,2\n3,4\n")
    shell("add", str(shell.folder / "a.csv"), "-d", "d")
    shell("wait")
    shell("add", str(shell.folder / "b.csv"), "-d", "d")
    assert "1 file is in quarantine. See: shopfloor file list --state quarantined" in shell("wait").stderr


def test_an_engine_whose_workspace_moves_ends_and_another_goes_on_in_the_new_place(shop: Shop, tmp_path: Path) -> None:
    shop.write("inbox/d", "a.csv", ROWS)
    shop.settle()
    pid = shop.pid()
    there = tmp_path / "there"
    shop.root.rename(there)
    waiting = _shopfloor("wait", "--workspace", str(there))
    while waiting.returncode == 3:  # answered by the engine that is about to end
        assert "was moved to" in waiting.stderr or "is not running" in waiting.stderr
        waiting = _shopfloor("wait", "--workspace", str(there))
    assert waiting.returncode == 0, waiting.stderr
    shop.root = there
    shop.start()
    status = shop.status()
    assert status.engine.pid != pid
    assert (status.workspace, status.files.committed, status.files.seen) == (str(there), 1, 1)
    log = (there / ".shopfloor" / "run" / "engine.log").read_text()
    assert f"was moved to {there}" in log


def test_who_waits_while_the_workspace_is_deleted_is_told(shop: Shop) -> None:
    pid = shop.pid()
    shutil.rmtree(shop.root, ignore_errors=True)
    until(lambda: process_state(pid) is ProcessState.DEAD)
    shutil.rmtree(shop.root, ignore_errors=True)
    with pytest.raises(ShopfloorError, match="it was moved or deleted"):
        shop.status()
    assert not shop.root.exists(), "a client made the workspace again"


def record(shop: Shop, key: str, process: str = "", ending: RunEnding | None = None) -> RunRecord:
    opening = RunEntry(key=key, at=datetime.now(UTC), opening=RunOpening(model="notebook", process=process))
    return shop.client.ask(RunLog(entries=(opening, RunEntry(key=key, at=opening.at, ending=ending))))


def test_a_run_whose_notebook_dies_is_lost(shop: Shop) -> None:
    mine = record(shop, "mine", own_identity())
    code = (
        "import os, shopfloor, sys\n"
        "factory = shopfloor.open(sys.argv[1])\n"
        "with factory.run(params={'depth': 4}) as run:\n"
        "    print(run.id, flush=True)\n"
        "    run.log_metric('last', 1.0)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code, str(shop.root)], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(APP)},
    )  # fmt: skip
    id = died.stdout.strip()
    shop.until(lambda: shop.client.ask(RunShow(id=id)).state is RunState.LOST)
    lost = shop.client.ask(RunShow(id=id))
    assert lost.error is not None
    assert "ended without closing it" in lost.error
    assert (lost.params, lost.metrics) == ({"depth": 4}, {"last": 1.0})
    assert shop.client.ask(RunShow(id=mine.id)).state is RunState.RUNNING
    shop.kill()
    shop.start()
    assert record(shop, "mine", ending=RunEnding()).state is RunState.SUCCEEDED
    assert shop.client.ask(RunShow(id="mine")).id == mine.id


def test_a_recorder_that_the_engine_cannot_see_is_left_alone(shop: Shop) -> None:
    boot, _, start = own_identity().split(":")
    assert record(shop, "unseen", f"{boot}:{2**22 + 1}:{start}").process == ""
    assert record(shop, "seen", own_identity()).process == own_identity()


def _shopfloor(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopfloor", *words], capture_output=True, text=True, timeout=180,
        env={**os.environ, "PYTHONPATH": str(APP)},
    )  # fmt: skip
