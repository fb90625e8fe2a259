"""What happens after a release: predictions logged, truth joined, drift noticed, alerts that retrain."""

from __future__ import annotations

import csv
import random

import msgspec
import pytest
from tests.engine.harness import Shop

from shopfloor.client.connection import EngineClient
from shopfloor.domain.definition import ModelDefinition, Monitoring, Retrain, Training, Value
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.file import FileState
from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.requests.alerts import AlertAck, AlertList, AlertResolve, CheckList, MonitorRun
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import EventList, JobList
from shopfloor.domain.requests.models import ModelDefine, ModelRetire, ModelShow, ModelVersions, Predict, ValueShow
from shopfloor.domain.requests.workspace import LineageShow


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


def start(shop: Shop, **extra: object) -> None:
    shop.write("inbox/d", "one.csv", table(1, 1500))
    shop.settle()
    definition = ModelDefinition(
        name="m", dataset="d", target="y", id="id", positive="yes", training=Training(candidates=("linear",)),
        value=Value(unit="EUR", true_positive=10, false_positive=-4), **extra,  # type: ignore[arg-type]
    )  # fmt: skip
    shop.client.ask(ModelDefine(definition=definition))
    shop.settle()
    assert shop.client.ask(ModelShow(name="m")).champion == 1


def refs(client: EngineClient, ref: str, direction: str) -> set[str]:
    graph: LineageGraph = client.ask(LineageShow(ref=ref, direction=direction))
    return {node.kind for node in graph.nodes}


def test_few_outcomes_are_counted_though_they_cannot_tell(shop: Shop) -> None:
    start(shop)
    shop.write("score/m", "ask.csv", table(2, 40, target=False))
    shop.settle()
    truth = [line.split(",") for line in table(2, 40).splitlines()[1:]]
    shop.write("actuals/m", "truth.csv", "id,y\n" + "".join(f"{row[0]},{row[-1]}\n" for row in truth))
    shop.settle()
    model = shop.client.ask(ModelShow(name="m"))
    assert (model.live_score, model.live_rows) == (None, 40)


def test_who_is_not_in_service_does_not_predict(shop: Shop) -> None:
    start(shop)
    (shop.root / "ask.csv").write_text(table(2, 5))
    ask = Predict(model="m", path=str(shop.root / "ask.csv"), output=str(shop.root / "out.csv"))
    assert shop.client.ask(ask, timeout=60).rows == 5
    shop.client.ask(ModelRetire(name="m"))
    before = shop.client.ask(JobList()).total
    with pytest.raises(RefusedError, match="m is retired"):
        shop.client.ask(ask)
    shop.client.ask(ModelDefine(definition=ModelDefinition(name="n", dataset="d", target="y"), train=False))
    with pytest.raises(RefusedError, match="n has no champion yet"):
        shop.client.ask(msgspec.structs.replace(ask, model="n"))
    assert shop.client.ask(JobList()).total == before


def test_scored_files_come_out_are_logged_and_meet_their_truth(shop: Shop) -> None:
    start(shop)
    shop.write("score/m", "ask.csv", table(2, 600, target=False))
    shop.settle()
    (scored,) = (shop.root / "outbox" / "m").glob("*.csv")
    answers = list(csv.DictReader(scored.open()))
    assert len(answers) == 600
    assert set(answers[0]) == {
        "association_id", "model", "model_version", "segment", "prediction", "probability_no", "probability_yes",
    }  # fmt: skip
    truth = [line.split(",") for line in table(2, 600).splitlines()[1:]]
    shop.write("actuals/m", "truth.csv", "id,y\n" + "".join(f"{row[0]},{row[-1]}\n" for row in truth))
    shop.settle()
    model = shop.client.ask(ModelShow(name="m"))
    assert model.predictions == 600
    assert model.live_rows == 600
    assert model.live_score is not None
    assert model.live_score > 0.7
    value = shop.client.ask(ValueShow(model="m"), timeout=60)
    hits = sum(
        row[-1] == "yes" and float(answer["probability_yes"]) >= 0.5 for row, answer in zip(truth, answers, strict=True)
    )
    false = sum(
        row[-1] == "no" and float(answer["probability_yes"]) >= 0.5 for row, answer in zip(truth, answers, strict=True)
    )
    assert value.total == 10 * hits - 4 * false
    assert {"predictions", "actuals", "model_version"} <= refs(shop.client, "model:m@1", "down")
    assert {"file", "part", "dataset_version", "run"} <= refs(shop.client, "model:m@1", "up")


def test_how_files_for_a_model_were_read_is_told(shop: Shop) -> None:
    start(shop)
    source = shop.root / "ask.csv"
    source.write_text(table(3, 40, target=False), encoding="utf-16")
    ask = Predict(model="m", path=str(source), output=str(shop.root / "out.csv"))
    (notice,) = shop.client.ask(ask, timeout=60).notices
    assert "UTF-16" in notice
    for folder, target in (("score/m", False), ("actuals/m", True)):
        shop.write(folder, "late.csv", table(3, 40, target=target).encode("utf-16"))
        shop.settle()
    told = [event.message for event in shop.client.ask(EventList(tail=200)).rows if event.kind == "file.committed"]
    assert sum("UTF-16" in message for message in told) == 2


def test_a_scoring_file_without_a_column_is_held_with_its_name(shop: Shop) -> None:
    start(shop)
    shop.write("score/m", "bad.csv", "id,z,level\n1,2,a\n")
    shop.settle()
    (file,) = shop.client.ask(FileList(purpose="score")).rows
    assert file.state is FileState.QUARANTINED
    assert file.reason is not None
    assert "'x'" in file.reason.message


def test_prediction_by_name_writes_where_it_is_told(shop: Shop) -> None:
    start(shop)
    source = shop.root / "ask.csv"
    source.write_text(table(3, 40, target=False))
    report = shop.client.ask(Predict(model="m", path=str(source), output=str(shop.root / "out.parquet")), timeout=60)
    assert (report.rows, report.model_version) == (40, 1)
    assert (shop.root / "out.parquet").stat().st_size > 0


def test_a_break_in_the_data_opens_one_alert_that_retrains(shop: Shop) -> None:
    start(
        shop,
        retrain=Retrain(on_data=False, on_alert=True, cooldown_minutes=0),
        monitoring=Monitoring(persistence=(1, 1)),
    )
    shop.write("inbox/d", "calm.csv", table(4, 800))
    shop.settle()
    assert shop.client.ask(AlertList()).total == 0
    assert shop.client.ask(CheckList(model="m")).total > 0, "quiet must mean that somebody looked"
    shop.write("inbox/d", "broken.csv", table(5, 800, shift=4.0))
    shop.settle()
    (alert,) = shop.client.ask(AlertList()).rows
    assert "x" in alert.message
    assert alert.subject == "m"
    trains = shop.client.ask(JobList(kind="train")).rows
    assert trains[0].trigger == f"alert {alert.id}"
    assert len(shop.client.ask(ModelVersions(name="m")).rows) == 2, "on_data was off: only the alert trained"
    assert shop.client.ask(AlertAck(id=alert.id, note="seen")).state in {AlertState.ACKNOWLEDGED}
    assert shop.client.ask(AlertResolve(id=alert.id, note="a new sensor")).state is AlertState.RESOLVED


@pytest.mark.parametrize("drift", [True, False])
def test_truth_that_comes_with_a_delivery_stays_known(shop: Shop, drift: bool) -> None:
    """The rows of a month hold what came true of predictions: later looks and the value know it, too."""
    start(shop, retrain=Retrain(on_data=False), monitoring=Monitoring(drift=drift))
    shop.write("score/m", "ask.csv", table(2, 600, target=False))
    shop.settle()
    shop.write("inbox/d", "two.csv", table(2, 600))
    shop.settle()
    first = shop.client.ask(ModelShow(name="m"))
    assert (first.live_rows, first.live_score is not None) == (600, True)
    shop.write("inbox/d", "three.csv", table(3, 300))  # nobody asked about these
    shop.settle()
    again = shop.client.ask(ModelShow(name="m"))
    assert (again.live_rows, again.live_score) == (first.live_rows, first.live_score)
    value = shop.client.ask(ValueShow(model="m"), timeout=60)
    assert value.rows == 600
    told = [event.message for event in shop.events("actuals.delivered")]
    assert told == ["600 outcomes of m's predictions arrived with d@2"]
    assert {"actuals", "dataset_version"} <= refs(shop.client, "model:m@1", "down") | refs(
        shop.client, "m:actuals", "up"
    )
    assert list((shop.root / ".shopfloor/staging").iterdir()) == []


def test_truth_of_a_delivery_is_kept_once_whoever_asks_again(shop: Shop) -> None:
    start(shop, retrain=Retrain(on_data=False))
    shop.write("score/m", "ask.csv", table(2, 100, target=False))
    shop.settle()
    shop.write("inbox/d", "two.csv", table(2, 100))
    shop.settle()
    shop.client.ask(MonitorRun(model="m"))
    shop.settle()
    assert len(shop.events("actuals.delivered")) == 1
    assert shop.client.ask(ModelShow(name="m")).live_rows == 100
