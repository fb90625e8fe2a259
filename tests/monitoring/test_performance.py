"""Realised performance: a fall needs size and evidence, and late truth is reported."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy import special
from tests.monitoring.frames import answers_of, checked_at, context, month, months, reference_of

from shopfloor.domain.definition import Monitoring, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.records import Joined, PerformanceReference, Reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.predictions import Predictions

SMALL = reference_of(months(range(3)))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Judged on May to August."""
    return reference_of(months(range(8)), holdout=months(range(4, 8)))


def answers(frame: pd.DataFrame, wrong: float = 0.0) -> Predictions:
    """Joined answers in which a share `wrong` of the truths was drawn anew."""
    rng = np.random.default_rng(1)
    truth = frame["late"].to_numpy().copy()
    drawn = rng.random(len(frame)) < wrong
    truth[drawn] = rng.permutation(truth[drawn])
    return read_predictions(
        answers_of(frame), pd.Series(truth), task=Task.BINARY, classes=("no", "yes"), positive="yes"
    )


def performance(
    reference: Reference,
    found: Predictions,
    joined: Joined,
    history: Sequence[CheckResult] = (),
    settings: Monitoring | None = None,
) -> CheckResult:
    results = check_all(context(reference, 8, outcomes=found, joined=joined, history=history, settings=settings))
    (result,) = [one for one in results if one.check == "performance"]
    return result


def checked(
    reference: Reference, found: Predictions, predictions: int | None = None, history: list[CheckResult] | None = None
) -> CheckResult:
    known = len(found.known())
    joined = Joined(predictions=predictions or len(found), matched=known)
    return performance(reference, found, joined, history or ())


def test_as_promised(reference: Reference) -> None:
    result = checked(reference, answers(months([8, 9], rows=2000)))
    assert result.verdict is CheckVerdict.OK
    assert result.value is not None
    assert result.limit is not None
    assert reference.performance is not None
    assert result.limit < reference.performance.score
    assert result.evidence["maturity"] == 1
    low, high = result.evidence["interval"]
    assert low < result.value < high


def test_a_real_fall_is_shifted(reference: Reference) -> None:
    result = checked(reference, answers(month(8, rows=2000), wrong=0.5))
    assert result.verdict is CheckVerdict.SHIFTED
    assert result.p_value is not None
    assert result.p_value < 0.001
    assert "has fallen" in result.message
    assert "roc_auc" in result.message


def test_a_fall_that_does_not_matter_is_in_order_however_sure(reference: Reference) -> None:
    assert reference.performance is not None
    base = replace_performance(reference, score=0.90, error=0.0005, constant=0.5, chunks=())
    live = performance_of(base, 0.88)
    assert live.p_value is not None
    assert live.p_value < 0.05
    assert live.verdict is not CheckVerdict.SHIFTED


def replace_performance(reference: Reference, **fields: object) -> Reference:
    assert reference.performance is not None
    return msgspec.structs.replace(reference, performance=msgspec.structs.replace(reference.performance, **fields))


def performance_of(reference: Reference, auc: float, rows: int = 12_000) -> CheckResult:
    """A large sample with about the given area under the curve."""
    from scipy.special import ndtri

    rng = np.random.default_rng(0)
    truth = rng.random(rows) < 0.5
    value = rng.normal(size=rows) + truth * np.sqrt(2) * ndtri(auc)
    chance = 1 / (1 + np.exp(-value))
    frame = pd.DataFrame(
        {"prediction": np.where(chance > 0.5, "yes", "no"), "probability_no": 1 - chance, "probability_yes": chance}
    )
    found = read_predictions(
        frame, pd.Series(np.where(truth, "yes", "no")), task=Task.BINARY, classes=("no", "yes"), positive="yes"
    )
    return checked(reference, found)


@pytest.mark.parametrize(
    ("restless", "expected"), [((), CheckVerdict.SHIFTED), ((0.95, 0.81, 0.9, 0.84, 0.98, 0.92), CheckVerdict.OK)]
)
def test_a_restless_holdout_allows_more(
    reference: Reference, restless: tuple[float, ...], expected: CheckVerdict
) -> None:
    base = replace_performance(reference, score=0.90, error=0.005, constant=0.5, chunks=restless)
    assert performance_of(base, 0.83).verdict is expected


def test_losing_half_of_the_skill_matters_however_restless_the_holdout(reference: Reference) -> None:
    base = replace_performance(reference, score=0.90, error=0.005, constant=0.5, chunks=(0.5, 0.99, 0.4, 0.99))
    assert performance_of(base, 0.65).verdict is CheckVerdict.SHIFTED


def test_a_fall_within_those_of_earlier_checks_is_usual(reference: Reference) -> None:
    base = replace_performance(reference, score=0.90, error=0.005, constant=0.5, chunks=())
    now = performance_of(base, 0.83)
    assert now.verdict is CheckVerdict.SHIFTED
    assert now.limit == pytest.approx(0.86)
    accepted = msgspec.structs.replace(now, verdict=CheckVerdict.OK, value=0.82, at=checked_at(5))
    found = answers(month(8, rows=300))
    joined = Joined(predictions=300, matched=300)
    assert performance(base, found, joined, [accepted]).limit == pytest.approx(0.82)
    fallen = msgspec.structs.replace(accepted, verdict=CheckVerdict.SHIFTED)
    assert performance(base, found, joined, [fallen]).limit == pytest.approx(0.86)


def test_few_truths_cannot_tell(reference: Reference) -> None:
    result = checked(reference, answers(month(8, rows=99)), predictions=5000)
    assert result.verdict is CheckVerdict.UNKNOWN
    assert result.value is None
    assert "99 of 5000" in result.message
    assert result.evidence["maturity"] == pytest.approx(99 / 5000)


def test_a_noisy_sample_cannot_tell(reference: Reference) -> None:
    result = checked(reference, answers(month(8, rows=130), wrong=0.1))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert "too noisy" in result.message


def test_one_class_cannot_tell(reference: Reference) -> None:
    frame = month(8, rows=2000)
    result = checked(reference, answers(frame[frame["late"] == "yes"].reset_index(drop=True)))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert "undefined" in result.message


def test_without_a_holdout_nothing_can_be_told() -> None:
    result = checked(reference_of(months(range(3))), answers(month(8)))
    assert result.verdict is CheckVerdict.UNKNOWN


def test_early_truth_is_told(reference: Reference) -> None:
    result = checked(reference, answers(month(8, rows=3000)), predictions=20_000)
    assert "Only 15 % (3,000 of 20,000) of the predictions" in result.message


def test_errors_are_negative_scores_too() -> None:
    """Greater is better for every scorer, errors included."""
    base = PerformanceReference(metric="neg_mean_absolute_error", score=-1.0, error=0.01, rows=1000, constant=-2.0)
    reference = msgspec.structs.replace(reference_of(months(range(3))), performance=base, task=Task.REGRESSION)
    rng = np.random.default_rng(0)
    for size, expected in ((1.0, CheckVerdict.OK), (1.2, CheckVerdict.SHIFTED), (0.5, CheckVerdict.OK)):
        errors = rng.laplace(0, size, 4000)
        found = read_predictions(
            pd.DataFrame({"prediction": errors}),
            pd.Series(np.zeros(4000)),
            task=Task.REGRESSION,
            classes=(),
            positive=None,
        )
        assert checked(reference, found).verdict is expected, size


def test_false_falls_are_rare(reference: Reference) -> None:
    """A model that does as promised falls in at most one of 20 checks (one-sided 5 %, and an effect)."""
    fallen = 0
    for seed in range(30):
        frame = months(range(4, 8), rows=150, seed=100 + seed)
        found = read_predictions(
            answers_of(frame, seed), frame["late"], task=Task.BINARY, classes=("no", "yes"), positive="yes"
        )
        fallen += checked(reference, found).verdict is CheckVerdict.SHIFTED
    assert fallen <= 2


def test_a_lucky_holdout_is_no_fall_for_ever() -> None:
    """Models that never change, each promised something by its own few rows, are checked for six deliveries."""
    rng = np.random.default_rng(0)
    models, called = 100, 0
    for luck in 0.06 * special.ndtri((np.arange(models) + 0.5) / models):
        base = PerformanceReference(
            metric="neg_mean_absolute_error", score=-1 + luck, error=0.06, rows=280, constant=-1.8
        )
        reference = msgspec.structs.replace(SMALL, performance=base, task=Task.REGRESSION)
        errors, shifted = rng.laplace(0, 1, 500), [False]
        for _ in range(6):
            errors = np.concatenate([errors, rng.laplace(0, 1, 500)])[-1000:]
            frame = pd.DataFrame({"prediction": errors})
            found = read_predictions(
                frame, pd.Series(np.zeros(len(errors))), task=Task.REGRESSION, classes=(), positive=None
            )
            shifted.append(checked(reference, found).verdict is CheckVerdict.SHIFTED)
            if shifted[-1] and sum(shifted[-3:]) >= 2:
                called += 1
                break
    assert called <= 3


def test_settings_decide_how_many_truths_are_enough(reference: Reference) -> None:
    found = answers(month(8, rows=400))
    strict = Monitoring(min_rows=401)
    assert (
        performance(reference, found, Joined(predictions=400, matched=400), settings=strict).verdict
        is CheckVerdict.UNKNOWN
    )
