"""The retraining policy: what starts a training, what holds it back, and that both are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.dataset import Part
from shopfloor.domain.definition import ModelDefinition, Retrain, RetrainAction
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.event import Event
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict
from shopfloor.domain.notice import FOR_PEOPLE
from shopfloor.domain.retraining import RetrainTrigger
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.engine.line.retraining import POLICIES, Occasion, consider, consider_alert, train
from shopfloor.engine.line.ticks import tick
from shopfloor.monitoring.alert_text import AlertText
from shopfloor.monitoring.alerts import resolve
from shopfloor.statistics import metrics
from shopfloor.store import alerts, events, jobs, runs
from shopfloor.workspace.definitions import check_definition, save_definition

ALL = Retrain(schedule="0 3 * * *", stale_days=5)


class Hangar(Works):
    """Dataset `flights`, delivery by delivery."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.parts: list[Part] = []

    def deliver(self, *cities: str | None) -> None:
        """A version with these rows more."""
        first = 100 * len(self.parts)
        table = pa.table({"id": range(first, first + len(cities)), "city": pa.array(cities, pa.string())})
        self.parts.append(self.part(table))
        self.commit("flights", self.parts, digest=f"d{first}", added=len(cities))


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Hangar]:
    """One version of three rows, one of them without a city."""
    made = Hangar(tmp_path)
    made.deliver("Oslo", None, "Rome")
    yield made
    made.store.close()


def definition(rules: Retrain = ALL) -> ModelDefinition:
    return ModelDefinition(name="late", dataset="flights", target="city", retrain=rules)


def ask(works: Hangar, trigger: RetrainTrigger, rules: Retrain = ALL) -> JobRecord | None:
    occasion = Occasion(trigger, "the test")
    return works.store.write(lambda transaction: consider(transaction, works.layout, definition(rules), occasion))


def told(works: Hangar) -> list[Event]:
    found = works.store.read(lambda query: events.after(query, 0, 10_000, "late"))
    return [event for event in found if event.kind.startswith("retrain.")]


def trained(works: Hangar, job: JobRecord | None = None, *, version: int = 1, seconds: float = 60.0) -> None:
    """A training has ended now."""

    def change(transaction: Any) -> None:
        now = transaction.now
        run = RunRecord(
            id="", model="late", dataset="flights", dataset_version=version, state=RunState.SUCCEEDED,
            duration_s=seconds, created_at=now,
        )  # fmt: skip
        runs.create(transaction, run)
        if job is not None:
            jobs.put(transaction, msgspec.structs.replace(job, state=JobState.SUCCEEDED, finished_at=now))

    works.store.write(change)


def against(works: Hangar) -> list[str]:
    """The conditions that did not hold last."""
    return [each["code"] for each in told(works)[-1].data["conditions"] if not each["passed"]]


@pytest.mark.parametrize("trigger", RetrainTrigger)
def test_each_trigger_trains_on_new_data_and_says_so(works: Hangar, trigger: RetrainTrigger) -> None:
    job = ask(works, trigger)
    assert job is not None
    assert (job.trigger, job.payload) == ("the test", {"dataset_version": 1, "trigger": trigger.value})
    (event,) = told(works)
    assert (event.kind, event.data["job"], event.data["trigger"]) == ("retrain.train", job.id, trigger.value)
    assert event.message == f"late is trained again ({trigger}: the test)"
    assert all(each["passed"] and each["detail"] for each in event.data["conditions"])


@pytest.mark.parametrize("trigger", RetrainTrigger)
def test_nothing_new_to_learn_trains_nothing_and_says_so(works: Hangar, trigger: RetrainTrigger) -> None:
    trained(works, version=1)
    assert ask(works, trigger) is None
    (event,) = told(works)
    assert event.kind == "retrain.skip"
    assert event.message.startswith(f"late is not trained again ({trigger}: the test): ")
    assert {"new_rows", "newer_data"} & set(against(works))


@pytest.mark.parametrize(
    ("trigger", "off"),
    [
        (RetrainTrigger.DATA, {"on_data": False}),
        (RetrainTrigger.CORRECTION, {"on_correction": False}),
        (RetrainTrigger.DRIFT, {"on_drift": False}),
        (RetrainTrigger.DRIFT, {"on_alert": False}),
        (RetrainTrigger.PERFORMANCE, {"on_performance": False}),
        (RetrainTrigger.PERFORMANCE, {"on_alert": False}),
        (RetrainTrigger.SCHEDULE, {"schedule": ""}),
        (RetrainTrigger.STALENESS, {"stale_days": 0}),
    ],
)
def test_a_trigger_that_is_off_decides_nothing(works: Hangar, trigger: RetrainTrigger, off: dict[str, Any]) -> None:
    assert ask(works, trigger, msgspec.structs.replace(ALL, **off)) is None
    assert told(works) == []
    assert set(POLICIES) == set(RetrainTrigger)


def test_only_labelled_rows_that_have_come_since_count(works: Hangar) -> None:
    """Of the first three rows two have the target; of the next two, one."""
    three = msgspec.structs.replace(ALL, min_labelled_rows=3)
    assert ask(works, RetrainTrigger.DATA, three) is None
    assert against(works) == ["labelled_rows"]
    assert "2 new labelled rows of at least 3" in told(works)[-1].message
    works.deliver("Oslo", None)
    assert ask(works, RetrainTrigger.DATA, three) is not None
    trained(works, version=1)
    two = msgspec.structs.replace(ALL, min_labelled_rows=2)
    assert ask(works, RetrainTrigger.SCHEDULE, two) is None
    assert "1 new labelled row of at least 2" in told(works)[-1].message


@pytest.mark.parametrize("rules", [Retrain(on_data=False), Retrain(min_labelled_rows=100, min_new_rows=100)])
def test_what_is_to_be_mended_waits_for_no_rows_and_no_trigger(works: Hangar, rules: Retrain) -> None:
    trained(works)
    occasion = Occasion(RetrainTrigger.DATA, "the test", news="its champion learned from rows that left")
    job = works.store.write(lambda transaction: consider(transaction, works.layout, definition(rules), occasion))
    assert job is not None


def test_cooldown_holds_back_alerts_but_not_new_data(works: Hangar) -> None:
    trained(works, ask(works, RetrainTrigger.DATA))
    works.deliver("Rome")
    works.clock.forward(minutes=59)
    assert ask(works, RetrainTrigger.DRIFT) is None
    assert against(works) == ["cooldown"]
    assert "the last training ended 59 min ago, the cool-down is 1 h" in told(works)[-1].message
    assert ask(works, RetrainTrigger.DATA) is not None
    works.clock.forward(minutes=1)
    assert ask(works, RetrainTrigger.DRIFT) is not None


def test_what_the_cooldown_held_back_is_tried_again_by_itself_while_the_alert_is_there(works: Hangar) -> None:
    """Also by another engine, under the cool-down that the definition has then, and once."""
    save_definition(works.layout, definition(), metrics.find)
    for resolved in (True, False):
        trained(works, ask(works, RetrainTrigger.DATA))
        works.deliver("Rome")
        alert = alarm(works)
        assert against(works) == ["cooldown"]
        works.clock.forward(minutes=59)
        tick(works.context)
        before = len(told(works))
        if resolved:
            over = resolve(alert, "", works.clock.now())
            works.store.write(lambda transaction, over=over: alerts.put(transaction, over))  # type: ignore[misc]
        works.store.close()
        works.reopen()
        works.clock.forward(minutes=1)
        tick(works.context)
        tick(works.context)
        assert [event.kind for event in told(works)[before:]] == ["retrain.train"] * (not resolved)
    now = works.store.read(lambda query: alerts.get(query, "a2"))
    assert "A retraining was started" in now.cause


@pytest.mark.parametrize(("measure", "broken"), [("top_share", True), ("wasserstein", False), ("", False)])
def test_an_alert_about_wrong_measurement_starts_no_training(works: Hangar, measure: str, broken: bool) -> None:
    """It would learn it before anybody has decided about the rows; a large shift without its traces is drift."""
    alert = alarm(works, *AlertText.of([breaking(measure)]).actions)
    assert [event.kind for event in told(works)] == ([] if broken else ["retrain.train"])
    after = works.store.read(lambda query: alerts.get(query, alert.id))
    assert ("A retraining was started" in after.cause) is not broken
    assert ("retrain" in after.actions) is not broken


def breaking(measure: str) -> CheckResult:
    return CheckResult(
        model="late", check="feature_drift", feature="temp", verdict=CheckVerdict.SHIFTED,
        evidence={"source": "data", "break": bool(measure), "breaks": [measure]}, at=datetime.now(UTC),
    )  # fmt: skip


def alarm(works: Hangar, *actions: str) -> AlertRecord:
    """An alert has opened."""
    can = actions or ("retrain", "ack")

    def change(transaction: Any) -> AlertRecord:
        now = transaction.now
        alert = alerts.create(
            transaction,
            AlertRecord(id="", subject="late", check="feature_drift", opened_at=now, updated_at=now, actions=can),
        )
        consider_alert(transaction, works.layout, definition(), alert)
        return alert

    return works.store.write(change)


def test_the_budget_of_a_week_holds_back_all(works: Hangar) -> None:
    rules = msgspec.structs.replace(ALL, weekly_hours=2)
    trained(works, version=0, seconds=2 * 3600)
    for trigger in (RetrainTrigger.DATA, RetrainTrigger.SCHEDULE, RetrainTrigger.PERFORMANCE):
        assert ask(works, trigger, rules) is None
        assert against(works) == ["budget"]
    works.clock.forward(days=8)
    assert ask(works, RetrainTrigger.DATA, rules) is not None


def test_alerts_do_not_train_in_circles(works: Hangar) -> None:
    """Three trainings in a row without a new champion; one that new data started begins the row anew."""
    for number in range(3):
        job = ask(works, RetrainTrigger.DRIFT if number else RetrainTrigger.PERFORMANCE)
        assert job is not None
        trained(works, job, version=0)
        works.clock.forward(hours=2)
    assert ask(works, RetrainTrigger.DRIFT) is None
    assert against(works) == ["loop_guard"]
    assert "3 such trainings in a row brought no new champion, at most 3 may" in told(works)[-1].message
    trained(works, ask(works, RetrainTrigger.DATA), version=0)
    works.clock.forward(hours=2)
    assert ask(works, RetrainTrigger.DRIFT) is not None


def test_a_new_champion_ends_the_row(works: Hangar) -> None:
    for _ in range(3):
        trained(works, ask(works, RetrainTrigger.DRIFT), version=0)
        works.clock.forward(hours=2)
    assert ask(works, RetrainTrigger.DRIFT) is None
    save_definition(works.layout, definition(), metrics.find)
    works.release("late")
    works.clock.forward(hours=2)
    works.deliver("Rome")
    works.deliver("Rome")
    assert ask(works, RetrainTrigger.DRIFT) is not None


def test_it_may_ask_instead(works: Hangar) -> None:
    assert ask(works, RetrainTrigger.DRIFT, msgspec.structs.replace(ALL, action=RetrainAction.ASK)) is None
    (event,) = told(works)
    assert event.kind == "retrain.ask"
    assert event.kind in FOR_PEOPLE
    assert event.message.endswith("shopfloor model train late")


def test_it_may_train_for_a_person_to_promote(works: Hangar) -> None:
    job = ask(works, RetrainTrigger.DRIFT, msgspec.structs.replace(ALL, action=RetrainAction.TRAIN))
    assert job is not None
    assert job.payload["action"] == "train"


def test_what_waits_for_a_person_to_promote_is_released_once_it_is_asked_for_otherwise(works: Hangar) -> None:
    asking = msgspec.structs.replace(ALL, action=RetrainAction.TRAIN)
    job = ask(works, RetrainTrigger.DRIFT, asking)
    assert job is not None
    again = works.store.write(lambda transaction: train(transaction, definition(asking), 1, trigger="asked by ada"))
    later = ask(works, RetrainTrigger.SCHEDULE, asking)
    assert later is not None
    assert (job.id, job.id) == (again.id, later.id)
    assert ["action" in one.payload for one in (job, again, later)] == [True, False, False]


def test_a_schedule_goes_by_the_clocks_of_its_time_zone(works: Hangar) -> None:
    works.clock.at = datetime(2026, 6, 1, 0, 50, tzinfo=UTC)
    save_definition(works.layout, definition(Retrain(schedule="0 3 * * *", timezone="Europe/Berlin")), metrics.find)
    tick(works.context)
    works.clock.forward(minutes=10)
    tick(works.context)
    (event,) = told(works)
    assert "schedule: scheduled for 2026-06-01 03:00 Europe/Berlin" in event.message


def test_a_schedule_ticks_at_its_times_and_once_for_those_that_passed(works: Hangar) -> None:
    works.clock.at = datetime(2026, 6, 1, 2, 50, tzinfo=UTC)
    save_definition(works.layout, definition(Retrain(schedule="0 3 * * *")), metrics.find)
    tick(works.context)  # seen for the first time: it begins now
    works.clock.forward(minutes=9)
    tick(works.context)
    assert told(works) == []
    works.clock.forward(minutes=1)
    tick(works.context)
    tick(works.context)
    (event,) = told(works)
    assert "schedule: scheduled for 2026-06-01 03:00 UTC" in event.message
    works.clock.forward(days=3)
    tick(works.context)
    tick(works.context)
    assert len(told(works)) == 2


def test_an_old_champion_asks_for_a_training_once_a_day(works: Hangar) -> None:
    save_definition(works.layout, definition(Retrain(stale_days=5)), metrics.find)
    works.release("late")
    works.clock.forward(days=4)
    tick(works.context)
    assert told(works) == []
    works.clock.forward(days=1)
    for _ in range(3):
        tick(works.context)
        works.clock.forward(hours=8)
    (event,) = told(works)
    assert (event.data["trigger"], "its champion is 5 days old" in event.message) == ("staleness", True)
    tick(works.context)
    assert len(told(works)) == 2


@pytest.mark.parametrize("schedule", ["often", "* * * *", "61 * * * *", "* * * * * *"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ConfigError, match=r"key 'retrain.schedule' is no schedule"):
        check_definition(definition(Retrain(schedule=schedule)), "models/late.toml", metrics.find)


@pytest.mark.parametrize("schedule", ["0 0 31 2 *", "5 5 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_schedule_that_never_comes_is_refused(schedule: str) -> None:
    """One such file would else stop the schedules of all models."""
    with pytest.raises(ConfigError, match=r"key 'retrain.schedule' names a time that never comes"):
        check_definition(definition(Retrain(schedule=schedule)), "models/late.toml", metrics.find)
    check_definition(definition(Retrain(schedule="0 0 29 2 *")), "models/late.toml", metrics.find)
