"""What happens after a release: predictions logged, truth joined, drift noticed, alerts that retrain."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from itertools import count

import msgspec
import pytest
from tests.engine.harness import Shop

from shopfloor.client.connection import EngineClient
from shopfloor.domain.definition import ModelDefinition, Monitoring, Retrain, Training, Value
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileState
from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.requests.alerts import AlertAck, AlertList, AlertResolve, CheckList, MonitorRun
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelDefine, ModelRetire, ModelShow, ModelVersions, Predict, ValueShow
from shopfloor.domain.requests.workspace import LineageShow

_NUMBERS = count()


class Line:
    """One engine for all tests: each has a dataset and a model of its own, which it names by `d` and `m`."""

    def __init__(self, shop: Shop) -> None:
        number = next(_NUMBERS)
        self.shop, self.client, self.root = shop, shop.client, shop.root
        self.d, self.m = f"d{number}", f"m{number}"
        self._begun = shop.status().seq

    def write(self, folder: str, name: str, content: str | bytes) -> None:
        """Drop a file, and wait until nothing is left to do."""
        self.shop.write(folder, name, content)
        self.shop.settle()

    def events(self, kind: str) -> list[Event]:
        """What this test has caused."""
        return [event for event in self.shop.events(kind) if event.seq > self._begun]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("line") / "shop")
    yield made
    made.close()


@pytest.fixture
def line(started: Shop) -> Line:
    return Line(started)


def table(seed: int, count: int, shift: float = 0.0, target: bool = True) -> str:
    """Two numbers and a level; `y` follows both with noise. `shift` moves `x` by that many deviations."""
    chance = random.Random(seed)
    lines = ["id,x,z,level" + (",y" if target else "")]
    for n in range(count):
        x, z = chance.gauss(0, 1), chance.gauss(0, 1)
        late = "yes" if x + 0.7 * z + chance.gauss(0, 0.8) > 0.3 else "no"
        row = f"s{seed}-{n},{x + shift:.4f},{z:.4f},{chance.choice('abc')}"
        lines.append(row + (f",{late}" if target else ""))
    return "\n".join(lines) + "\n"


def start(line: Line, **extra: object) -> None:
    line.write(f"inbox/{line.d}", "one.csv", table(1, 1500))
    definition = ModelDefinition(
        name=line.m, dataset=line.d, target="y", id="id", positive="yes", training=Training(candidates=("linear",)),
        value=Value(unit="EUR", true_positive=10, false_positive=-4), **extra,  # type: ignore[arg-type]
    )  # fmt: skip
    line.client.ask(ModelDefine(definition=definition))
    line.shop.settle()
    assert line.client.ask(ModelShow(name=line.m)).champion == 1


def refs(client: EngineClient, ref: str, direction: str) -> set[str]:
    graph: LineageGraph = client.ask(LineageShow(ref=ref, direction=direction))
    return {node.kind for node in graph.nodes}


def test_few_outcomes_are_counted_though_they_cannot_tell(line: Line) -> None:
    start(line)
    line.write(f"score/{line.m}", "ask.csv", table(2, 40, target=False))
    truth = [line.split(",") for line in table(2, 40).splitlines()[1:]]
    line.write(f"actuals/{line.m}", "truth.csv", "id,y\n" + "".join(f"{row[0]},{row[-1]}\n" for row in truth))
    model = line.client.ask(ModelShow(name=line.m))
    assert (model.live_score, model.live_rows) == (None, 40)


def test_who_is_not_in_service_does_not_predict(line: Line) -> None:
    start(line)
    (line.root / "ask.csv").write_text(table(2, 5))
    ask = Predict(model=line.m, path=str(line.root / "ask.csv"), output=str(line.root / "out.csv"))
    assert line.client.ask(ask, timeout=60).rows == 5
    line.client.ask(ModelRetire(name=line.m))
    before = line.client.ask(JobList()).total
    with pytest.raises(RefusedError, match=f"{line.m} is retired"):
        line.client.ask(ask)
    line.client.ask(ModelDefine(definition=ModelDefinition(name=f"n{line.m}", dataset=line.d, target="y"), train=False))
    with pytest.raises(RefusedError, match=f"n{line.m} has no champion yet"):
        line.client.ask(msgspec.structs.replace(ask, model=f"n{line.m}"))
    assert line.client.ask(JobList()).total == before


def test_scored_files_come_out_are_logged_and_meet_their_truth(line: Line) -> None:
    start(line)
    line.write(f"score/{line.m}", "ask.csv", table(2, 600, target=False))
    (scored,) = (line.root / "outbox" / line.m).glob("*.csv")
    answers = list(csv.DictReader(scored.open()))
    assert len(answers) == 600
    assert set(answers[0]) == {
        "association_id", "model", "model_version", "segment", "prediction", "probability_no", "probability_yes",
    }  # fmt: skip
    truth = [line.split(",") for line in table(2, 600).splitlines()[1:]]
    line.write(f"actuals/{line.m}", "truth.csv", "id,y\n" + "".join(f"{row[0]},{row[-1]}\n" for row in truth))
    model = line.client.ask(ModelShow(name=line.m))
    assert model.predictions == 600
    assert model.live_rows == 600
    assert model.live_score is not None
    assert model.live_score > 0.7
    value = line.client.ask(ValueShow(model=line.m), timeout=60)
    hits = sum(
        row[-1] == "yes" and float(answer["probability_yes"]) >= 0.5 for row, answer in zip(truth, answers, strict=True)
    )
    false = sum(
        row[-1] == "no" and float(answer["probability_yes"]) >= 0.5 for row, answer in zip(truth, answers, strict=True)
    )
    assert value.total == 10 * hits - 4 * false
    assert {"predictions", "actuals", "model_version"} <= refs(line.client, f"model:{line.m}@1", "down")
    assert {"file", "part", "dataset_version", "run"} <= refs(line.client, f"model:{line.m}@1", "up")


def test_how_files_for_a_model_were_read_is_told(line: Line) -> None:
    start(line)
    source = line.root / "ask.csv"
    source.write_text(table(3, 40, target=False), encoding="utf-16")
    ask = Predict(model=line.m, path=str(source), output=str(line.root / "out.csv"))
    (notice,) = line.client.ask(ask, timeout=60).notices
    assert "UTF-16" in notice
    for folder, target in ((f"score/{line.m}", False), (f"actuals/{line.m}", True)):
        line.write(folder, "late.csv", table(3, 40, target=target).encode("utf-16"))
    told = [event.message for event in line.events("file.committed")]
    assert sum("UTF-16" in message for message in told) == 2


def test_a_scoring_file_without_a_column_is_held_with_its_name(line: Line) -> None:
    start(line)
    line.write(f"score/{line.m}", "bad.csv", "id,z,level\n1,2,a\n")
    (file,) = line.client.ask(FileList(purpose="score", dataset=line.m)).rows
    assert file.state is FileState.QUARANTINED
    assert file.reason is not None
    assert "'x'" in file.reason.message


def test_prediction_by_name_writes_where_it_is_told(line: Line) -> None:
    start(line)
    source = line.root / "ask.csv"
    source.write_text(table(3, 40, target=False))
    report = line.client.ask(Predict(model=line.m, path=str(source), output=str(line.root / "out.parquet")), timeout=60)
    assert (report.rows, report.model_version) == (40, 1)
    assert (line.root / "out.parquet").stat().st_size > 0


def test_a_break_in_the_data_opens_one_alert_that_retrains(line: Line) -> None:
    start(
        line,
        retrain=Retrain(on_data=False, on_alert=True, cooldown_minutes=0),
        monitoring=Monitoring(persistence=(1, 1)),
    )
    line.write(f"inbox/{line.d}", "calm.csv", table(4, 800))
    assert line.client.ask(AlertList(subject=line.m)).total == 0
    assert line.client.ask(CheckList(model=line.m)).total > 0, "quiet must mean that somebody looked"
    line.write(f"inbox/{line.d}", "broken.csv", table(5, 800, shift=4.0))
    (alert,) = line.client.ask(AlertList(subject=line.m)).rows
    assert "x" in alert.message
    newest = line.client.ask(JobList(kind="train")).rows[0]
    assert newest.subject == line.m
    assert newest.trigger == f"alert {alert.id}"
    assert len(line.client.ask(ModelVersions(name=line.m)).rows) == 2, "on_data was off: only the alert trained"
    assert line.client.ask(AlertAck(id=alert.id, note="seen")).state in {AlertState.ACKNOWLEDGED}
    assert line.client.ask(AlertResolve(id=alert.id, note="a new sensor")).state is AlertState.RESOLVED


@pytest.mark.parametrize("drift", [True, False])
def test_truth_that_comes_with_a_delivery_stays_known(line: Line, drift: bool) -> None:
    """The rows of a month hold what came true of predictions: later looks and the value know it, too."""
    start(line, retrain=Retrain(on_data=False), monitoring=Monitoring(drift=drift))
    line.write(f"score/{line.m}", "ask.csv", table(2, 600, target=False))
    line.write(f"inbox/{line.d}", "two.csv", table(2, 600))
    first = line.client.ask(ModelShow(name=line.m))
    assert (first.live_rows, first.live_score is not None) == (600, True)
    assert (first.live_known, first.live_of) == (600, 600)
    line.write(f"inbox/{line.d}", "three.csv", table(3, 300))  # nobody asked about these
    again = line.client.ask(ModelShow(name=line.m))
    assert (again.live_rows, again.live_score) == (first.live_rows, first.live_score)
    value = line.client.ask(ValueShow(model=line.m), timeout=60)
    assert value.rows == 600
    told = [event.message for event in line.events("actuals.delivered")]
    assert told == [f"600 outcomes of {line.m}'s predictions arrived with {line.d}@2"]
    assert {"actuals", "dataset_version"} <= refs(line.client, f"model:{line.m}@1", "down") | refs(
        line.client, f"{line.m}:actuals", "up"
    )
    assert list((line.root / ".shopfloor/staging").iterdir()) == []


def test_truth_of_a_delivery_is_kept_once_whoever_asks_again(line: Line) -> None:
    start(line, retrain=Retrain(on_data=False))
    line.write(f"score/{line.m}", "ask.csv", table(2, 100, target=False))
    line.write(f"inbox/{line.d}", "two.csv", table(2, 100))
    line.client.ask(MonitorRun(model=line.m))
    line.shop.settle()
    assert len(line.events("actuals.delivered")) == 1
    assert line.client.ask(ModelShow(name=line.m)).live_rows == 100
