"""What each command asks, and what it does with the answer."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli import samples
from tests.cli.recording import RecordingClient

from shopfloor.cli.commands.down import await_end
from shopfloor.cli.commands.events import read_new, read_past
from shopfloor.cli.commands.wait import wait_for_idle
from shopfloor.cli.main import run
from shopfloor.cli.output import decisions
from shopfloor.cli.session import Session
from shopfloor.client.restore import Restored
from shopfloor.domain.contract import Parser
from shopfloor.domain.definition import ReleasePolicy, Task
from shopfloor.domain.errors import NotFoundError, ShopfloorError, UnreachableError
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileState
from shopfloor.domain.page import Page
from shopfloor.domain.release import Outcome
from shopfloor.domain.requests.alerts import AlertList, CheckList
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetDiff, DatasetPreviewShow, DatasetVersionShow
from shopfloor.domain.requests.files import FileList, FileRetry
from shopfloor.domain.requests.jobs import EventList, JobList
from shopfloor.domain.requests.models import (
    ModelDefine,
    ModelDefinitionShow,
    ModelExport,
    ModelHistory,
    ModelRollback,
    ModelShow,
    Predict,
)
from shopfloor.domain.requests.request import Request
from shopfloor.domain.requests.runs import RunList
from shopfloor.domain.requests.workspace import AwaitIdle, IdleReport, LineageShow, QueryTable, SqlQuery, StatusShow

Engine = Callable[..., RecordingClient]


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("file list --dataset flights --state quarantined --purpose data --query x --limit 5 --offset 2",
         FileList(dataset="flights", state="quarantined", purpose="data", query="x", limit=5, offset=2)),
        ("dataset show flights@v2", DatasetVersionShow(ref="flights@2")),
        ("dataset diff flights@1 2", DatasetDiff(left="flights@1", right="flights@2")),
        ("dataset diff flights@1", DatasetDiff(left="flights@1", right="flights")),
        ("dataset diff flights@1 2 --rows", DatasetDiff(left="flights@1", right="flights@2", rows=True)),
        ("dataset diff flights@1 2 --key a,b --limit 3",
         DatasetDiff(left="flights@1", right="flights@2", rows=True, key=("a", "b"), limit=3)),
        ("dataset diff flights@1 --key ''", DatasetDiff(left="flights@1", right="flights", rows=True, key=())),
        ("dataset preview flights@2 --limit 3", DatasetPreviewShow(ref="flights@2", limit=3)),
        ("dataset define flights --mode upsert --key a,b",
         DatasetDefine(name="flights", mode="upsert", key=("a", "b"))),
        ("dataset define flights --time day --schema-policy rescue",
         DatasetDefine(name="flights", time="day", schema_policy="rescue")),
        ("dataset define flights --key '' --time ''", DatasetDefine(name="flights", key=(), time="")),
        ("dataset define flights --repeated no --fresh-hours 4 --min-rows 2",
         DatasetDefine(name="flights", repeated=False, fresh_hours=4.0, min_rows=2)),
        ("file retry f1 --rename a=b --rename c=d --missing -999,x --missing y --skip-lines 2 --keep",
         FileRetry(id="f1", keep=True, parser=Parser(
             rename=("a=b", "c=d"), missing=("-999", "x", "y"), skip_lines=2))),
        ("model history late --as-of 2026-06-30T12:00:00Z",
         ModelHistory(name="late", as_of=datetime(2026, 6, 30, 12, tzinfo=UTC))),
        ("model history late --as-of 2026-06-30",
         ModelHistory(name="late", as_of=datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC))),
        ("run list --model late --state failed --sort score", RunList(model="late", state="failed", sort="score")),
        ("alert list --model late --state open", AlertList(subject="late", state="open")),
        ("monitor checks late --history", CheckList(model="late", history=True)),
        ("job list --kind train --state lost", JobList(kind="train", state="lost")),
        ("lineage r7", LineageShow(ref="r7", direction="both")),
        ("lineage r7 --up", LineageShow(ref="r7", direction="up")),
        ("lineage r7 --up --down", LineageShow(ref="r7", direction="both")),
        ("lineage r7 --down --as-of 2026-06-30T12:00:00Z --format dot",
         LineageShow(ref="r7", direction="down", as_of=datetime(2026, 6, 30, 12, tzinfo=UTC))),
        ("sql 'SELECT 1' --limit 3", SqlQuery(statement="SELECT 1", limit=3)),
    ],
)  # fmt: skip
def test_what_is_asked(line: str, request_: Request[Any], engine: Engine) -> None:
    import shlex

    client = engine()
    assert run(shlex.split(line)) == 0
    assert request_ in client.asked


@pytest.mark.parametrize("line", ["-w {} status", "status -w {}"])
def test_the_workspace_is_named_before_or_after_the_command(
    line: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "workspace.toml").touch()
    client = RecordingClient(other)
    roots: list[Path] = []

    def connect(root: Path, start: bool = True) -> RecordingClient:
        roots.append(root)
        return client

    monkeypatch.setattr("shopfloor.client.start.connect", connect)
    assert run(line.format(other).split()) == 0
    assert roots == [other]


def test_a_group_takes_the_workspace_too(engine: Engine, workspace: Path) -> None:
    engine()
    assert run(["model", "-w", str(workspace), "list"]) == 0


class TestDefine:
    def new(self, engine: Engine, *flags: str, **answers: Any) -> tuple[int, Any]:
        client = engine({"model.definition": NotFoundError("no such model"), **answers})
        code = run(["model", "define", "late", *flags])
        asked = [each for each in client.asked if isinstance(each, ModelDefine)]
        return code, asked[0] if asked else None

    def test_flags_suffice(self, engine: Engine) -> None:
        code, asked = self.new(
            engine, "--dataset", "flights", "--target", "late", "--task", "binary", "--time", "at", "--id", "flight",
            "--segment-by", "origin,carrier", "--exclude", "tail", "--metric", "roc_auc", "--positive", "yes",
            "--release", "approval", "--budget", "30", "--seed", "7", "--no-train",
        )  # fmt: skip
        assert code == 0
        assert asked.train is False
        found = asked.definition
        assert (found.name, found.dataset, found.target, found.time) == ("late", "flights", "late", "at")
        assert (found.task, found.id, found.positive) == (Task.BINARY, "flight", "yes")
        assert (found.segment_by, found.exclude) == (("origin", "carrier"), ("tail",))
        assert (found.training.metric, found.training.budget_seconds, found.training.seed) == ("roc_auc", 30.0, 7)
        assert found.release.policy is ReleasePolicy.APPROVAL

    def test_without_a_terminal_what_is_missing_is_an_error(self, engine: Engine, capsys: Any) -> None:
        code, asked = self.new(engine, "--dataset", "flights")
        assert (code, asked) == (2, None)
        assert "--target" in capsys.readouterr().err

    def test_in_a_terminal_what_is_missing_is_asked_for(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr("sys.stdin", Terminal("flights\ndelay\n"))
        monkeypatch.setattr("sys.stderr", Terminal())
        code, asked = self.new(engine)
        assert code == 0
        assert (asked.definition.dataset, asked.definition.target) == ("flights", "delay")

    @pytest.mark.parametrize(("distinct", "task"), [(2, Task.BINARY), (7, Task.MULTICLASS), (None, None)])
    def test_classification_is_settled_by_the_number_of_classes(
        self, engine: Engine, distinct: int | None, task: Task | None
    ) -> None:
        column = msgspec.structs.replace(samples.PROFILE.columns[0], name="late", distinct=distinct)
        profile = msgspec.structs.replace(samples.PROFILE, columns=(column,))
        _, asked = self.new(
            engine, "--dataset", "flights", "--target", "late", "--task", "classification",
            **{"dataset.profile": profile},
        )  # fmt: skip
        assert asked.definition.task is task

    def test_classification_before_the_first_row_is_left_to_the_training(self, engine: Engine) -> None:
        code, asked = self.new(
            engine, "--dataset", "flights", "--target", "late", "--task", "classification",
            **{"dataset.profile": NotFoundError("no version")},
        )  # fmt: skip
        assert code == 0
        assert asked.definition.task is None

    def test_a_model_that_exists_keeps_what_is_not_given(self, engine: Engine) -> None:
        client = engine()
        assert run(["model", "define", "late-arrival", "--seed", "9"]) == 0
        assert client.asked[0] == ModelDefinitionShow(name="late-arrival")
        changed = next(each for each in client.asked if isinstance(each, ModelDefine)).definition
        training = msgspec.structs.replace(samples.DEFINITION.training, seed=9)
        assert changed == msgspec.structs.replace(samples.DEFINITION, training=training)

    def test_an_unusable_name_is_refused_before_anything_is_asked(self, engine: Engine) -> None:
        client = engine()
        assert run(["model", "define", "Late Arrival", "--dataset", "d", "--target", "t"]) == 2
        assert client.asked == []


class TestRelease:
    def test_a_rollback_to_a_named_version_happens_only_where_it_leads(self, engine: Engine, capsys: Any) -> None:
        client = engine()
        assert run(["model", "rollback", "late-arrival@1"]) == 0
        assert client.asked == [ModelShow(name="late-arrival"), ModelRollback(name="late-arrival")]
        assert run(["model", "rollback", "late-arrival@2"]) == 0
        assert "No change: v2 is already the champion of late-arrival." in capsys.readouterr().err
        assert run(["model", "rollback", "late-arrival@3"]) == 5
        assert "promote late-arrival@3" in capsys.readouterr().err
        assert sum(isinstance(each, ModelRollback) for each in client.asked) == 1

    def test_show_finds_a_version_by_number_or_alias(self, engine: Engine, capsys: Any) -> None:
        engine()
        for ref in ("late-arrival@2", "late-arrival@v2", "late-arrival@champion"):
            assert run(["model", "show", ref]) == 0
            assert "late-arrival@2" in capsys.readouterr().out
        assert run(["model", "show", "late-arrival@9"]) == 4

    def test_export_refuses_to_overwrite(self, engine: Engine, workspace: Path) -> None:
        client = engine()
        (workspace / "old.bundle").touch()
        assert run(["model", "export", "late-arrival", "old.bundle"]) == 5
        assert run(["model", "export", "late-arrival", "old.bundle", "--force"]) == 0
        assert run(["model", "export", "late-arrival"]) == 0
        paths = [each.path for each in client.asked if isinstance(each, ModelExport)]
        assert paths == [str(workspace / "old.bundle"), str(workspace / "late-arrival-v2.shopfloor")]


class TestPredict:
    @pytest.fixture
    def rows(self, workspace: Path) -> Path:
        path = workspace / "rows.csv"
        path.write_text("a\n1\n", encoding="utf-8")
        return path

    def writing(
        self,
        workspace: Path,
        monkeypatch: pytest.MonkeyPatch,
        content: bytes = b"association_id,prediction\n1,yes\n",
    ) -> list[Predict]:
        asked: list[Predict] = []

        class Scoring(RecordingClient):
            def ask(self, request: Any, *, timeout: float = 30.0) -> Any:
                assert isinstance(request, Predict)
                asked.append(request)
                Path(request.output).write_bytes(content)
                return msgspec.structs.replace(samples.PREDICTED, output=request.output)

        monkeypatch.setattr("shopfloor.client.start.connect", lambda root, start=True: Scoring(workspace))
        return asked

    def test_to_a_file(self, rows: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        asked = self.writing(workspace, monkeypatch)
        assert run(["predict", "late", "rows.csv", "-o", "out.csv"]) == 0
        assert asked == [Predict(model="late", path=str(rows), output=str(workspace / "out.csv"))]
        shown = capsys.readouterr()
        assert shown.out == f"{workspace / 'out.csv'}\n"
        assert "Ignored columns: note." in shown.err

    def test_one_row_is_one_row(self, rows: Path, engine: Engine, capsys: Any) -> None:
        engine({"model.predict": msgspec.structs.replace(samples.PREDICTED, rows=1)})
        assert run(["predict", "late", "rows.csv", "-o", "out.csv"]) == 0
        assert "1 row scored by" in capsys.readouterr().err

    def test_to_stdout_leaving_no_file_behind(
        self, rows: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any
    ) -> None:
        asked = self.writing(workspace, monkeypatch)
        assert run(["predict", "late", "rows.csv"]) == 0
        assert capfdbinary.readouterr().out == b"association_id,prediction\n1,yes\n"
        assert not Path(asked[0].output).exists()

    @pytest.mark.parametrize(
        ("content", "rows_"),
        [
            (
                (
                    b'"association_id","model","model_version","segment","prediction","probability_0"\n'
                    b'"7","late",1,,"0",0.25\n"8","late",1,"a, ""b""",,\n'
                ),
                [
                    {"association_id": "7", "model": "late", "model_version": 1, "segment": None, "prediction": "0",
                     "probability_0": 0.25},
                    {"association_id": "8", "model": "late", "model_version": 1, "segment": 'a, "b"',
                     "prediction": None, "probability_0": None},
                ],
            ),
            (b'"association_id","prediction"\n"7",1.5\n', [{"association_id": "7", "prediction": 1.5}]),
            (b'"association_id","prediction"\n', []),
        ],
    )  # fmt: skip
    def test_as_one_json_document(
        self, content: bytes, rows_: Any, rows: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
    ) -> None:
        self.writing(workspace, monkeypatch, content)
        assert run(["predict", "late", "rows.csv", "--json"]) == 0
        assert msgspec.json.decode(capfd.readouterr().out) == rows_

    def test_what_cannot_be_scored(self, rows: Path, engine: Engine) -> None:
        assert run(["predict", "late", "nowhere.csv"]) == 4


class TestDelivery:
    def test_files_arrive_whole_and_where_they_are_is_printed(self, workspace: Path, capsys: Any) -> None:
        source = workspace.parent / "june.csv"
        source.write_text("a\n1\n", encoding="utf-8")
        assert run(["add", str(source), "--dataset", "flights"]) == 0
        shown = capsys.readouterr()
        assert shown.out == "inbox/flights/june.csv\n"
        assert "shopfloor up" in shown.err
        assert [path.name for path in (workspace / "inbox/flights").iterdir()] == ["june.csv"]

    def test_nothing_is_delivered_when_one_file_is_missing(self, workspace: Path) -> None:
        (workspace / "june.csv").write_text("a\n1\n", encoding="utf-8")
        assert run(["add", "june.csv", "july.csv", "--dataset", "flights"]) == 4
        assert not (workspace / "inbox/flights").exists()

    def test_actuals_need_a_model(self, workspace: Path, capsys: Any) -> None:
        (workspace / "truth.csv").write_text("id,y\n1,2\n", encoding="utf-8")
        (workspace / "models").mkdir()
        (workspace / "models/late-arrival.toml").touch()
        assert run(["actuals", "add", "late-arival", "truth.csv"]) == 4
        assert "late-arrival" in capsys.readouterr().err
        assert run(["actuals", "add", "late-arrival", "truth.csv"]) == 0
        assert (workspace / "actuals/late-arrival/truth.csv").exists()

    def test_a_dataset_name_cannot_leave_the_inbox(self, workspace: Path) -> None:
        (workspace / "x.csv").touch()
        assert run(["add", "x.csv", "--dataset", "../../etc"]) == 2


class Ticking:
    """A clock that moves one second with every look."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> datetime:
        return datetime(2026, 6, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        self.time += 1.0
        return self.time


class Scripted(RecordingClient):
    """Gives its answers one after the other, the last one for ever."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__(Path("/ws"))
        self.script = answers

    def ask(self, request: Request[Any], *, timeout: float = 30.0) -> Any:
        self.asked.append(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def scripted(answers: list[Any]) -> tuple[Session, Scripted]:
    session, client = Session(), Scripted(answers)
    session._client = client  # type: ignore[assignment]
    return session, client


class TestWait:
    busy = IdleReport(idle=False, unsettled_files=1, queued_jobs=0, running_jobs=1)

    def test_asks_until_idle(self) -> None:
        session, client = scripted([self.busy, self.busy, samples.IDLE])
        assert wait_for_idle(session, None, Ticking()).idle
        assert client.asked == [AwaitIdle(wait_s=20.0)] * 3

    def test_stops_at_the_timeout_and_never_asks_beyond_it(self) -> None:
        session, client = scripted([self.busy])
        assert wait_for_idle(session, 5.0, Ticking()) == self.busy
        waits = [each.wait_s for each in client.asked if isinstance(each, AwaitIdle)]
        assert waits[0] <= 5.0
        assert waits == sorted(waits, reverse=True)
        assert len(waits) <= 3

    def test_a_timeout_of_nothing_looks_once(self) -> None:
        session, client = scripted([self.busy])
        assert not wait_for_idle(session, 0.0, Ticking()).idle
        assert len(client.asked) == 1

    def test_the_exit_code_and_words(self, engine: Engine, capsys: Any) -> None:
        engine({"wait": self.busy})
        assert run(["wait", "--timeout", "0"]) == 1
        said = capsys.readouterr().err
        assert "1 file is unsettled, 1 job is running" in said
        assert "job list --state running" in said
        engine({"wait": msgspec.structs.replace(self.busy, running_jobs=0)})
        assert run(["wait", "--timeout", "0"]) == 1
        assert "shopfloor file list" in capsys.readouterr().err
        engine()
        assert run(["wait", "--timeout", "0"]) == 0


def event(seq: int) -> Event:
    return Event(seq=seq, at=samples.at(1), kind="a.b", subject="x")


class TestEvents:
    def test_the_newest_fifty_by_default(self) -> None:
        session, client = scripted([Page(rows=samples.EVENTS, total=2)])
        assert list(read_past(session, None, "", None)) == list(samples.EVENTS)
        assert client.asked == [EventList(tail=50)]

    def test_all_after_a_number_page_by_page(self) -> None:
        first = Page(rows=tuple(event(seq) for seq in range(1, 1001)), total=1002)
        second = Page(rows=(event(1001), event(1002)), total=1002)
        session, client = scripted([first, second])
        assert [each.seq for each in read_past(session, 0, "", None)] == list(range(1, 1003))
        assert client.asked == [EventList(after=0), EventList(after=1000)]

    def test_a_limit_stops_paging(self) -> None:
        session, client = scripted([Page(rows=(event(1), event(2)), total=9)])
        assert len(list(read_past(session, 0, "", 2))) == 2
        assert client.asked == [EventList(after=0, limit=2)]

    def test_following_neither_misses_an_event_nor_asks_in_a_circle(self) -> None:
        """Events about other things answer a filtered question with nothing; then it moves on."""
        session, client = scripted([
            Page(rows=(), total=0, seq=7),
            Page(rows=(), total=0, seq=7),
            Page(rows=(event(9),), total=1, seq=9),
            Page(rows=(event(10), event(11)), total=3, seq=12),
        ])  # fmt: skip
        found = [each.seq for each in read_new(session, 5, "x", 3)]
        assert found == [9, 10, 11]
        assert [each.after for each in client.asked if isinstance(each, EventList)] == [5, 5, 7, 9]
        assert all(each.wait_s > 0 for each in client.asked if isinstance(each, EventList))


def test_without_a_terminal_the_screen_gives_the_status_and_refuses(engine: Engine, capsys: Any) -> None:
    client = engine()
    assert run([]) == 2
    shown = capsys.readouterr()
    assert client.asked == [StatusShow()]
    assert "late-arrival" in shown.out
    assert "shopfloor --help" in shown.err


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_draw_gets_the_status_and_advice(
    term: str, engine: Engine, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", term)
    assert engine().asked == []
    assert run([]) == 2
    shown = capsys.readouterr()
    assert "late-arrival" in shown.out
    assert f"TERM={term}" in shown.err
    assert "TERM=xterm-256color shopfloor" in shown.err


def test_doctor_exits_with_the_health(engine: Engine) -> None:
    engine()
    assert run(["doctor"]) == 1
    engine({"doctor": msgspec.structs.replace(samples.DOCTOR, ok=True)})
    assert run(["doctor"]) == 0


def test_status_without_an_engine(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[bool] = []

    def connect(root: Path, start: bool = True) -> RecordingClient:
        starts.append(start)
        raise UnreachableError("The engine is not running.", hint="Start it: shopfloor up")

    monkeypatch.setattr("shopfloor.client.start.connect", connect)
    assert run(["status"]) == 3
    assert run(["status", "--no-start"]) == 3
    assert starts == [True, False]


def test_stopping_what_does_not_run_is_fine(workspace: Path, capsys: Any) -> None:
    assert run(["down"]) == 0
    assert "is not running" in capsys.readouterr().err


class TestDown:
    def test_returns_when_nobody_owns_the_workspace(self) -> None:
        looks = [True, True, False]
        pauses: list[float] = []
        await_end(Path("/ws"), lambda root: looks.pop(0), Ticking(), pauses.append)
        assert looks == []
        assert len(pauses) == 2

    def test_gives_up_after_a_minute(self) -> None:
        with pytest.raises(ShopfloorError, match="did not stop"):
            await_end(Path("/ws"), lambda root: True, Ticking(), lambda seconds: None)


def test_sql_reads_its_statement_from_stdin(engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    client = engine()
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 2"))
    assert run(["sql", "-", "--csv"]) == 0
    assert client.asked == [SqlQuery(statement="SELECT 2")]
    assert capsys.readouterr().out.startswith("model,n,n,share\n")
    assert run(["sql", "SELECT 1", "--csv", "--json"]) == 2


@pytest.mark.parametrize(("extra", "cell", "said"), [((), "'=1+1", "1 cell made safe"), (("--raw",), "=1+1", "")])
def test_csv_of_a_query_is_safe_to_open(
    engine: Engine, capsys: Any, extra: tuple[str, ...], cell: str, said: str
) -> None:
    engine({"sql": QueryTable(columns=("a", "b"), rows=(("=1+1", -5),))})
    assert run(["sql", "SELECT 1", "--csv", *extra]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"a,b\n{cell},-5\n"
    assert said in shown.err


def test_sql_objects_have_their_columns_in_the_order_asked_for(engine: Engine, capsys: Any) -> None:
    engine({"sql": QueryTable(columns=("b", "a", "B"), rows=((1, 2, 3),))})
    assert run(["sql", "SELECT 1", "--json"]) == 0
    assert capsys.readouterr().out == '[{"b":1,"a":2,"B":3}]\n'


def test_sql_objects_lose_no_column_of_the_same_name(engine: Engine, capsys: Any) -> None:
    import json

    engine()
    run(["sql", "SELECT 1", "--json"])
    assert json.loads(capsys.readouterr().out)[0] == {"model": "late-arrival", "n": 12, "n_2": 1, "share": 0.5}


class TestConfig:
    def test_get_and_set(self, workspace: Path, capsys: Any) -> None:
        assert run(["config", "set", "intake.settle_seconds", "0.5"]) == 0
        capsys.readouterr()
        assert run(["config", "get", "intake.settle_seconds"]) == 0
        assert capsys.readouterr().out == "0.5\n"
        assert run(["config", "get"]) == 0
        assert "intake.settle_seconds = 0.5" in capsys.readouterr().out.splitlines()
        assert run(["config", "set", "intake.settle_seconds", "-1"]) == 2
        assert "intake.settle_seconds" in capsys.readouterr().err
        assert run(["config", "get", "intake.settle_second"]) == 2
        assert "intake.settle_seconds" in capsys.readouterr().err

    def test_validate(self, workspace: Path, capsys: Any) -> None:
        assert run(["config", "validate"]) == 0
        (workspace / "workspace.toml").write_text("[intake]\nsettle_second = 1\n", encoding="utf-8")
        assert run(["config", "validate"]) == 2
        assert "settle_second" in capsys.readouterr().out

    def test_schema(self, workspace: Path, capsys: Any) -> None:
        import json

        for kind in ("workspace", "dataset", "model"):
            assert run(["config", "schema", kind]) == 0
            assert "$defs" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "answers", "said"),
    [
        ("model promote late-arrival@3", {}, "v3 of late-arrival waits for the approval of others"),
        ("model reject late-arrival@3", {}, "late-arrival v3 is rejected"),
        ("model approve late-arrival@3", {}, "late-arrival v3 has your approval"),
        ("alert ack a3", {}, "alert a2 is already acknowledged"),
        ("alert resolve a3", {}, "alert a2 is already resolved"),
        ("alert snooze a3 --until 4h", {}, "alert a2 is already snoozed until then"),
        ("dataset define flights", {}, "dataset flights already has this definition"),
        ("dataset trust flights@2", {}, "flights@2 is trusted"),
        ("dataset rollback flights@2", {}, "flights@2 has the content of flights@2"),
        ("job cancel j1", {"job": msgspec.structs.replace(samples.JOB, state="cancelled")},
         "job j9 is already cancelled"),
        ("file discard f1", {"file": msgspec.structs.replace(samples.FILES[0], state="discarded")},
         "file f3 is already discarded"),
        ("file withdraw f1", {"file": msgspec.structs.replace(samples.FILES[0], state=FileState.WITHDRAWN)},
         "the rows of f3 are already withdrawn"),
        ("model retire late", {"model.show": msgspec.structs.replace(samples.MODEL, retired=True)},
         "late-arrival is retired"),
    ],
)  # fmt: skip
def test_a_command_that_changes_nothing_says_so(
    line: str, answers: dict[str, Any], said: str, engine: Engine, capsys: Any
) -> None:
    """The recorder answers alike before and after, as the engine does when nothing changed."""
    engine(answers)
    assert run(line.split()) == 0
    assert f"No change: {said}." in capsys.readouterr().err


@pytest.mark.parametrize("line", ["file accept f1", "file accept --types f1", "file retry f1", "file withdraw f1"])
def test_what_goes_on_after_the_answer_is_said(line: str, engine: Engine, capsys: Any) -> None:
    """The record that is shown is still as it was before the job."""
    engine({"file": samples.FILES[0]})
    assert run(line.split()) == 0
    told = capsys.readouterr().err
    assert "f3" in told
    assert "again" in told or "in a new version" in told
    assert "No change" not in told


def test_an_approved_version_does_not_await_approval() -> None:
    decision = msgspec.structs.replace(samples.DECISION, outcome=Outcome.AWAIT_APPROVAL)
    version = msgspec.structs.replace(samples.CHAMPION, decision=decision, approvals=("ann",))
    told = decisions.explain(version, None)
    assert "left to approval, approved by 1" in told
    assert "approved by" in told
    assert "awaits" not in told


def test_a_restore_that_nobody_confirms_is_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    restored: list[Path] = []

    def restore(root: Path, backup: Path) -> Restored:
        restored.append(backup)
        return Restored(backup=str(backup), seq=7, undone=2, again=1, lost=0, aside="aside")

    monkeypatch.setattr("shopfloor.client.restore.restore", restore)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    (workspace / "old").touch()
    assert run(["restore", "old"]) == 2
    assert "hint: Add --yes." in capsys.readouterr().err
    assert restored == []
    assert run(["restore", "old", "--yes"]) == 0
    assert restored == [workspace / "old"]
    told = capsys.readouterr().err
    assert "2 later events are undone" in told
    assert "1 file that came later is delivered again" in told


def test_tokens(workspace: Path, capsys: Any) -> None:
    import json

    assert run(["token", "create", "ci"]) == 0
    secret = capsys.readouterr().out.strip()
    assert len(secret) > 20
    assert run(["token", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == ["ci"]
    assert secret.endswith(listed[0]["ends_with"])
    assert run(["token", "revoke", "ci"]) == 0
    assert "Token ci is revoked." in capsys.readouterr().err
    assert run(["token", "revoke", "ci"]) == 0
    assert "is already revoked." in capsys.readouterr().err
    assert run(["token", "revoke", "cd"]) == 4


def test_init(tmp_path: Path, capsys: Any) -> None:
    assert run(["init", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "new")
    assert (tmp_path / "new/workspace.toml").is_file()
    assert run(["init", str(tmp_path / "new")]) == 5


def test_snooze_needs_an_end(engine: Engine) -> None:
    engine()
    assert run(["alert", "snooze", "a2"]) == 2
    assert run(["alert", "snooze", "a2", "--for", "1d"]) == 0


class TestDemo:
    @pytest.fixture
    def told(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
        calls: list[tuple[object, ...]] = []
        demo = "shopfloor.client.demo"
        monkeypatch.setattr(f"{demo}.run_demo", lambda path, narrate, keep: calls.append(("run", path, keep)) or 0)
        monkeypatch.setattr(f"{demo}.start_demo", lambda path, narrate: calls.append(("start", path)) or path)
        monkeypatch.setattr("shopfloor.cli.commands.demo.run_screen", lambda path: calls.append(("screen", path)) or 0)
        return calls

    def test_without_a_terminal_it_is_told(self, told: list[tuple[object, ...]]) -> None:
        assert run(["demo"]) == 0
        assert run(["demo", "here", "--headless", "--keep"]) == 0
        assert told == [("run", Path("demo"), False), ("run", Path("here"), True)]

    def test_in_a_terminal_it_is_shown(
        self, told: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name in ("stdin", "stdout"):
            monkeypatch.setattr(f"sys.{name}.isatty", lambda: True, raising=False)
        monkeypatch.chdir(tmp_path)
        assert run(["demo"]) == 0
        assert told == [("start", tmp_path / "demo"), ("screen", tmp_path / "demo")]


@pytest.mark.parametrize("name", ["..hidden.csv", "_notes.csv", "late.csv.part", "late.csv~"])
def test_what_the_intake_would_never_take_in_is_not_delivered(name: str, workspace: Path, capsys: Any) -> None:
    (workspace / name).write_text("a\n1\n", encoding="utf-8")
    (workspace / "good.csv").write_text("a\n1\n", encoding="utf-8")
    assert run(["add", "good.csv", name, "--dataset", "flights"]) == 2
    told = capsys.readouterr().err
    assert "is ignored" in told
    assert "hint: Rename it" in told
    assert not list(workspace.glob("inbox/flights/*"))


def test_an_empty_file_is_not_delivered(workspace: Path, capsys: Any) -> None:
    """In the inbox it would wait for content that never comes."""
    (workspace / "empty.csv").touch()
    assert run(["add", "empty.csv", "--dataset", "flights"]) == 2
    assert "empty.csv is empty (0 bytes)." in capsys.readouterr().err
    assert not list(workspace.glob("inbox/flights/*"))
