"""Performance before its actuals: close to what comes true where the assumptions hold, else silent with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.check_context import CheckContext, InputRows, StoredPredictions
from shopfloor.monitoring.checks.estimated_performance import CHECK
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.statistics import metrics
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.predictions import MISSING, Predictions

FEATURES = (
    Column(name="load", type=ColumnType.NUMBER),
    Column(name="distance", type=ColumnType.NUMBER),
    Column(name="kind", type=ColumnType.TEXT),
)
CLASSES = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("a", "b", "c"), Task.REGRESSION: ()}
START = datetime(2026, 1, 1, tzinfo=UTC)
Rng = np.random.Generator


def rows(count: int, rng: Rng, *, shift: float = 0.0, kinds: Sequence[float] = (0.5, 0.3, 0.2)) -> pd.DataFrame:
    """Covariates; with `shift` the mix of loads and distances is another, within the same range."""
    pool = 8 * count
    load, distance = rng.normal(0, 1, pool).clip(-2.5, 2.5), rng.uniform(0, 100, pool)
    weight = np.exp(shift * (load + distance / 50))
    taken = rng.choice(pool, count, replace=False, p=weight / weight.sum())
    kind = np.array(rng.choice(["x", "y", "z"], count, p=kinds), dtype=object)
    return pd.DataFrame({"load": load[taken], "distance": distance[taken], "kind": kind})


def said(task: Task, frame: pd.DataFrame, rng: Rng, *, flipped: bool = False, over: float = 1.6) -> Predictions:
    """What a model says that knows the relation but is too sure of itself by `over`, and what is true."""
    score = 1.2 * frame["load"] + 0.02 * (frame["distance"] - 50) + np.where(frame["kind"] == "x", 0.5, -0.5) - 1
    sign = -1 if flipped else 1
    if task is Task.REGRESSION:
        spread = 0.3 + 0.8 * np.abs(frame["load"]) + np.where(frame["kind"] == "z", 0.8, 0.0)
        truth = sign * 3 * score + rng.normal(0, 1, len(frame)) * spread
        return read_predictions(pd.DataFrame({"prediction": 3 * score}), truth, task=task)
    if task is Task.BINARY:
        happened = rng.random(len(frame)) < 1 / (1 + np.exp(-sign * score))
        chance = 1 / (1 + np.exp(-over * score))
        table, truth = np.stack([1 - chance, chance], axis=1), happened.astype(int)
    else:
        logits = np.stack([np.zeros(len(frame)), score, 1 - score / 2], axis=1) * (1 if not flipped else [1, -1, 1])
        odds = np.exp(logits)
        odds = odds / odds.sum(axis=1, keepdims=True)
        truth = (odds.cumsum(axis=1) > rng.random((len(frame), 1))).argmax(axis=1)
        table = np.exp(over * np.log(odds))
        table = table / table.sum(axis=1, keepdims=True)
    names = np.array(CLASSES[task], dtype=object)
    answers = pd.DataFrame({f"probability_{name}": table[:, code] for code, name in enumerate(names)})
    answers["prediction"] = names[table.argmax(axis=1)]
    positive = "yes" if task is Task.BINARY else None
    return read_predictions(answers, pd.Series(names[truth]), task=task, classes=CLASSES[task], positive=positive)


def learned(task: Task, metric: str, rng: Rng, held: int = 3000) -> Reference:
    """The reference of a model, as it is read from its file."""
    frame = rows(held, rng)
    found = said(task, frame, rng)
    answers = pd.DataFrame({"prediction": found.predicted})
    truth = pd.Series(found.truth)
    if task.classification:
        names = np.array(CLASSES[task], dtype=object)
        answers, truth = pd.DataFrame({"prediction": names[found.predicted]}), pd.Series(names[found.truth])
        for code, name in enumerate(names):
            answers[f"probability_{name}"] = found.probabilities()[:, code]
    reference = build_reference(
        frame,
        FEATURES,
        model="m",
        task=task,
        metric=metric,
        classes=CLASSES[task],
        positive="yes" if task is Task.BINARY else None,
        importances={"load": 0.6, "distance": 0.3, "kind": 0.1},
        holdout=Holdout(answers, truth, frame=frame),
        created_at=START,
    )
    return from_json(to_json(reference), Reference)


def unknown(found: Predictions) -> Predictions:
    nothing = np.full(len(found), MISSING if found.task.classification else np.nan)
    return replace(found, truth=nothing.astype(found.truth.dtype))


def checked(
    reference: Reference,
    frame: pd.DataFrame,
    found: Predictions,
    history: Sequence[CheckResult] = (),
    day: int = 1,
) -> CheckResult:
    at = START + timedelta(days=day)
    context = CheckContext(
        definition=ModelDefinition(name="m", dataset="d", target="late", task=reference.task),
        model_version=1,
        reference=reference,
        at=at,
        history=history,
        answered=StoredPredictions(
            data=str(day), moment=at, predictions=found, inputs=InputRows(data=str(day), moment=at, frame=frame)
        ),
    )
    (result,) = CHECK.run(context)
    return result


@pytest.mark.parametrize("shift", [0.0, 0.5, -0.5])
@pytest.mark.parametrize(
    ("task", "metric", "close"),
    [
        (Task.BINARY, "roc_auc", 0.01),
        (Task.BINARY, "neg_log_loss", 0.02),
        (Task.MULTICLASS, "accuracy", 0.02),
        (Task.REGRESSION, "neg_root_mean_squared_error", 0.06),
        (Task.REGRESSION, "r2", 0.02),
    ],
)
def test_where_only_the_inputs_move_the_estimate_comes_true(
    task: Task, metric: str, close: float, shift: float
) -> None:
    """On average over deliveries of 5,000 rows, and each within its interval, but for one in twenty or so."""
    rng = np.random.default_rng(5)
    gaps, inside = [], []
    for _ in range(4):
        reference = learned(task, metric, rng)
        frame = rows(5000, rng, shift=shift)
        found = said(task, frame, rng)
        result = checked(reference, frame, unknown(found))
        assert result.value is not None, result.message
        realised = metrics.find(metric).score(found)
        assert realised is not None
        gaps.append(result.value - realised)
        error = reference.performance.error if reference.performance is not None else 0.0
        low, high = result.evidence["interval"]
        inside.append(low - 2 * error <= realised <= high + 2 * error)
    assert abs(np.mean(gaps)) <= close, gaps
    assert sum(inside) >= 3


def test_a_fall_is_told_before_any_label_comes() -> None:
    """The rows lie where the model cannot tell the classes apart."""
    rng = np.random.default_rng(6)
    reference = learned(Task.BINARY, "roc_auc", rng)
    pool = rows(40_000, rng)
    odds = said(Task.BINARY, pool, rng).chance()
    frame = pool[(odds > 0.2) & (odds < 0.7)].head(5000).reset_index(drop=True)
    found = said(Task.BINARY, frame, rng)
    result = checked(reference, frame, unknown(found))
    realised = metrics.find("roc_auc").score(found)
    assert realised is not None
    assert result.value == pytest.approx(realised, abs=0.02)
    assert result.verdict is CheckVerdict.SHIFTED
    assert "Estimated performance has fallen: roc_auc is probably" in result.message
    known = checked(reference, frame, found)
    assert (known.verdict, known.evidence["agrees"]) == (CheckVerdict.OK, True)
    assert "with truth it is" in known.message


def test_of_deliveries_without_a_change_hardly_any_is_called_changed() -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(3):
        reference = learned(Task.BINARY, "roc_auc", rng, held=1000)
        for count in (200, 500, 1000, 2000):
            frame = rows(count, rng)
            found.append(checked(reference, frame, unknown(said(Task.BINARY, frame, rng))).verdict)
    assert CheckVerdict.SHIFTED not in found


Changed = Callable[[pd.DataFrame, Predictions], tuple[pd.DataFrame, Predictions]]
FAILS: dict[str, tuple[Changed, str]] = {
    "no probabilities": (lambda f, p: (f, replace(p, probability=None)), "gives no probabilities"),
    "few rows": (lambda f, p: (f[:50], p.take(slice(50))), "50 rows are too few"),
    "an unseen category": (
        lambda f, p: (f.assign(kind=f["kind"].mask(f["kind"] == "z", "new")), p),
        "kind has values in",
    ),
    "another range": (lambda f, p: (f.assign(distance=f["distance"] + 40), p), "distance has values in"),
    "a lost column": (lambda f, p: (f.drop(columns="load"), p), "load is missing in 100 % of the rows"),
    "answers that the holdout hardly has": (
        lambda f, p: (f, p.take(np.argsort(-p.chance())[np.arange(len(f)) % 20])),
        "of the holdout",
    ),
}


@pytest.mark.parametrize("why", FAILS)
def test_where_an_assumption_fails_it_is_silent_and_says_why(why: str) -> None:
    rng = np.random.default_rng(8)
    reference = learned(Task.BINARY, "roc_auc", rng, held=1000)
    frame = rows(1000, rng)
    change, reason = FAILS[why]
    result = checked(reference, *change(frame, unknown(said(Task.BINARY, frame, rng))))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert result.value is None
    assert reason in result.message


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_a_concept_that_is_known_to_have_changed_silences_it_until_labels_agree_again(task: Task) -> None:
    rng = np.random.default_rng(9)
    reference = learned(task, "roc_auc" if task is Task.BINARY else "r2", rng, held=1500)
    frame = rows(2000, rng)
    history = [checked(reference, frame, said(task, frame, rng, flipped=True))]
    assert history[0].verdict is CheckVerdict.UNKNOWN
    assert "what follows from the inputs has changed" in history[0].message
    later = checked(reference, frame, unknown(said(task, frame, rng)), history, day=2)
    assert later.verdict is CheckVerdict.UNKNOWN
    assert "the newest labels gave" in later.message
    history.append(checked(reference, frame, said(task, frame, rng), history, day=3))
    assert history[-1].verdict is CheckVerdict.OK
    assert checked(reference, frame, unknown(said(task, frame, rng)), history, day=4).verdict is CheckVerdict.OK


def test_a_version_of_before_keeps_nothing_to_estimate_by() -> None:
    rng = np.random.default_rng(10)
    for task, metric in ((Task.BINARY, "roc_auc"), (Task.REGRESSION, "r2")):
        known = to_json(learned(task, metric, rng, held=500))
        reference = from_json(known, Reference)
        old = from_json(
            to_json(reference).replace(b'"calibration"', b'"before"').replace(b'"losses"', b'"x"'), Reference
        )
        frame = rows(500, rng)
        result = checked(old, frame, unknown(said(task, frame, rng)))
        assert "train it again" in result.message
