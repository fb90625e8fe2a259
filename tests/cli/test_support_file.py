"""The support file tells what a workspace is and did, and nothing of what it holds."""

from __future__ import annotations

import io
import json
import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shell import Shell

from shopfloor.client.support.redaction import Redaction

CANARY = "zqxwv"  # no word of any message
NUMBER = "7391846502"
RECIPE = f"""
def build(*a, **k):
    print("row", "{CANARY}", "of the data")
    raise ValueError("could not convert {CANARY} {NUMBER}")
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    pid = made.open(intake__settle_seconds="0.2", intake__scan_seconds="1.0", engine__workers="1")
    yield made
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass
    made("down")


def filled(shell: Shell) -> str:
    """A workspace with the canary in cells, names of files, a recipe, a command, a person's words; its token."""
    rows = "".join(f"{n},{n % 17},{CANARY},{'yes' if n % 17 > 8 else 'no'}\n" for n in range(300))
    (shell.folder / f"{CANARY}.csv").write_text(f"id,x,g,y\n{rows}")
    (shell.folder / "bad.csv").write_text(f"id,x,g,y\n1,{CANARY},{NUMBER},yes\n" + f"2,{NUMBER}x,b,no\n" * 5)
    (shell.root / "recipes").mkdir(exist_ok=True)
    (shell.root / "recipes" / "leaky.py").write_text(RECIPE)
    shell("config", "set", "notify", f'["curl", "https://{CANARY}"]')
    shell("add", str(shell.folder / f"{CANARY}.csv"), "-d", "orders")
    shell("wait")
    shell("model", "define", "m", "--dataset", "orders", "--target", "y", "--id", "id",
          "--candidates", "recipes/leaky.py:build")  # fmt: skip
    shell("wait", expect=1)
    shell("add", str(shell.folder / "bad.csv"), "-d", "orders")
    shell("wait", expect=1)
    return str(shell.json("token", "create", CANARY)["token"])


def contents(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_what_helps_and_nothing_of_the_data(shell: Shell) -> None:
    token = filled(shell)
    target = shell.folder / "support.zip"
    told = shell("doctor", "--bundle", str(target)).stderr
    assert "Look through it before you pass it on." in told
    held = contents(target)
    for secret in (CANARY, NUMBER, token, token[:12]):
        assert [name for name, text in held.items() if secret in text or secret in name] == []
    assert target.stat().st_mode & 0o077 == 0
    jobs = json.loads(held["jobs.json"])
    assert {job["kind"] for job in jobs} == {"intake", "train"}
    assert [(one["dataset"], one["rows"]) for one in json.loads(held["schema.json"])["datasets"]] == [("orders", 300)]
    assert json.loads(held["status.json"])["files"]["seen"] == 2
    assert {one["check"] for one in json.loads(held["doctor.json"])} >= {"store", "journal", "disk"}
    assert json.loads(held["settings.json"])["engine"]["workers"] == 1
    assert "duckdb" in json.loads(held["versions.json"])["packages"]
    logs = "\n".join(text for name, text in held.items() if name.startswith("jobs/"))
    assert "300 rows committed" in logs
    assert "is quarantined" in logs
    assert "Failed: " in logs
    assert "serves" in held["engine.log"]
    # Looking into it must have been possible: the canary is where it was taken from.
    assert CANARY in "\n".join(path.read_text() for path in (shell.root / ".shopfloor/run/jobs").glob("*.log"))
    assert "exists already" in shell("doctor", "--bundle", str(target), expect=5).stderr


def test_it_is_made_without_an_engine_and_with_one_that_is_held(shell: Shell) -> None:
    pid = shell.json("status")["engine"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    shell("doctor", "--bundle", str(shell.folder / "held.zip"))
    os.kill(pid, signal.SIGCONT)
    held = contents(shell.folder / "held.zip")
    assert json.loads(held["process.json"])["state"] == "stopped"
    assert json.loads(held["status.json"]) == {"error": "engine_stopped"}
    shell("down")
    assert "was stopped by" in shell("doctor", "--bundle", str(shell.folder / "down.zip")).stderr
    assert "engine.log" in contents(shell.folder / "down.zip")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("zqxwv.csv (f4) is quarantined: Line 302", "▒.csv (f4) is quarantined: Line 302"),
        ("Column 'x' holds 'secret'", "Column ▒ holds ▒"),
        ("the column's 'secret' and the model's name", "the column's ▒ and the model's name"),
        ("value 7391846502 and 1,234,567", "value ▒ and ▒"),
        ("on 1200 rows, roc_auc 0.9908", "on 1200 rows, roc_auc 0.9908"),
    ],
)
def test_only_known_words_stay(text: str, shown: str) -> None:
    assert Redaction(["orders"]).text(text) == shown


def test_of_a_traceback_the_places_stay() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/opt/x/site-packages/shopfloor/runtime/worker.py", line 12, in run',
        "    secret = 1",
        '  File "/home/ana/recipes/secret.py", line 3, in build',
        "ValueError: secret",
        "a row of data",
    ]
    assert Redaction().log(lines) == [
        "Traceback (most recent call last):",
        "  shopfloor/runtime/worker.py, line 12, in run",
        "(1 lines that Shopfloor did not write are left out)",
        "  a file of the team, line 3",
        "ValueError: ▒",
        "(1 lines that Shopfloor did not write are left out)",
    ]
