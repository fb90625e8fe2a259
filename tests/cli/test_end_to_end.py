"""The command line against a real engine: from an empty directory to a released, watched model."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shell import APP, Shell

pytestmark = pytest.mark.timeout(300)


def write_rows(path: Path, first: int, rows: int, seed: int) -> None:
    """Flights whose lateness follows from their distance and carrier, so that a model can learn it."""
    source = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["flight", "day", "carrier", "distance", "late"])
        for number in range(first, first + rows):
            distance, carrier = source.randint(100, 3000), source.choice("ABC")
            chance = 0.15 + 0.5 * (distance > 1500) + 0.25 * (carrier == "C")
            day = f"2026-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}"
            writer.writerow([f"n{number}", day, carrier, distance, "yes" if source.random() < chance else "no"])


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("end-to-end"))
    pid = shell.open(intake__settle_seconds="0.2", intake__scan_seconds="0.5")
    yield shell
    shell.close(pid)


@pytest.fixture(scope="module")
def trained(shell: Shell) -> Shell:
    write_rows(shell.folder / "january.csv", 0, 1500, seed=1)
    shell("add", str(shell.folder / "january.csv"), "--dataset", "flights")
    shell("wait", "--timeout", "120")
    shell(
        "model", "define", "late", "--dataset", "flights", "--target", "late", "--task", "classification",
        "--id", "flight", "--metric", "roc_auc", "--positive", "yes", "--seed", "3",
    )  # fmt: skip
    shell("wait", "--timeout", "170")
    return shell


def test_an_empty_workspace_says_what_to_do(shell: Shell) -> None:
    assert shell.json("model", "list") == []
    assert "shopfloor model define" in shell("model", "list").stderr
    status = shell.json("status")
    assert status["workspace"]
    assert status["engine"]["pid"] > 0


def test_files_become_versions(trained: Shell) -> None:
    (file,) = trained.json("file", "list", "--dataset", "flights")
    assert (file["state"], file["rows"], file["version"]) == ("committed", 1500, 1)
    assert trained.json("file", "show", file["id"]) == file
    (dataset,) = trained.json("dataset", "list")
    assert (dataset["name"], dataset["version"], dataset["rows"]) == ("flights", 1, 1500)
    version = trained.json("dataset", "show", "flights@1")
    assert version["files"] == [file["id"]]
    assert [column["name"] for column in version["columns"]] == ["flight", "day", "carrier", "distance", "late"]
    assert trained.json("dataset", "profile", "flights")["rows"] == 1500
    assert len(trained.json("dataset", "preview", "flights@1", "--limit", "3")["rows"]) == 3
    assert "carrier" in trained("dataset", "contract", "flights").stdout


def test_a_definition_trains_and_releases_the_first_version(trained: Shell) -> None:
    model = trained.json("model", "show", "late")
    assert (model["task"], model["metric"], model["champion"]) == ("binary", "roc_auc", 1)
    assert model["score"] > 0.6
    (run,) = trained.json("run", "list", "--model", "late")
    assert (run["state"], run["dataset_version"], run["seed"]) == ("succeeded", 1, 3)
    (version,) = trained.json("model", "versions", "late")
    assert version["run"] == run["id"]
    assert "champion" in version["aliases"]
    shown = trained("model", "show", "late").stdout
    assert "why" in shown
    assert "CHECK" in shown
    (move,) = [each for each in trained.json("model", "history", "late") if each["alias"] == "champion"]
    assert move["version"] == 1
    assert trained.json("model", "history", "late", "--as-of", "2020-01-01") == []


def test_predictions_of_a_file(trained: Shell) -> None:
    write_rows(trained.folder / "new.csv", 5000, 50, seed=2)
    done = trained("predict", "late", str(trained.folder / "new.csv"))
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert len(rows) == 50
    assert {"association_id", "model", "model_version", "segment", "prediction", "probability_yes"} <= set(rows[0])
    assert rows[0]["association_id"] == "n5000"
    report = trained.json("predict", "late", str(trained.folder / "new.csv"), "-o", "out.parquet")
    assert (report["rows"], report["model_version"]) == (50, 1)
    assert (trained.root / "out.parquet").exists()


def test_a_broken_file_waits_in_quarantine_with_its_reason(trained: Shell) -> None:
    (trained.folder / "broken.csv").write_text("flight,day,carrier,distance,late\nx,2026-01-01,A,far,no\n")
    trained("add", str(trained.folder / "broken.csv"), "--dataset", "flights")
    trained("wait", "--timeout", "120")
    (file,) = trained.json("file", "list", "--state", "quarantined")
    assert {"code", "message", "line", "column"} <= set(file["reason"])
    assert "why" in trained("file", "show", file["id"]).stdout
    assert "far" in trained("file", "inspect", file["id"]).stdout
    assert trained.json("file", "discard", file["id"], "--reason", "a test")["state"] == "discarded"
    assert trained.json("file", "list", "--state", "quarantined") == []


def test_lineage_leads_from_the_file_to_the_champion(trained: Shell) -> None:
    (file,) = trained.json("file", "list", "--state", "committed", "--dataset", "flights")[-1:]
    down = trained.json("lineage", file["id"], "--down")
    assert "model_version" in {node["kind"] for node in down["nodes"]}
    up = trained("lineage", "model:late@1", "--up").stdout
    assert file["id"] in up
    assert trained("lineage", file["id"], "--format", "dot").stdout.startswith("digraph")
    assert json.loads(trained("lineage", file["id"], "--format", "openlineage").stdout)


def test_questions_and_mistakes(trained: Shell) -> None:
    assert trained.json("sql", "SELECT 1 AS one") == [{"one": 1}]
    missing = trained("model", "show", "lat", expect=4)
    assert "late" in missing.stderr
    trained("dataset", "show", "flights@99", expect=4)
    trained("model", "rollback", "late", expect=5)
    trained("alert", "show", "a999", expect=4)
    error = json.loads(trained("job", "show", "j999", "--json", expect=4).stderr)["error"]
    assert {"code", "message", "hint"} == set(error)


def test_events_jobs_and_health(trained: Shell) -> None:
    events = trained.json("events", "--after", "0")
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert {"file.committed", "alias.moved"} <= {event["kind"] for event in events}
    last = events[-1]["seq"]
    assert trained.json("events", "--after", str(last)) == []
    jobs = trained.json("job", "list")
    assert {job["state"] for job in jobs} == {"succeeded"}
    trained("job", "log", jobs[0]["id"])
    assert trained.json("doctor")["ok"] is True
    assert Path(trained.json("backup")["path"]).name
    assert trained.json("gc", "--dry-run")["dry_run"] is True


def test_a_followed_event_arrives_as_one_json_line(trained: Shell) -> None:
    last = trained.json("events")[-1]["seq"]
    follower = subprocess.Popen(
        [sys.executable, "-m", "shopfloor", "events", "--follow", "--after", str(last), "--limit", "1", "--json"],
        cwd=trained.root, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(APP)},
    )  # fmt: skip
    trained("dataset", "define", "other", "--mode", "snapshot")
    out, _ = follower.communicate(timeout=60)
    assert json.loads(out)["seq"] > last
    assert follower.returncode == 0


def test_the_sdk_reads_what_the_command_line_wrote(trained: Shell) -> None:
    import shopfloor

    with shopfloor.open(trained.root) as factory:
        frame = factory.dataset("flights@1").frame()
        assert frame.shape == (1500, 5)
        answer = factory.model("late").predict(frame.head(10).set_index("flight", drop=False))
        assert answer.index.tolist() == frame["flight"].head(10).tolist()
        assert answer["association_id"].tolist() == frame["flight"].head(10).tolist()
        with factory.run(model="late", dataset="flights@1", params={"by": "hand"}) as run:
            run.log_metrics({"roc_auc": 0.5})
        assert factory.runs("late")[0].metrics == {"roc_auc": 0.5}
        assert factory.sql("SELECT 42 AS answer")["answer"].tolist() == [42]


def test_the_sdk_registers_a_model_that_can_be_promoted_and_rolled_back(trained: Shell) -> None:
    from sklearn.linear_model import LogisticRegression

    import shopfloor

    with shopfloor.open(trained.root) as factory:
        frame = factory.dataset("flights").frame()
        estimator = LogisticRegression().fit(frame[["distance"]], frame["late"])
        with factory.run(model="late", dataset="flights") as run:
            version = run.log_model(estimator, features=["distance"], task="binary")
    assert version.version > 1
    assert version.decision is not None
    assert version.decision.reason.startswith("Recorded by a notebook")
    assert trained.json("model", "versions", "late")[0]["decision"]["reason"] == version.decision.reason
    trained("model", "promote", f"late@{version.version}", "--reason", "by hand")
    assert trained.json("model", "show", "late")["champion"] == version.version
    trained("predict", "late", str(trained.folder / "new.csv"))
    trained("model", "rollback", "late", "--reason", "back again")
    assert trained.json("model", "show", "late")["champion"] == 1
    crowned = [move for move in trained.json("model", "history", "late") if move["alias"] == "champion"]
    assert [move["reason"] for move in crowned[:2]] == ["back again", "by hand"]


def test_a_bundle_serves_in_another_workspace_that_trusts_its_key(trained: Shell, tmp_path: Path) -> None:
    """The other side of an air gap: no dataset, no definition, another key."""
    bundle = tmp_path / "late.bundle"
    trained("model", "export", "late@1", str(bundle))
    (tmp_path / "there").mkdir()
    other = Shell(tmp_path / "there")
    other("init", "ws")
    try:
        refused = other("model", "import", str(bundle), expect=5)
        assert "another workspace's key" in refused.stderr
        assert "--key" in refused.stderr
        assert other.json("model", "list") == []
        key = str(trained.root / ".shopfloor" / "signing.key")
        imported = other.json("model", "import", str(bundle), "--key", key)
        assert (imported["model"], imported["version"], imported["aliases"]) == ("late", 1, [])
        assert other.json("model", "import", str(bundle), "--key", key)["version"] == 1
        (run,) = other.json("run", "list")
        assert (imported["run"], imported["dataset_version"]) == (run["id"], None)
        assert "run r1 on version 1" in run["notes"][0]
        other("model", "promote", "late@1", expect=5)
        other("model", "promote", "late@1", "--reason", "carried here")
        write_rows(tmp_path / "new.csv", 5000, 20, seed=2)
        assert len(other("predict", "late", str(tmp_path / "new.csv")).stdout.splitlines()) == 21
        assert "healthy" in other("doctor").stdout
    finally:
        other("down")


def test_down_and_up_again(trained: Shell) -> None:
    before = trained.json("status")["engine"]
    trained("down")
    trained("status", "--no-start", expect=3)
    assert "is not running" in trained("down").stderr
    trained("up")
    after = trained.json("status")["engine"]
    assert after["epoch"] > before["epoch"]
    assert trained.json("model", "show", "late")["champion"] == 1
