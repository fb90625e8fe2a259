"""What serves is watched: answers that are not the model's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.line.factory import Factory, Row

from shopfloor.domain.ids import ulid
from shopfloor.lake.inference_log import LogRecord, encode_lines
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


def serve_elsewhere(factory: Factory, seed: int, changed: Callable[[int, Row], dict[str, Any]]) -> None:
    """A serving process logs what it answered to 200 requests; `changed` are the fields that are not as usual."""
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
            "probabilities": {label: float(answer[f"probability_{label}"]) for label in ("no", "yes")},
        }
        inputs = {"load": float(load), "distance": float(distance)}
        fields |= changed(number, answer)
        records.append(LogRecord(at=datetime.now(UTC), model=MODEL, model_version=1, inputs=inputs, **fields))
    segments = Layout(factory.root).segments
    partial = segments / f".{ulid()}.tmp"
    partial.write_bytes(encode_lines(records))
    partial.rename(segments / f"{ulid()}.jsonl")
    logged = f"SELECT count(*) FROM predictions_{MODEL} WHERE association_id LIKE 'served-{seed}-%'"
    deadline = time.monotonic() + 120
    while factory.sql(logged) != [(200,)]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    factory.wait()


def checked(factory: Factory, name: str) -> Any:
    """The newest result of a check."""
    (found,) = [one for one in factory.json("monitor", "checks", MODEL) if one["check"] == name]
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
