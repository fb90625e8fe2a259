"""What every check of `monitoring/checks/` owes, run over each of them by itself: a new one has only to be there."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import FrameType

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from tests.monitoring.frames import FEATURES, answers_of, context, moment, month, months

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Monitoring, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.service import BATCH, REST, FaultCount, RequestCounts, RequestFault
from shopfloor.monitoring.check_context import CheckContext, ReplayedVersions, VersionAnswers
from shopfloor.monitoring.check_history import key_of
from shopfloor.monitoring.checks import checks
from shopfloor.monitoring.checks.check import Check
from shopfloor.monitoring.measurement import conclude
from shopfloor.monitoring.records import FeatureReference, Promise, Reference, Sketch
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.predictions import Predictions

TASKS = (Task.BINARY, Task.REGRESSION)
CLASSES = ("no", "yes")
SHIFTED = CheckVerdict.SHIFTED
NAMES = {check.name for check in checks()}
OTHERS = (Column(name="fixed", type=ColumnType.NUMBER), Column(name="hollow", type=ColumnType.TEXT))


@dataclass(frozen=True)
class Delivery:
    """Rows as they arrived, what the model predicted for them, and what came true.

    Each was asked for in a request of its own, which took `slower` times the usual; a share is `failing`.
    `again` is what it says of them now, `refitted` what a version says that learned later.
    """

    frame: pd.DataFrame
    answers: pd.DataFrame
    truth: pd.Series
    again: pd.DataFrame | None = None
    refitted: pd.DataFrame | None = None
    slower: float = 1.0
    failing: float = 0.0

    @staticmethod
    def of(frame: pd.DataFrame, task: Task, seen_as: pd.DataFrame | None = None) -> Delivery:
        """`frame` as it arrived; the model was asked about `seen_as`. Columns that it does not use come along."""
        frame = frame.assign(fixed=5.0, hollow=None)
        answers = answers_of(frame if seen_as is None else seen_as)
        if task is Task.REGRESSION:
            answers = pd.DataFrame({"prediction": answers["probability_yes"]})
            return Delivery(frame, answers, (frame["late"] == "yes").astype(float))
        return Delivery(frame, answers, frame["late"])

    @property
    def labelled(self) -> pd.DataFrame:
        """The rows with their truth as the target, where they have one."""
        return self.frame.assign(late=self.truth.to_numpy()) if "late" in self.frame else self.frame

    def predictions(self, task: Task, refitted: bool = False) -> Predictions:
        answers = self.answers if self.refitted is None or not refitted else self.refitted
        if task is Task.REGRESSION:
            return read_predictions(answers, self.truth, task=task)
        return read_predictions(answers, self.truth, task=task, classes=CLASSES, positive="yes")


def usual(task: Task) -> Delivery:
    return Delivery.of(month(8), task)


def empty(task: Task) -> Delivery:
    return Delivery.of(month(8)[:0], task)


def one_row(task: Task) -> Delivery:
    return Delivery.of(month(8)[:1], task)


def constant(task: Task) -> Delivery:
    """Every column, prediction and truth holds one value."""
    first = month(8).iloc[[0] * 500].reset_index(drop=True)
    found = Delivery.of(first, task)
    same = found.answers.iloc[[0] * 500].reset_index(drop=True)
    return Delivery(first, same, found.truth)


def all_missing(task: Task) -> Delivery:
    """Nothing but holes: in the columns, the predictions and the truth."""
    found = usual(task)
    frame = found.frame.assign(**{column.name: None for column in (*FEATURES, *OTHERS)})
    answers = found.answers.assign(**dict.fromkeys(found.answers.columns, np.nan))
    return Delivery(frame, answers, pd.Series([None] * len(frame), dtype=object))


def lost_columns(task: Task) -> Delivery:
    found = usual(task)
    return Delivery(found.frame[["id"]], found.answers, found.truth)


def unseen_types(task: Task) -> Delivery:
    """Text where numbers were, numbers where text was, times where flags were."""
    found = usual(task)
    frame = found.frame.assign(
        temp="mild", distance=found.frame["carrier"], carrier=found.frame["temp"], tail=7, open=found.frame["at"]
    )
    return Delivery(frame, found.answers, found.truth)


def unseen_levels(task: Task) -> Delivery:
    """Levels, numbers and a class that training never saw."""
    found = usual(task)
    rows = len(found.frame)
    frame = found.frame.assign(
        carrier=[f"\x1b[31m{number}" for number in range(rows)], temp=1e300, delay=np.inf, distance=-(2**62)
    )
    truth = pd.Series(["maybe"] * rows if task is Task.BINARY else [1e300] * rows)
    return Delivery(frame, found.answers, truth)


def all_moved(task: Task) -> Delivery:
    """An odd number of rows in which inputs, predictions and truth have moved, each in a way of its own."""
    before = month(8, rows=1501)
    frame = before.assign(temp=before["temp"] + 60, carrier="UA", noise=None)
    found = Delivery.of(frame, task)
    truth = pd.Series(np.random.default_rng(0).permutation(found.truth.to_numpy()))
    again = found.answers.assign(**{found.answers.columns[-1]: 0.25})
    return Delivery(frame, found.answers, truth, again, knowing(truth, task), slower=5.0, failing=0.1)


def knowing(truth: pd.Series, task: Task) -> pd.DataFrame:
    """The answers of a version that has learned what happens now, for nearly all rows."""
    told = truth.to_numpy() if task is Task.REGRESSION else (truth == "yes").to_numpy(dtype=float)
    sure = np.where(np.arange(len(told)) % 10 == 0, 0.5, told)
    if task is Task.REGRESSION:
        return pd.DataFrame({"prediction": sure})
    label = np.where(sure >= 0.5, "yes", "no").astype(object)
    return pd.DataFrame({"prediction": label, "probability_no": 1 - sure, "probability_yes": sure})


def tied(task: Task) -> Delivery:
    """Each column as it was, but the warm rows are the far ones."""
    before = month(8, rows=1600)
    frame = before.assign(temp=np.sort(before["temp"]), distance=np.sort(before["distance"]))
    return Delivery.of(frame, task)


def one_slice(task: Task) -> Delivery:
    """Of one carrier alone what came true is the opposite of what comes true of the others."""
    found = Delivery.of(month(8, rows=1500), task)
    turned = 1 - found.truth if task is Task.REGRESSION else found.truth.map({"yes": "no", "no": "yes"})
    return Delivery(found.frame, found.answers, found.truth.where(found.frame["carrier"] != "B6", turned))


def uncertain(task: Task) -> Delivery:
    """Only rows of which the model can say little, without truth."""
    whole = Delivery.of(month(8, rows=20_000), task)
    chance = whole.answers.iloc[:, -1]
    rows = (chance > 0.45) & (chance < 0.55)
    frame, answers = (one[rows].reset_index(drop=True) for one in (whole.frame, whole.answers))
    return Delivery(frame, answers, pd.Series([None] * len(frame), dtype=object))


DELIVERIES: tuple[Callable[[Task], Delivery], ...] = (
    usual,
    empty,
    one_row,
    constant,
    all_missing,
    lost_columns,
    unseen_types,
    unseen_levels,
    all_moved,
    one_slice,
    uncertain,
    tied,
)
every_check = pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
every_delivery = pytest.mark.parametrize("delivery", DELIVERIES, ids=lambda delivery: delivery.__name__)
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.value)


@cache
def reference(task: Task) -> Reference:
    """Of a model that learnt January to August."""
    learned, held = Delivery.of(months(range(8)), task), Delivery.of(months(range(4, 8)), task)
    frame = learned.labelled
    return build_reference(
        frame,
        FEATURES,
        others=OTHERS,
        model="m",
        task=task,
        metric="roc_auc" if task is Task.BINARY else "r2",
        classes=CLASSES if task is Task.BINARY else (),
        positive="yes" if task is Task.BINARY else None,
        target="late",
        time=frame["at"],
        importances={"temp": 3.0, "carrier": 1.0},
        holdout=Holdout(held.answers, held.truth, held.frame["at"], held.frame),
        created_at=datetime(2013, 9, 1, tzinfo=UTC),
    )


def requests(many: int, failing: float, number: int) -> list[RequestCounts]:
    """Requests and files, some of which fail, and one of which is refused."""
    at = moment(number)
    ends = {RequestFault.FAILED: int(failing * many), RequestFault.REFUSED: min(many, 1)}
    faults = tuple(
        FaultCount(fault=fault, code="x\x1b[31m", message="No\nvalue", count=count, first_at=at, last_at=at)
        for fault, count in ends.items()
        if count
    )
    answered = many - sum(one.count for one in faults)
    return [RequestCounts(source=source, answered=answered, faults=faults, until=number) for source in (REST, BATCH)]


@cache
def served(task: Task, number: int, rows: int) -> tuple[NDArray[np.float64], tuple[CheckResult, ...]]:
    """Seconds of so many requests, and what the checks said of three months of requests before."""
    seconds = np.random.default_rng(number).lognormal(-5, 0.5, (4, max(rows, 1)))
    looks = [context(reference(task), one, seconds=np.tile(seconds[one], 500)) for one in range(3)]
    return seconds[3, :rows], tuple(result for look in looks for check in checks() for result in check.run(look))


def given(delivery: Delivery, task: Task, number: int = 8, history: tuple[CheckResult, ...] = ()) -> CheckContext:
    found = delivery.predictions(task)
    again = delivery.answers if delivery.again is None else delivery.again
    seconds, past = served(task, number, len(delivery.frame))
    return context(
        reference(task),
        number,
        frame=delivery.labelled,
        predictions=found,
        outcomes=found,
        labelled=found,
        settings=Monitoring(fairness=("carrier",)),
        seconds=delivery.slower * seconds,
        asked=requests(len(delivery.frame), delivery.failing, number),
        rescored=(delivery.answers, again),
        replayed=ReplayedVersions(
            data=str(number),
            moment=moment(number),
            own=VersionAnswers(1, moment(number - 3), Promise(rows=6400), found),
            others=[
                VersionAnswers(2, moment(number - 1), Promise(rows=6400), delivery.predictions(task, refitted=True))
            ],
        ),
        history=(*past, *history),
    )


def run(check: Check, delivery: Delivery, task: Task) -> list[CheckResult]:
    at = given(delivery, task)
    return conclude(check.run(at), at)


@cache
def of(delivery: Callable[[Task], Delivery], task: Task) -> Delivery:
    """One of `DELIVERIES`, for tests that only read it."""
    return delivery(task)


@cache
def found_in(check: Check, delivery: Callable[[Task], Delivery], task: Task) -> list[CheckResult]:
    """Results that many tests look at."""
    return run(check, of(delivery, task), task)


@every_check
@every_delivery
@every_task
def test_every_delivery_gets_results_that_can_be_kept(
    check: Check, delivery: Callable[[Task], Delivery], task: Task
) -> None:
    results = found_in(check, delivery, task)
    for result in results:
        assert from_json(to_json(result), CheckResult) == result
        assert result.check == check.name
        assert (result.model, result.model_version) == ("m", 1)
        assert {"source", "data", "break"} <= set(result.evidence)
    keys = [key_of(result) for result in results]
    assert len(set(keys)) == len(keys), "a question is answered twice"


@every_check
@every_delivery
@every_task
def test_a_result_explains_itself(check: Check, delivery: Callable[[Task], Delivery], task: Task) -> None:
    for result in found_in(check, delivery, task):
        assert result.message.endswith(".")
        assert result.message.isprintable()
        assert result.feature is None or result.feature in result.message
        if result.verdict is CheckVerdict.SHIFTED:
            assert result.value is not None
            assert result.limit is not None
        if result.verdict is CheckVerdict.UNKNOWN:
            assert "inconclusive" in result.message


@every_check
@every_delivery
@every_task
def test_the_same_rows_get_the_same_answer_and_stay_as_they_are(
    check: Check, delivery: Callable[[Task], Delivery], task: Task
) -> None:
    rows = delivery(task)
    before = written(rows.frame)
    assert run(check, rows, task) == found_in(check, delivery, task)
    assert written(rows.frame) == before


def written(frame: pd.DataFrame) -> bytes:
    """Each value exactly, and the columns' types."""
    return pickle.dumps(frame)


@every_check
@pytest.mark.parametrize("delivery", [empty, one_row], ids=lambda delivery: delivery.__name__)
@every_task
def test_too_few_rows_cannot_tell(check: Check, delivery: Callable[[Task], Delivery], task: Task) -> None:
    assert {result.verdict for result in found_in(check, delivery, task)} <= {CheckVerdict.UNKNOWN}


@every_check
@every_task
def test_a_usual_delivery_is_in_order(check: Check, task: Task) -> None:
    """Twice: the second one has the first as its past."""
    first = found_in(check, usual, task)
    at = given(Delivery.of(month(9), task), task, 9, tuple(first))
    for result in [*first, *conclude(check.run(at), at)]:
        assert result.verdict is not CheckVerdict.SHIFTED, result.message


@every_check
@every_task
def test_nothing_to_judge_is_no_result(check: Check, task: Task) -> None:
    assert list(check.run(context(reference(task), 8))) == []


@every_task
def test_the_deliveries_of_this_suite_make_the_checks_fire(task: Task) -> None:
    fired = {
        result.check
        for check in checks()
        for delivery in DELIVERIES
        for result in found_in(check, delivery, task)
        if result.verdict is CheckVerdict.SHIFTED
    }
    # Without terms there is no value, humility and refused requests are only counted, chances and rates are of
    # classes, and of numbers the model of this suite is hardly better than a constant, so that it cannot fall.
    of_classes = set() if task is Task.BINARY else {"calibration", "fairness", "estimated_performance"}
    silent = {"value", "humility", "refused_requests"} | of_classes
    assert fired >= NAMES - silent, "a fault is missing here that the check is for"


@pytest.mark.parametrize("delivery", [constant, all_missing, lost_columns, unseen_levels], ids=lambda one: one.__name__)
def test_a_fault_is_not_small_because_the_reference_is_large(delivery: Callable[[Task], Delivery]) -> None:
    """The same is found as against a reference of fewer rows; this one has more than 300 for each of the delivery's."""
    frame = delivery(Task.BINARY).labelled
    few, many = (
        {(one.check, one.feature) for one in check_all(context(known, 8, frame=frame)) if one.verdict is SHIFTED}
        for known in (reference(Task.BINARY), of_many_rows(reference(Task.BINARY)))
    )
    assert few
    assert few <= many


def of_many_rows(known: Reference, times: int = 50) -> Reference:
    """The same reference of so many times its rows."""

    def more(one: Sketch) -> Sketch:
        counts = tuple(times * count for count in one.counts)
        return replace(one, rows=times * one.rows, missing=times * one.missing, counts=counts)

    def column(one: FeatureReference) -> FeatureReference:
        return replace(one, whole=more(one.whole), chunks=tuple(map(more, one.chunks)))

    assert known.target is not None
    features = tuple(map(column, known.features))
    return replace(known, rows=times * known.rows, features=features, target=column(known.target))


def test_every_check_has_a_name_of_its_own() -> None:
    assert len(NAMES) == len(checks())


@cache
def many(rows: int, task: Task) -> Delivery:
    frame = month(8, rows)
    return Delivery.of(frame.assign(tail=frame["tail"].str[-1]), task)


def calls(check: Check, rows: int, task: Task) -> int:
    """How many functions written in Python the check calls for so many rows of as many levels."""
    at = given(many(rows, task), task)
    found = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal found
        found += event == "call"

    sys.setprofile(count)
    try:
        check.run(at)
    finally:
        sys.setprofile(None)
    return found


@every_check
@every_task
def test_the_cost_of_a_check_is_no_loop_over_rows(check: Check, task: Task) -> None:
    calls(check, 400, task)  # what is computed once is not counted
    assert calls(check, 20_000, task) <= 1.5 * calls(check, 4_000, task)
