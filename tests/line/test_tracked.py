"""A script's run lives through whatever becomes of the engine meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest
from tests.shell import APP, Shell

SCRIPT = """
import sys, shopfloor
factory = shopfloor.open(sys.argv[1])
with factory.run(name="long", params={"depth": 4}) as run:
    run.log_metric("loss", 1.0, step=0)
    print(run.id, flush=True)
    sys.stdin.readline()
    for step in range(1, 4):
        run.log_metric("loss", 1 / (1 + step), step=step)
    run.log_metric("worst", float("inf"))
    with run.child(name="inner") as inner:
        inner.log_params({"fold": 1})
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    made.open(engine__workers="1")
    yield made
    made("down")


def test_a_run_outlives_an_engine_that_is_killed_while_it_logs(shell: Shell) -> None:
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(shell.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(APP)},
    )  # fmt: skip
    assert script.stdout is not None
    first = script.stdout.readline().strip()
    assert shell.json("run", "show", first)["metrics"] == {"loss": 1.0}
    os.kill(shell.json("status")["engine"]["pid"], SIGKILL)
    script.communicate("go on\n")
    assert script.returncode == 0  # and no engine runs
    shell("up")
    inner, outer = shell.json("run", "list")
    assert (outer["id"], outer["state"], outer["name"], outer["params"]) == (first, "succeeded", "long", {"depth": 4})
    assert outer["metrics"] == {"loss": 0.25, "worst": "Infinity"}
    assert (inner["parent"], inner["state"], inner["params"]) == (first, "succeeded", {"fold": 1})
    shown = shell.json("run", "show", first)
    assert shown["steps"] == {"loss": [[0, 1.0], [1, 0.5], [2, 1 / 3], [3, 0.25]]}
    told = [event["kind"] for event in shell.json("events") if event["data"].get("run") == first]
    assert sorted(told) == ["run.finished", "run.started"]
