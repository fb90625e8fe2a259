"""`job log` tells what each job did, with figures, while it does it and afterwards."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.engine.harness import Shop
from tests.engine.waiting_recipe import WAITING, write_waiting_recipe
from tests.shell import APP

from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.requests.jobs import JobList, JobLog
from shopfloor.domain.requests.models import ModelDefine
from shopfloor.runtime.job_log import JobLogFile, forget_old_logs, tail
from shopfloor.serving import job_lines
from shopfloor.serving.records import CollectedPart, CollectOutcome
from shopfloor.workspace.layout import Layout

ROWS = [f"{n},{n % 17},{'yes' if (n * 7) % 17 > 8 else 'no'}" for n in range(700)]


def table(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def log(shop: Shop, kind: JobKind) -> str:
    """The log of the newest job of a kind."""
    job = shop.client.ask(JobList(kind=kind, limit=1)).rows[0]
    found = shop.client.ask(JobLog(id=job.id))
    assert found.ended
    return "\n".join(found.lines)


def test_every_kind_of_job_tells_what_it_did(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", table("id,x,y", ROWS[:600]))
    shop.settle()
    told = log(shop, JobKind.INTAKE)
    assert "one.csv (f1): 600 rows committed" in told
    assert "d@1: 600 rows written in 1 part, 3 columns" in told
    definition = ModelDefinition(name="m", dataset="d", target="y", id="id", known_before=("x",))
    shop.client.ask(ModelDefine(definition=definition))
    shop.settle()
    told = log(shop, JobKind.TRAIN)
    for words in (
        "of them judged",
        "Candidate linear: roc_auc ",
        "Chosen: ",
        "Artifact ",
        "Gate: promote.",
        "Gate check rows",
    ):
        assert words in told
    scored = [row.rpartition(",")[0] for row in ROWS[600:]]
    shop.write("score/m", "new.csv", table("id,x", scored))
    shop.settle()
    assert "new.csv (f2): 100 rows scored by m@1 into " in log(shop, JobKind.SCORE)
    known = [f"{row.split(',')[0]},{row.split(',')[2]}" for row in ROWS[600:]]
    shop.write("actuals/m", "known.csv", table("id,y", [*known, "9001,yes", "9002,no"]))
    shop.settle()
    assert "known.csv (f3): 102 actuals of m" in log(shop, JobKind.ACTUALS)
    told = log(shop, JobKind.MONITOR)
    assert re.search(r"m@1: \d checks of 100 rows", told)
    assert "performance: " in told
    assert "2 actuals belong to no prediction" in told
    shop.write("inbox/d", "bad.csv", "id,x,y\n1,2\n")
    shop.settle()
    told = log(shop, JobKind.INTAKE)
    assert "bad.csv (f4) is quarantined: " in told
    assert "No new version" in told
    assert told.splitlines()[-1].endswith("s")  # Succeeded after 1.2 s


def test_a_collected_log_is_told_by_version() -> None:
    part = PartFile(path="p", sha256="0" * 64, rows=12)
    now = datetime.now(UTC)
    outcome = CollectOutcome(
        parts=(CollectedPart(model="m", model_version=2, file=part, segment="s1", first_at=now, last_at=now),),
        offsets={},
        damaged=1,
    )
    assert list(job_lines.of_collect(outcome)) == [
        "m@2: 12 predictions over REST (s1)",
        "1 damaged line of the log skipped",
    ]
    assert list(job_lines.of_collect(CollectOutcome(parts=(), offsets={}))) == ["No new predictions."]


def test_a_running_job_is_followed_to_its_end(shop: Shop) -> None:
    go = write_waiting_recipe(shop.root)
    shop.write("inbox/d", "one.csv", table("id,x,y", ROWS))
    shop.settle()
    training = Training(candidates=(WAITING,))
    definition = ModelDefinition(name="m", dataset="d", target="y", id="id", training=training)
    shop.client.ask(ModelDefine(definition=definition))
    shop.until(lambda: bool(shop.client.ask(JobList(kind="train", state="running")).rows))
    [job] = shop.client.ask(JobList(kind="train", state="running")).rows
    follower = subprocess.Popen(
        [sys.executable, "-m", "shopfloor", "-w", str(shop.root), "job", "log", "-f", job.id],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(APP)},
    )  # fmt: skip
    assert follower.stdout is not None
    seen: list[str] = []
    for line in follower.stdout:
        seen.append(line)
        if "the recipe waits" in line:
            go.touch()
    assert follower.wait(60) == 0
    text = "".join(seen)
    assert "Started: " in seen[0]
    assert text.count("the recipe waits") >= 1
    assert f"Candidate {WAITING}" in text
    assert "Succeeded after" in seen[-1]
    assert len(set(seen)) >= len(seen) - text.count("the recipe waits"), "no line twice"


def test_only_whole_lines_are_given_and_none_twice(tmp_path: Path) -> None:
    path = tmp_path / "j1.log"
    assert tail(path, 0) == ("", 0)
    path.write_text("one\ntw")
    first, end = tail(path, 0)
    path.write_text("one\ntwo\n")
    assert (first, tail(path, end)[0], tail(path, tail(path, end)[1])[0]) == ("one\n", "two\n", "")


def test_logs_of_jobs_go_after_the_days_of_the_setting(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=91)

        def monotonic(self) -> float:
            return 0.0

    job = JobRecord(id="j1", kind=JobKind.TRAIN, subject="m", created_at=datetime.now(UTC))
    JobLogFile(layout, job, Later()).write("a \x1b[31mline")
    [path] = layout.job_logs.iterdir()
    assert "\x1b" not in path.read_text()
    forget_old_logs(layout, Later(), 0)
    forget_old_logs(layout, Later(), 92)
    assert path.exists()
    forget_old_logs(layout, Later(), 90)
    assert not path.exists()


def test_the_log_of_the_engine_is_rotated_and_takes_prints_along(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    code = (
        "import logging, pathlib, sys\n"
        "from shopfloor.engine.rotating_log import RotatingLog\n"
        "handler = RotatingLog(pathlib.Path(sys.argv[1]), most_bytes=500, most_files=3)\n"
        "logging.basicConfig(level=logging.INFO, handlers=[handler])\n"
        "for number in range(100):\n"
        "    logging.info('line %03d %s', number, 'x' * 40)\n"
        "    print('print', number, flush=True)\n"
    )
    with path.open("ab") as target:
        subprocess.run(
            [sys.executable, "-c", code, str(path)], check=True, stdout=target, stderr=target,
            env={**os.environ, "PYTHONPATH": str(APP)},
        )  # fmt: skip
    kept = sorted(tmp_path.iterdir())
    assert [one.name for one in kept] == ["engine.log", "engine.log.1", "engine.log.2"]
    assert all(one.stat().st_size < 700 for one in kept)
    assert kept[0].read_text().endswith("print 99\n")
    text = kept[1].read_text() + kept[0].read_text()
    assert [line for line in text.splitlines() if line.startswith("print")] == [
        f"print {number}" for number in range(100 - text.count("print"), 100)
    ]
