"""What trainings wait for and leave out, and what rows that leave do to the versions that learned from them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.engine.test_undo import Hands, of
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition, Retrain, Split, Task, Training
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.domain.release import AliasChange, Decision, Outcome
from shopfloor.domain.requests.alerts import MonitorRun
from shopfloor.domain.requests.datasets import DatasetRollback, DatasetTrust
from shopfloor.domain.requests.models import ModelRollback
from shopfloor.domain.run import ArtifactRef, RunRecord, RunState
from shopfloor.domain.trust import DeliveryTrust, Fault, Trust, TrustEvidence
from shopfloor.domain.wire import WireError
from shopfloor.engine.line import delivery_trust
from shopfloor.engine.line.line import ProductionLine
from shopfloor.engine.line.retraining import train
from shopfloor.engine.line.train_job import TrainHandler
from shopfloor.engine.line.train_records import TrainOutcome
from shopfloor.monitoring.job import MonitorHandler
from shopfloor.monitoring.records import CheckReport
from shopfloor.monitoring.tasks import CheckOutcome
from shopfloor.runtime.line import DeliveryTrusted, VersionCommitted
from shopfloor.statistics import metrics
from shopfloor.store import alerts, datasets, events, jobs, learned, models, runs, trust
from shopfloor.store.rows import Query
from shopfloor.training.records import TrainResult
from shopfloor.workspace.definitions import save_definition

DEFINITION = ModelDefinition(name="late", dataset="flights", target="city")
OTHER = ModelDefinition(name="other", dataset="trains", target="city")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    made.context.line = ProductionLine(made.context)
    for definition in (DEFINITION, OTHER):
        save_definition(made.layout, definition, metrics.find)
    yield made
    made.store.close()


def deliver(works: Works, *cities: str) -> str:
    """The next version of flights with the rows of one more file; its id."""
    number = works.store.read(lambda query: datasets.current_version(query, "flights"))
    before = works.store.read(lambda query: datasets.parts(query, "flights", number))
    file = f"f{number + 1}"
    works.commit("flights", [*before, works.part(_rows(*cities), [file])], delivered=[file], digest=f"d{number + 1}")
    version = works.store.read(lambda query: datasets.version(query, "flights", number + 1))
    assert version is not None
    arrived = msgspec.structs.replace(version, added_rows=len(cities))
    works.store.write(lambda transaction: works.context.line.after(transaction, VersionCommitted(arrived)))
    return file


def _rows(*cities: str) -> Any:
    import pyarrow as pa

    return pa.table({"id": range(len(cities)), "city": list(cities)})


def learn(works: Works, number: int, *excluded: str) -> None:
    """The champion is a version that learned from version `number` of flights."""
    works.release("late", number)

    def put(transaction: Any) -> None:
        version = models.version(transaction, "late", models.aliases(transaction, "late")["champion"])
        run = runs.get(transaction, version.run)
        fields = {"dataset": "flights", "dataset_version": number, "excluded": excluded}
        runs.put(transaction, msgspec.structs.replace(run, **fields))

    works.store.write(put)


def judged(works: Works, number: int, found: Trust, **fields: Any) -> None:
    verdict = DeliveryTrust(dataset="flights", version=number, trust=found, decided_at=works.clock.now(), **fields)
    works.store.write(lambda transaction: trust.put(transaction, verdict))


def queued(works: Works, kind: JobKind) -> list[str]:
    return [job.subject for job in works.store.read(jobs.queued) if job.kind is kind]


def test_a_training_waits_for_the_checks_of_its_own_deliveries(works: Works) -> None:
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    verdict = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert verdict is not None
    assert (verdict.trust, verdict.pending, verdict.files) == (Trust.UNKNOWN, ("late",), ("f2",))
    for definition in (DEFINITION, OTHER):
        works.store.write(lambda transaction, one=definition: train(transaction, one, 2, trigger="test"))  # type: ignore[misc]

    def waiting(query: Query) -> set[str]:
        waits = delivery_trust.holds_back(works.context, query)
        return {job.subject for job in jobs.queued(query) if waits(job)}

    assert works.store.read(waiting) == {"late"}
    works.clock.forward(seconds=(delivery_trust.PATIENCE + timedelta(seconds=1)).total_seconds())
    assert works.store.read(waiting) == set()
    works.clock.forward(seconds=-delivery_trust.PATIENCE.total_seconds())

    def end(transaction: Any) -> None:
        (check,) = [job for job in jobs.queued(transaction) if job.kind is JobKind.MONITOR]
        jobs.put(transaction, msgspec.structs.replace(check, state=JobState.FAILED))

    works.store.write(end)
    assert works.store.read(waiting) == set()
    run = RunRecord(id="r9", model="late", dataset="flights", dataset_version=2)
    assert [one.version for one in works.store.read(lambda query: delivery_trust.doubts(query, run))] == [2]


def unknown(works: Works) -> None:
    """Version 2 of flights, which the champion of `late` was to check, and whose check failed."""
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    assert works.store.read(trust.undecided) == []

    def fail(transaction: Any) -> None:
        (check,) = [job for job in jobs.queued(transaction) if job.kind is JobKind.MONITOR]
        jobs.put(transaction, msgspec.structs.replace(check, state=JobState.FAILED))
        MonitorHandler().failed(works.context, transaction, check, WireError(code="x", message="Damaged."))

    works.store.write(fail)


def test_a_delivery_whose_check_failed_waits_for_a_person_who_is_told_what_to_do(works: Works) -> None:
    unknown(works)
    assert [(one.ref, one.trust) for one in works.store.read(trust.undecided)] == [("flights@2", Trust.UNKNOWN)]
    failed = works.store.read(lambda query: events.of_kind(query, "late", "monitor.failed", 1))
    assert "shopfloor monitor run late, or shopfloor dataset trust flights@2" in failed[0].message


def test_a_model_that_is_run_again_checks_the_older_deliveries_that_it_has_not(works: Works) -> None:
    unknown(works)
    deliver(works, "Bonn")
    Hands(of(works)).ask(MonitorRun(model="late"))
    checks = works.store.read(lambda query: [job for job in jobs.queued(query) if job.kind is JobKind.MONITOR])
    assert sorted({job.payload["dataset_version"] for job in checks}) == [2, 3]
    assert all(job.payload["dataset"] == "flights" for job in checks)
    assert works.store.read(trust.undecided) == []


def test_a_model_that_is_retired_keeps_no_delivery_waiting(works: Works) -> None:
    unknown(works)
    works.store.write(lambda transaction: delivery_trust.expect_no_verdict(works.context, transaction, DEFINITION))
    verdict = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert verdict is not None
    assert (verdict.trust, verdict.pending) == (Trust.TRUSTED, ())
    assert works.store.read(trust.undecided) == []


@pytest.mark.parametrize(
    ("found", "definition", "mode", "left_out"),
    [
        (Trust.BROKEN, DEFINITION, "append", ("f2",)),
        (Trust.SUSPECT, DEFINITION, "append", ()),
        (Trust.TRUSTED, DEFINITION, "append", ()),
        (Trust.BROKEN, msgspec.structs.replace(DEFINITION, training=Training(exclude_broken=False)), "append", ()),
        (Trust.BROKEN, DEFINITION, "upsert", ()),
    ],
)
def test_broken_rows_are_left_out_where_rows_are_added(
    works: Works, found: Trust, definition: ModelDefinition, mode: str, left_out: tuple[str, ...]
) -> None:
    deliver(works, "Oslo")
    deliver(works, "Rome")
    works.store.write(lambda transaction: datasets.define(transaction, "flights", mode))
    judged(works, 2, found, files=("f2",))
    version = works.store.read(lambda query: datasets.version(query, "flights", 2))
    assert version is not None
    excluded = works.store.read(lambda query: delivery_trust.excluded_files(query, definition, version))
    assert excluded == left_out
    kept = delivery_trust.without(version.parts, excluded)
    assert [span.file for part in kept for span in part.files] == ["f1"] + ["f2"] * (not left_out)
    run = RunRecord(id="r1", model="late", dataset="flights", dataset_version=2, excluded=excluded)
    assert bool(works.store.read(lambda query: delivery_trust.notes(query, run))) is bool(left_out)
    in_doubt = works.store.read(lambda query: delivery_trust.doubts(query, run))
    assert bool(in_doubt) is (found is not Trust.TRUSTED and not left_out)


@pytest.mark.parametrize(("data", "again"), [(2, True), (1, False)])
def test_what_was_trained_before_the_verdict_is_judged_again_once_it_is_there(
    works: Works, data: int, again: bool
) -> None:
    """Its check failed, say, and a person had it done again; what waits for another reason is left alone."""
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    works.release("late", "new", champion=False)
    _offer(works, 2)

    def change(transaction: Any) -> None:
        version = models.version(transaction, "late", 2)
        models.put_version(transaction, msgspec.structs.replace(version, dataset_version=data))
        (check,) = jobs.queued(transaction)
        report = CheckReport(model="late", model_version=1)
        MonitorHandler().commit(works.context, transaction, check, CheckOutcome(report=report))

    works.store.write(change)
    verdict = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert verdict is not None
    assert verdict.trust is Trust.TRUSTED
    assert queued(works, JobKind.TRAIN) == ["late"] * again


@pytest.mark.parametrize(("left_out", "again"), [(("f2",), True), ((), False)])
def test_a_model_that_does_not_learn_each_delivery_learns_what_was_left_out(
    works: Works, left_out: tuple[str, ...], again: bool
) -> None:
    quiet = msgspec.structs.replace(DEFINITION, retrain=Retrain(on_data=False))
    save_definition(works.layout, quiet, metrics.find)
    deliver(works, "Oslo")
    deliver(works, "Rome")
    learn(works, 2, *left_out)
    judged(works, 2, Trust.TRUSTED, files=("f2",))
    fact = DeliveryTrusted("flights", 2, "declared trusted by ada")
    works.store.write(lambda transaction: works.context.line.after(transaction, fact))
    assert queued(works, JobKind.TRAIN) == ["late"] * again


def test_nothing_is_left_out_where_nothing_else_is_there(works: Works) -> None:
    deliver(works, "Oslo")
    judged(works, 1, Trust.BROKEN, files=("f1",))
    version = works.store.read(lambda query: datasets.version(query, "flights", 1))
    assert version is not None
    assert works.store.read(lambda query: delivery_trust.excluded_files(query, DEFINITION, version)) == ()


def test_what_learned_from_rows_that_left_is_marked_until_they_are_back(works: Works) -> None:
    """Whatever asks for a version: its mark, its challenger's alias, its approval, what the rows caused."""
    ada = Hands(of(works))
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome", "Bern")
    alert = _alert(works)
    judged(works, 2, Trust.SUSPECT, files=("f2",), samples=("rows",), alerts=(alert,))
    learn(works, 2)
    learn(works, 2, "f2")
    _offer(works, 2)
    ada.ask(DatasetRollback(ref="flights@1"))

    def mark(number: int) -> Any:
        return works.store.read(lambda query: models.version(query, "late", number)).withdrawn

    left = mark(2)
    assert (left.files, left.rows, left.dataset_version) == ({"f2": 2}, 2, 3)
    assert (mark(1), mark(3)) == (None, None)
    assert "challenger" not in works.store.read(lambda query: models.aliases(query, "late"))
    assert works.store.read(lambda query: models.state(query, "late")).awaiting is None
    assert works.store.read(lambda query: alerts.get(query, alert)).state is AlertState.RESOLVED
    assert works.store.read(lambda query: trust.withdrawn_samples(query, "flights")) == {"rows"}
    assert queued(works, JobKind.TRAIN) == ["late"]
    ada.undo()
    assert mark(2) is None
    assert works.store.read(lambda query: trust.withdrawn_samples(query, "flights")) == frozenset()


def test_a_word_that_is_taken_back_takes_nothing_with_it_that_was_found_since(works: Works) -> None:
    """The checks end after the word, and the rows leave: the verdict is what the checks found, and withdrawn."""
    ada = Hands(of(works))
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    ada.ask(DatasetTrust(ref="flights@2", reason="a new sensor"))
    seq = works.store.last_seq
    word = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert word is not None
    fault = TrustEvidence(model="late", check="feature_drift", fault=Fault.UNIT, message="in °F")
    ended = msgspec.structs.replace(word, pending=(), evidence=(fault,), samples=("rows",))
    works.store.write(lambda transaction: trust.put(transaction, ended))
    ada.ask(DatasetRollback(ref="flights@1"))
    ada.undo(seq)
    after = works.store.read(lambda query: trust.get(query, "flights", 2))
    assert after is not None
    assert (after.trust, after.decided_by, after.reason) == (Trust.BROKEN, "monitoring", "")
    assert (after.pending, after.samples, after.withdrawn) == ((), ("rows",), 3)


@pytest.mark.parametrize(
    ("mode", "found", "marked"),
    [
        ("append", Trust.TRUSTED, True),
        ("upsert", Trust.TRUSTED, False),
        ("upsert", Trust.UNKNOWN, False),
        ("upsert", Trust.SUSPECT, True),
        ("snapshot", Trust.BROKEN, True),
    ],
)
def test_rows_that_another_file_supersedes_have_left_those_that_others_replace_only_where_they_were_in_doubt(
    works: Works, mode: str, found: Trust, marked: bool
) -> None:
    """An upsert and a snapshot replace rows all the time; in a delivery in doubt that mends what was wrong."""
    deliver(works, "Oslo")
    alert = _alert(works)
    judged(works, 1, found, files=("f1",), samples=("rows",), alerts=(alert,))
    learn(works, 1)
    works.commit("flights", [works.part(_rows("Rome"), ["f2"])], delivered=["f2"], digest="d2")
    version = works.store.read(lambda query: datasets.version(query, "flights", 2))
    assert version is not None
    works.store.write(lambda transaction: datasets.define(transaction, "flights", mode))
    works.store.write(lambda transaction: works.context.line.after(transaction, VersionCommitted(version)))
    left = works.store.read(lambda query: models.version(query, "late", 1)).withdrawn
    assert (left is not None) is marked
    assert left is None or left.files == {"f1": 1}
    assert (works.store.read(learned.withdrawn_champions) != {}) is marked
    assert (works.store.read(lambda query: alerts.get(query, alert)).state is AlertState.RESOLVED) is marked
    assert bool(works.store.read(lambda query: trust.withdrawn_samples(query, "flights"))) is marked


def test_previous_names_no_version_that_learned_from_rows_which_left(works: Works) -> None:
    ada = Hands(of(works))
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    learn(works, 2)
    learn(works, 2)
    move(works, "previous", 2)
    ada.ask(DatasetRollback(ref="flights@1"))
    assert works.store.read(lambda query: models.aliases(query, "late")) == {"champion": 3, "previous": 1}
    ada.undo()
    assert works.store.read(lambda query: models.aliases(query, "late")) == {"champion": 3, "previous": 2}


def test_rows_that_mend_a_delivery_are_not_compared_with_what_learned_from_it(works: Works) -> None:
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    judged(works, 2, Trust.BROKEN, files=("f2",))
    learn(works, 2)
    move(works, "previous", 1)
    works.commit("flights", [works.part(_rows("Bern"), ["f3"])], delivered=["f3"], digest="d3")
    version = works.store.read(lambda query: datasets.version(query, "flights", 3))
    assert version is not None
    mended = msgspec.structs.replace(version, changed_rows=1)
    works.store.write(lambda transaction: datasets.define(transaction, "flights", "snapshot"))
    works.store.write(lambda transaction: works.context.line.after(transaction, VersionCommitted(mended)))
    checks = [job for job in works.store.read(jobs.queued) if job.kind is JobKind.MONITOR]
    assert [job.payload["model_version"] for job in checks if job.payload["dataset_version"] == 3] == [1]


def test_no_undo_brings_a_champion_back_that_learned_from_rows_which_left(works: Works) -> None:
    ada = Hands(of(works))
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome")
    learn(works, 2)
    move(works, "previous", 1)
    ada.ask(ModelRollback(name="late"))
    ada.ask(DatasetRollback(ref="flights@1"))
    moved = next(one for one in works.store.read(lambda query: models.history(query, "late")).rows if one.version == 1)
    with pytest.raises(RefusedError, match="late@2 learned from rows that have left"):
        ada.undo(moved.seq)


def test_rows_that_leave_while_a_version_is_trained_mark_it_and_it_is_not_released(works: Works) -> None:
    """Its training began before the withdrawal and ends after it."""
    ada = Hands(of(works))
    deliver(works, "Oslo")
    learn(works, 1)
    deliver(works, "Rome", "Bern")
    ada.ask(DatasetRollback(ref="flights@1"))

    def commit(transaction: Any) -> dict[str, Any]:
        job = train(transaction, DEFINITION, 2, trigger="test")
        fields = {"job": job.id, "dataset": "flights", "dataset_version": 2, "state": RunState.RUNNING}
        runs.create(transaction, RunRecord(id="", model="late", **fields))
        decision = Decision(outcome=Outcome.PROMOTE, reason="better", champion=1, decided_at=transaction.now)
        record = TrainResult(
            task=Task.BINARY, metric="roc_auc", chosen="linear", train_rows=2, holdout_rows=1, holdout_digest="d",
            split=Split.HASH,
        )  # fmt: skip
        outcome = TrainOutcome(
            record=record, artifact=ArtifactRef(sha256="a" * 64, bytes=1), staged="", decision=decision
        )
        return TrainHandler().commit(works.context, transaction, job, outcome)

    assert works.store.write(commit)["outcome"] == Outcome.HOLD
    version = works.store.read(lambda query: models.version(query, "late", 2))
    assert version.decision is not None
    assert "2 rows that left the dataset while it was trained" in version.decision.reason
    assert version.withdrawn is not None
    assert (version.withdrawn.files, version.aliases) == ({"f2": 2}, ())


def move(works: Works, alias: str, number: int) -> None:
    change = AliasChange(model="late", alias=alias, version=number, previous=None, at=works.clock.now())
    works.store.write(lambda transaction: models.move_alias(transaction, change))


def _alert(works: Works) -> str:
    now = works.clock.now()
    new = AlertRecord(id="", subject="late", check="performance", opened_at=now, updated_at=now)
    return works.store.write(lambda transaction: alerts.create(transaction, new)).id


def _offer(works: Works, number: int) -> None:
    def put(transaction: Any) -> None:
        change = AliasChange(model="late", alias="challenger", version=number, previous=None, at=transaction.now)
        models.move_alias(transaction, change)
        state = models.state(transaction, "late")
        models.put_state(transaction, msgspec.structs.replace(state, awaiting=number))

    works.store.write(put)
