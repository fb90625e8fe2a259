"""The decision that is served is the deployment's, the same in a file and over REST, and it is in the log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from tests.serving import builders
from tests.serving.builders import AT
from tests.serving.test_score import Steps, delivered, spec_for, with_ids

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.definition import Humility, HumilityAction
from shopfloor.domain.humility import HumilityCounts, counts_of, triggers
from shopfloor.lake.inference_parts import column_array, to_part
from shopfloor.serving.answer import Done, predict
from shopfloor.serving.decision import DecisionRule, rule_of
from shopfloor.serving.input_limits import InputLimits
from shopfloor.serving.inputs import frame_from_rows
from shopfloor.serving.model_cache import Loaded
from shopfloor.serving.rows import RowReader
from shopfloor.serving.score import score
from shopfloor.workspace.layout import Layout

ROWS = 200


def over_rest(layout: Layout, model: FittedModel, threshold: float | None, rows: int = ROWS) -> Done:
    deployment = msgspec.structs.replace(builders.deploy(layout, model), threshold=threshold)
    rule = rule_of(model, deployment.artifact, threshold, None)
    loaded = Loaded(deployment, model, RowReader(model.columns, (), "flight_id"), rule)
    frame = builders.rows_frame(ROWS, seed=3)[:rows]
    sent = [{**row, "flight_id": f"f{place}"} for place, row in enumerate(builders.json_rows(frame))]
    return predict(sent, loaded, AT, lambda: "new")


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.9])
def test_a_file_and_rest_decide_alike_and_log_it(
    layout: Layout, tmp_path: Path, classifier: FittedModel, threshold: float
) -> None:
    file = delivered(tmp_path, with_ids(builders.rows_frame(ROWS, seed=3)), "june.parquet")
    result = score(spec_for(layout, classifier, file, threshold=threshold), Steps())
    done = over_rest(layout, classifier, threshold)
    assert result.part is not None
    batch = pq.read_table(result.part.path)
    chances = batch["probability_yes"].to_pylist()
    served = ["yes" if chance >= threshold else "no" for chance in chances]
    said = ["yes" if chance > 0.5 else "no" for chance in chances]
    assert served != said
    part = to_part(done.records, classifier.columns, layout.staging)
    assert part is not None
    for log in (batch, pq.read_table(part.path)):
        assert log["prediction"].to_pylist() == served
        assert log["model_prediction"].to_pylist() == said
        assert set(log["threshold"].to_pylist()) == {threshold}
    assert [one.prediction for one in done.predicted.predictions] == served
    assert [one.prediction for one in over_rest(layout, classifier, threshold, 1).predicted.predictions] == served[:1]


def test_without_a_threshold_the_most_probable_class_is_served(layout: Layout, classifier: FittedModel) -> None:
    done = over_rest(layout, classifier, None)
    assert all((one.prediction == "yes") == (one.probabilities["yes"] > 0.5) for one in done.predicted.predictions)  # type: ignore[operator]
    assert {record.threshold for record in done.records} == {None}


def test_numbers_have_no_threshold(layout: Layout, regressor: FittedModel) -> None:
    done = over_rest(layout, regressor, 0.3, 3)
    assert {record.threshold for record in done.records} == {None}
    assert all(isinstance(one.prediction, float) for one in done.predicted.predictions)


LIMITS = InputLimits(ranges={"distance": (500, 3000), "temp": (0, 25)}, known={"carrier": ("AA", "DL")})


def humble_rule(model: FittedModel, humility: Humility) -> DecisionRule:
    return DecisionRule(("no", "yes"), 0.3, humility, LIMITS, model.columns)


def test_humility_is_the_same_for_a_file_and_single_rows(classifier: FittedModel) -> None:
    frame = builders.rows_frame(ROWS, seed=3)
    rows = builders.json_rows(frame)
    answers = classifier.predict_rows(rows)
    rule = humble_rule(
        classifier,
        Humility(
            out_of_range=HumilityAction.OVERRIDE,
            unseen=HumilityAction.REFUSE,
            uncertain=HumilityAction.LOG,
            band=(0.2, 0.6),
            override="no",
        ),
    )
    inputs = {column.name: column_array([row[column.name] for row in rows], column) for column in classifier.columns}
    batch = rule.decide(classifier.predict_frame(frame_from_rows(rows, classifier.columns)), inputs)
    assert batch == rule.decide_records(answers, rows)
    for row, answer, served, why, action in zip(rows, answers, *batch, strict=True):
        chance, kinds = answer["probability_yes"], triggers(why)
        outside = not 500 <= row["distance"] <= 3000 or (row["temp"] is not None and not 0 <= row["temp"] <= 25)
        assert ("out_of_range" in kinds) == outside
        assert ("unseen" in kinds) == (row["carrier"] == "UA")
        assert ("uncertain" in kinds) == (0.2 <= chance <= 0.6)
        usual = "yes" if chance >= 0.3 else "no"
        expected = "refuse" if row["carrier"] == "UA" else "override" if outside else "log" if kinds else None
        assert action == expected
        assert served == (None if row["carrier"] == "UA" else "no" if outside else usual)


def test_counts_are_by_row_by_trigger_and_by_what_was_done() -> None:
    logged = {
        (None, None): 90,
        ("out_of_range: distance; out_of_range: temp", "log"): 3,
        ("out_of_range: distance; unseen: carrier", "refuse"): 2,
        ("uncertain", None): 1,  # as an earlier version logged it
    }
    found = counts_of(logged)
    assert found == HumilityCounts(rows=6, out_of_range=5, unseen=2, uncertain=1, log=3, refuse=2)
    assert found + found == HumilityCounts(rows=12, out_of_range=10, unseen=4, uncertain=2, log=6, refuse=4)
    assert found.told(96) == (
        "6 of 96 predictions (6.2 %): 5 out of range, 2 unseen category, 1 uncertain; 3 logged, 2 refused"
    )


def test_a_refused_row_keeps_what_the_model_said(layout: Layout, classifier: FittedModel) -> None:
    deployment = builders.deploy(layout, classifier)
    rule = humble_rule(classifier, Humility(unseen=HumilityAction.REFUSE))
    loaded = Loaded(deployment, classifier, RowReader(classifier.columns, (), "flight_id"), rule)
    sent = [{**row, "carrier": "XX"} for row in builders.json_rows(builders.rows_frame(3))]
    done = predict(sent, loaded, AT, lambda: "new")
    assert [one.prediction for one in done.predicted.predictions] == [None] * 3
    assert [record.humility for record in done.records] == ["unseen: carrier"] * 3
    part = to_part(done.records, classifier.columns, layout.staging)
    assert part is not None
    log = pq.read_table(part.path)
    assert log["prediction"].null_count == 3
    assert set(log["model_prediction"].to_pylist()) <= {"yes", "no"}
