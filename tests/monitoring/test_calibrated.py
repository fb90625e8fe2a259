"""Calibration of the deployed classifier: no alarm where nothing changed, the change that matters with its interval."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from tests.monitoring.frames import checked_at, context, month, reference_of

from shopfloor.domain.definition import Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.checks.calibration import CHECK
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.calibration import differ, recalibration
from shopfloor.statistics.predictions import Predictions, classification

CLASSES = ("no", "yes")


def drawn(rows: int, rng: np.random.Generator, *, shift: float = 0.0, slope: float = 1.0) -> Predictions:
    """Chances of about 30 %; what happens has odds moved by `shift`, and less or more extreme ones by `slope`."""
    score = rng.normal(-1, 1.2, rows)
    happened = rng.random(rows) < 1 / (1 + np.exp(-(shift + slope * score)))
    chance = 1 / (1 + np.exp(-score))
    both = np.stack([1 - chance, chance], axis=1)
    return classification(happened.astype(np.intp), (chance > 0.5).astype(np.intp), both, classes=CLASSES)


def held(found: Predictions) -> Reference:
    answers = pd.DataFrame(
        {
            "prediction": np.array(CLASSES)[found.predicted],
            "probability_no": found.probabilities()[:, 0],
            "probability_yes": found.probabilities()[:, 1],
        }
    )
    frame = month(0)
    return build_reference(
        frame,
        (),
        model="m",
        task=Task.BINARY,
        metric="roc_auc",
        classes=CLASSES,
        positive="yes",
        holdout=Holdout(answers, pd.Series(np.array(CLASSES)[found.truth])),
        created_at=datetime(2013, 1, 1, tzinfo=UTC),
    )


def checked(reference: Reference, found: Predictions) -> CheckResult:
    (result,) = CHECK.run(context(reference, 8, outcomes=found))
    return result


@pytest.fixture(scope="module")
def reference() -> Reference:
    return held(drawn(1500, np.random.default_rng(0)))


def test_of_deliveries_without_a_change_hardly_any_is_called_changed() -> None:
    """At most 1 % of looks by the level of the test; simulated 0 to .2 %, and at 200 rows 11 % cannot tell."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(10):
        known = held(drawn(1000, rng))
        found += [checked(known, drawn(rows, rng)).verdict for rows in (200, 500, 1000, 2000, 5000) * 2]
    assert found.count(CheckVerdict.SHIFTED) <= 1
    assert found.count(CheckVerdict.UNKNOWN) <= 12


def test_rows_that_share_their_day_are_no_evidence_of_a_change() -> None:
    """Twenty rows a day, whose odds move together by .8: single rows would promise too much."""
    rng = np.random.default_rng(2)

    def by_day(rows: int) -> Predictions:
        found = drawn(rows, rng)
        score = np.log(found.chance() / (1 - found.chance())) + np.repeat(rng.normal(0, 0.8, rows // 20), 20)
        happened = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(np.intp)
        return classification(happened, found.predicted, found.probability, classes=CLASSES)

    pairs = [(recalibration(by_day(1000)), recalibration(by_day(1000))) for _ in range(200)]
    p_values = np.array([differ(now, before) for now, before in pairs if now is not None and before is not None])
    assert (p_values <= 0.05).mean() <= 0.1


@pytest.mark.parametrize(("shift", "slope"), [(0.8, 1.0), (-0.9, 1.0), (0.0, 0.2)])
def test_chances_that_are_honest_no_more_are_told_with_their_interval(
    reference: Reference, shift: float, slope: float
) -> None:
    result = checked(reference, drawn(2000, np.random.default_rng(3), shift=shift, slope=slope))
    assert result.verdict is CheckVerdict.SHIFTED
    assert result.value is not None
    assert result.limit is not None
    low, high = result.evidence["interval"]
    assert result.evidence["holdout"] < result.limit < result.value
    assert low < result.value < high
    assert result.p_value is not None
    assert result.p_value <= result.evidence["false_alarms"]
    assert "Calibration is worse" in result.message
    assert "2,000 rows" in result.message


def test_a_model_that_never_was_honest_is_no_news() -> None:
    rng = np.random.default_rng(4)
    known = held(drawn(1500, rng, shift=1.0))
    result = checked(known, drawn(2000, rng, shift=1.0))
    assert (result.verdict, known.calibration is not None) == (CheckVerdict.OK, True)
    assert result.value == pytest.approx(0.18, abs=0.05)


def test_too_few_rows_of_the_rarer_outcome_cannot_tell(reference: Reference) -> None:
    result = checked(reference, drawn(300, np.random.default_rng(5), shift=-4.0))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert "the rarer outcome happened in" in result.message


def test_a_version_of_before_has_nothing_to_compare_with() -> None:
    known = reference_of(month(0))
    result = checked(known, drawn(500, np.random.default_rng(6)))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert "train it again" in result.message


def test_of_many_classes_the_one_that_is_predicted_is_judged() -> None:
    rng = np.random.default_rng(7)

    def of_three(rows: int, honest: float) -> Predictions:
        table = rng.dirichlet([1, 1, 1], rows)
        mixed = honest * table + (1 - honest) / 3
        truth = (mixed.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1).astype(np.intp)
        return classification(truth, table.argmax(axis=1), table, classes="abc")

    before, same, worse = (recalibration(of_three(3000, honest)) for honest in (1.0, 1.0, 0.5))
    assert before is not None
    assert same is not None
    assert worse is not None
    assert differ(same, before) > 0.01
    assert differ(worse, before) < 1e-6


def test_alone_it_opens_an_alert_when_seen_again_and_says_so() -> None:
    """Chances become too low, while rank and inputs stay."""
    rng = np.random.default_rng(8)
    reference = held(drawn(3000, rng))
    history: list[CheckResult] = []
    opened = []
    for number in (8, 9):
        at = context(reference, number, outcomes=drawn(3000, rng, shift=0.7), history=history)
        results = check_all(at)
        opened.append(fold([], results, history, at.definition, checked_at(number)).opened)
        history += results
    assert opened[0] == ()
    (alert,) = opened[1]
    assert (alert.check, alert.severity) == ("calibration", "warning")
    assert "The inputs are stable" in alert.cause
