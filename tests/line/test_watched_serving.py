"""What serves is watched: answers that are not the model's or come late, rows that it fails for, and an old version."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.line.factory import Factory, Row
from tests.waiting import until

from shopfloor.domain.ids import ulid
from shopfloor.domain.service import FaultCount, RequestFault
from shopfloor.lake.inference_log import FaultLine, LogRecord, encode_lines
from shopfloor.workspace.layout import Layout

MODEL = "tardiness"


def trips(count: int, seed: int) -> list[str]:
    """Trips whose `late` follows `load`."""
    draw = random.Random(seed)
    lines = ["trip,load,distance,late"]
    for number in range(count):
        load, distance = draw.gauss(0, 1), draw.uniform(1, 100)
        late = "yes" if load + draw.gauss(0, 0.7) > 0 else "no"
        lines.append(f"{seed}-{number},{load:.4f},{distance:.1f},{late}")
    return lines


@pytest.fixture(scope="module")
def serving(opened: Factory) -> Factory:
    opened.add("trips", opened.write("trips1.csv", "\n".join([*trips(1000, 1), ""])), 1000)
    opened(
        "model", "define", MODEL, "--dataset", "trips", "--target", "late", "--id", "trip", "--positive", "yes",
        "--candidates", "linear", "--seed", "1", "--known-before", "load",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", MODEL)["champion"] == 1
    return opened


def serve_elsewhere(
    factory: Factory, seed: int, changed: Callable[[int, Row], dict[str, Any]], *failing: FaultCount
) -> None:
    """A serving process logs what it answered to 200 requests; `changed` are the fields that are not as usual,
    `failing` counts requests that got no prediction.
    """
    lines = trips(200, seed)
    asked = factory.write(f"asked{seed}.csv", "".join(line.rpartition(",")[0] + "\n" for line in lines))
    answers = factory.predict(MODEL, asked)
    factory.wait()
    records = []
    for number, (line, answer) in enumerate(zip(lines[1:], answers, strict=True)):
        trip, load, distance, _ = line.split(",")
        fields: dict[str, Any] = {
            "association_id": f"served-{trip}",
            "prediction": answer["prediction"],
            "seconds": 0.004 + 1e-5 * number,
            "probabilities": {label: float(answer[f"probability_{label}"]) for label in ("no", "yes")},
        }
        inputs = {"load": float(load), "distance": float(distance)}
        fields |= changed(number, answer)
        records.append(LogRecord(at=datetime.now(UTC), model=MODEL, model_version=1, inputs=inputs, **fields))
    segments = Layout(factory.root).segments
    faults = [FaultLine(fault=fault, model=MODEL, model_version=1) for fault in failing]
    partial = segments / f".{ulid()}.tmp"
    partial.write_bytes(encode_lines([*records, *faults]))
    partial.rename(segments / f"{ulid()}.jsonl")
    logged = f"SELECT count(*) FROM predictions_{MODEL} WHERE association_id LIKE 'served-{seed}-%'"
    until(lambda: factory.sql(logged) == [(200,)])
    factory.wait()


def checked(factory: Factory, name: str) -> Any:
    """The newest result of a check, not of batch files."""
    found = factory.json("monitor", "checks", MODEL)
    (found,) = [one for one in found if one["check"] == name and one["evidence"]["source"] != "batch"]
    return found


def alerts(factory: Factory) -> Any:
    """The alerts of the model that are not resolved."""
    found = factory.json("alert", "list")
    return [one for one in found if one["subject"] == MODEL and one["state"] != "resolved"]


def test_an_answer_that_the_stored_model_does_not_give_is_named_by_row_and_column(serving: Factory) -> None:
    serve_elsewhere(serving, 2, lambda number, answer: {})
    check = checked(serving, "training_serving_skew")
    assert (check["verdict"], check["rows"], check["value"]) == ("ok", 200, 0.0)
    assert alerts(serving) == []

    def other(number: int, answer: Row) -> dict[str, Any]:
        yes = float(answer["probability_yes"])
        return {"probabilities": {"no": 1 - yes, "yes": yes + 0.01}} if number in (17, 90) else {}

    serve_elsewhere(serving, 3, other)
    (alert,) = alerts(serving)
    assert (alert["check"], alert["value"], alert["limit"]) == ("training_serving_skew", 0.01, 0.0)
    assert "served-3-17 probability_yes" in alert["message"]
    assert "served-3-90 probability_yes" in alert["message"]
    assert "(by 0.01)" in alert["message"]
    assert "doctor --deep" in alert["cause"]
    assert alert["actions"] == ["ack", "snooze"]
    assert "training_serving_skew" in serving("monitor", "checks", MODEL).stdout
    score = serving.json("model", "test-score", MODEL)
    (skew,) = [one for one in score["tests"] if one["code"] == "O3"]
    assert (skew["score"], skew["answered_by"]) == (1.0, "store")
    slow_answers(serving)


def slow_answers(serving: Factory) -> None:
    """Three looks say what is usual; in the fourth every request takes ten times as long."""
    assert checked(serving, "latency")["verdict"] == "unknown"
    serve_elsewhere(serving, 4, lambda number, answer: {})
    serve_elsewhere(serving, 5, lambda number, answer: {"seconds": 0.04 + 1e-4 * number})
    check = checked(serving, "latency")
    assert (check["verdict"], check["rows"]) == ("shifted", 200)
    (alert,) = [one for one in alerts(serving) if one["check"] == "latency"]
    assert "Requests are answered more slowly than before: 50 ms at the median" in alert["message"]
    assert alert["actions"] == ["ack", "rollback", "snooze"]
    score = serving.json("model", "test-score", MODEL)
    (speed,) = [one for one in score["tests"] if one["code"] == "O6"]
    assert speed["score"] == 1.0
    failing_requests(serving)


def failing_requests(serving: Factory) -> None:
    """What is refused is a note; what fails is an alert until the model answers again."""
    now = datetime.now(UTC)
    refused, failed = (
        FaultCount(fault=fault, code=code, message=message, count=100, first_at=now, last_at=now)
        for fault, code, message in (
            (RequestFault.REFUSED, "missing_column", "Column 'load' is missing."),
            (RequestFault.FAILED, "internal", "ZeroDivisionError at recipes/x.py:7\x1b[2J"),
        )
    )
    serve_elsewhere(serving, 6, lambda number, answer: {}, refused)
    assert checked(serving, "refused_requests")["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert (checked(serving, "service_errors")["verdict"], checked(serving, "service_errors")["value"]) == ("ok", 0)
    serve_elsewhere(serving, 7, lambda number, answer: {}, failed)
    (alert,) = [one for one in alerts(serving) if one["check"] == "service_errors"]
    assert "100 of 300 requests failed (33 %, limit 1 %)" in alert["message"]
    assert "100 with internal: ZeroDivisionError at recipes/x.py:7\\e[2J." in alert["message"]
    assert alert["actions"] == ["rollback", "ack", "snooze"]
    assert "service_errors" in serving("monitor", "checks", MODEL).stdout
    assert serving.sql(f"SELECT sum(answered) FROM request_counts WHERE model = '{MODEL}' AND source = 'rest'")
    for seed in (8, 9):
        serve_elsewhere(serving, seed, lambda number, answer: {})
    assert [one for one in alerts(serving) if one["check"] == "service_errors"] == []


def parcels(count: int, seed: int, *, turned: str = "") -> str:
    """Parcels whose `late` follows `load`; for the kind `turned` it is the opposite. One in ten is a letter."""
    draw = random.Random(seed)
    lines = ["parcel,load,kind,late"]
    for number in range(count):
        load, kind = draw.gauss(0, 1), draw.choices(["box", "tube", "letter"], [6, 3, 1])[0]
        late = (load + draw.gauss(0, 0.5) > 0) != (kind == turned)
        lines.append(f"{seed}-{number},{load:.4f},{kind},{'yes' if late else 'no'}")
    return "\n".join([*lines, ""])


def test_a_slice_that_collapses_is_named_though_most_rows_are_as_they_were(opened: Factory) -> None:
    opened.add("parcels", opened.write("parcels1.csv", parcels(4000, 1)), 4000)
    opened(
        "model", "define", "lateparcels", "--dataset", "parcels", "--target", "late", "--id", "parcel",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", "--known-before", "load",
        "--min-new-rows", "100000",
    )  # fmt: skip
    opened.wait()
    definition = opened.root / "models" / "lateparcels.toml"
    partial = definition.with_suffix(".part")
    partial.write_text(definition.read_text() + '\n[monitoring]\nfairness = ["kind"]\n')
    partial.rename(definition)
    opened.add("parcels", opened.write("parcels2.csv", parcels(1000, 2)), 1000)
    found = {one["check"]: one for one in opened.json("monitor", "checks", "lateparcels")}
    assert found["slices"]["verdict"] == "ok"
    assert "None of 3 slices has fallen by itself" in found["slices"]["message"]
    assert (found["fairness"]["verdict"], found["fairness"]["feature"]) == ("ok", "kind")
    assert "No group of kind is treated otherwise by more than 0.1" in found["fairness"]["message"]
    opened.add("parcels", opened.write("parcels3.csv", parcels(1500, 3, turned="letter")), 1500)
    (alert,) = [one for one in opened.json("alert", "list") if one["subject"] == "lateparcels"]
    assert alert["check"] == "slices"
    assert "roc_auc has fallen where kind = letter" in alert["message"]
    assert "fails for these rows alone" in alert["cause"]
    assert alert["actions"] == ["retrain", "ack", "snooze"]
    found = {one["check"]: one for one in opened.json("monitor", "checks", "lateparcels")}
    assert "kind = letter: true-positive rate" in found["fairness"]["message"]
    inclusion = [one for one in opened.json("model", "test-score", "lateparcels")["tests"] if one["code"] == "M7"]
    assert inclusion[0]["score"] == 1.0


def turning(month: int, count: int) -> str:
    """Orders of a month of 2026: what makes them late turns from `a` to `b`, a bit each month."""
    draw = random.Random(month)
    angle = 0.4 * (month - 1)
    lines = ["nr,day,a,b,late"]
    for number in range(count):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        late = "yes" if math.cos(angle) * a + math.sin(angle) * b + draw.gauss(0, 0.4) > 0 else "no"
        lines.append(f"{month}-{number},2026-{month:02}-{number * 28 // count + 1:02},{a:.3f},{b:.3f},{late}")
    return "\n".join([*lines, ""])


def test_the_age_of_a_version_is_measured_by_those_that_learned_later(opened: Factory) -> None:
    """Nobody releases them: the champion stays that of January."""
    opened.add("turning", opened.write("turning1.csv", turning(1, 800)), 800)
    opened(
        "model", "define", "ageing", "--dataset", "turning", "--target", "late", "--id", "nr", "--time", "day",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", "--release", "manual",
        "--known-before", "a",
    )  # fmt: skip
    opened.wait()
    opened("model", "promote", "ageing@1", "--reason", "first")
    for month in (2, 3, 4):
        opened.add("turning", opened.write(f"turning{month}.csv", turning(month, 800)), 800)
    found = {one["check"]: one for one in opened.json("monitor", "checks", "ageing")}
    check = found["staleness"]
    assert (check["model_version"], check["rows"], check["verdict"]) == (1, 800, "shifted")
    assert set(check["evidence"]["scores"]) == {"1", "2", "3"}
    assert check["evidence"]["cost_of_a_month"] > 0.01
    assert "Version 1 is stale: a month of age costs" in check["message"]
    (effect,) = [one for one in opened.json("model", "test-score", "ageing")["tests"] if one["code"] == "M4"]
    assert effect["score"] == 1.0
