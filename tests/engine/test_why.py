"""The tree of an explanation, told of a factory that is written step by step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import msgspec
import pytest
from tests.cli import samples
from tests.lineage.factory import START, Factory, data, raised

from shopfloor.domain.alert_commands import commands
from shopfloor.domain.definition import ModelDefinition, Retrain
from shopfloor.domain.errors import ExitCode, NotFoundError
from shopfloor.domain.explanation import Explained, Explanation
from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.domain.retraining import RetrainCondition, RetrainTrigger
from shopfloor.domain.trust import DeliveryTrust, Fault, Trust, TrustEvidence
from shopfloor.engine.why.tree import _TELLERS, explain
from shopfloor.lineage.key import NodeKind
from shopfloor.store import alerts, jobs, models, trust

LATE = ModelDefinition(name="late", dataset="flights", target="late")


class Works(Factory):
    """A factory with one model, whose definition tests change."""

    definition = LATE

    def why(self, ref: str) -> Explanation:
        return explain(self.reader, ref, [self.definition], self.now)

    def trained(self) -> str:
        """One file, one version, one training that it started; the id of the run."""
        self.commit("flights", [self.deliver("flights")])
        job = self.job(JobKind.TRAIN, "late", data("flights", 1), trigger="flights@1")
        run = self.train("late", "flights", 1, job=job.id, trigger="flights@1")
        self.finish(job, {"run": run})
        return run

    def decide(self, version: int, trigger: RetrainTrigger, code: str, detail: str) -> None:
        """The retraining policy skips a training because one condition does not hold."""
        condition = RetrainCondition(code=code, passed=False, value=5, limit=100, detail=detail)
        data = {"trigger": trigger, "dataset_version": version, "conditions": [msgspec.to_builtins(condition)]}
        self.write(lambda transaction: transaction.emit("retrain.skip", "late", detail, data=data))

    def judge(self, version: int, outcome: Outcome, *checks: GateCheck) -> None:
        def put(transaction: object) -> None:
            known = models.version(transaction, "late", version)  # type: ignore[arg-type]
            decision = Decision(outcome=outcome, reason="the gain is not sure yet", checks=checks, rows=500)
            models.put_version(transaction, msgspec.structs.replace(known, decision=decision))  # type: ignore[arg-type]

        self.write(put)  # type: ignore[arg-type]


@pytest.fixture
def works() -> Works:
    return Works()


def every(fact: Explained) -> Iterator[Explained]:
    yield fact
    for cause in fact.because:
        yield from every(cause)


def kinds(fact: Explained) -> list[str]:
    return [one.kind for one in every(fact)]


def test_every_kind_of_the_lineage_is_explained() -> None:
    assert set(_TELLERS) == set(NodeKind)


def test_a_held_file_says_its_reason_and_what_would_change_it(works: Works) -> None:
    reason = Reason(code="cast", message="Line 3 is no number.", hint="shopfloor file accept f1")
    found = works.why(works.deliver("flights", state=FileState.QUARANTINED, reason=reason))
    assert (found.state, found.hint, found.path) == ("quarantined", reason.hint, "inbox/flights/f1.csv")
    assert reason.message in found.message
    assert found.file is not None


def test_a_training_leads_back_to_the_file_that_started_it(works: Works) -> None:
    run = works.trained()
    found = works.why(run)
    assert found.kind == "run"
    (job,) = [one for one in found.because if one.kind == "job"]
    assert "(trigger: flights@1)" in job.message
    assert [one.ref for one in job.because] == ["flights@1"]
    assert works.why(job.ref).state == "succeeded"


def test_a_failed_job_says_its_error_and_the_command_that_repeats_it(works: Works) -> None:
    job = works.job(JobKind.TRAIN, "late", trigger="requested by ann")
    failed = msgspec.structs.replace(job, state=JobState.FAILED, error="The target is empty.", finished_at=START)
    works.write(lambda transaction: jobs.put(transaction, failed))
    found = works.why(job.id)
    assert "(trigger: requested by ann): The target is empty." in found.message
    assert f"shopfloor job retry {job.id}" in found.hint


def test_a_decision_shows_its_checks_with_value_and_limit_failed_ones_first(works: Works) -> None:
    works.register("late", works.trained(), Outcome.HOLD)
    checks = (
        GateCheck(code="min_rows", passed=True, value=500, limit=200, detail="Enough rows."),
        GateCheck(code="paired_test", passed=False, value=0.2, limit=0.05, detail="It may be chance."),
    )
    works.judge(1, Outcome.HOLD, *checks)
    found = works.why("model:late@1")
    shown = [one for one in found.because if one.kind == "check"]
    assert [(one.ref, one.state, one.value, one.limit) for one in shown] == [
        ("paired_test", "FAIL", 0.2, 0.05),
        ("min_rows", "ok", 500, 200),
    ]
    assert found.state == "held"
    assert "shopfloor model promote late@1 --reason" in found.hint
    assert "job" in kinds(found)  # and from there to the data
    works.judge(1, Outcome.HOLD, *checks, checks[0])
    (step,) = [one for one in works.why("late").because if one.kind == "model_version"]
    assert [one.ref for one in step.because if one.kind == "check"] == ["paired_test"]
    assert any(one.message.startswith("2 checks passed.") for one in step.because)
    assert [one.kind for one in works.why("late").because][:2] == ["model_version", "job"]


def test_who_moved_the_champion_and_why_is_told(works: Works) -> None:
    run = works.trained()
    works.register("late", run)
    seq = works.promote("late", 1, cause="promote", reason="it is better")
    move = next(one for one in works.why("late@1").because if one.kind == "alias")
    assert move.actor == "you"
    assert "it is better" in move.message
    assert works.why(f"late:champion#{seq}").kind == "deployment"


def test_an_unknown_reference_has_the_exit_code_of_not_found_and_a_suggestion(works: Works) -> None:
    works.trained()
    with pytest.raises(NotFoundError) as caught:
        works.why("flihgts@1")
    assert caught.value.exit_code == ExitCode.NOT_FOUND
    assert "flights" in caught.value.hint


def test_a_model_that_was_never_trained_says_what_it_waits_for(works: Works) -> None:
    found = works.why("late")
    assert found.message == "late is not trained again: dataset flights has no rows yet."
    assert "shopfloor add FILE --dataset flights" in found.because[0].hint


def test_too_few_new_rows_are_told_with_the_number_needed(works: Works) -> None:
    works.trained()
    works.commit("flights", [works.deliver("flights")])
    works.decide(2, RetrainTrigger.DATA, "new_rows", "5 new or changed rows of at least 100")
    found = works.why("model:late")
    policy = next(one for one in found.because if one.ref == "new_rows")
    assert policy.limit == 100
    assert "min_new_rows" in policy.hint
    assert found.message == "late is not trained again: 5 new or changed rows of at least 100."
    assert found.hint.endswith("shopfloor model train late")


@pytest.mark.parametrize("code", ["new_rows", "labelled_rows", "budget", "loop_guard", "of_tomorrow"])
def test_the_reason_is_the_condition_that_did_not_hold_when_the_policy_decided(works: Works, code: str) -> None:
    """Not what the rules of today would say, and not what an earlier decision said."""
    works.trained()
    works.commit("flights", [works.deliver("flights")])
    works.decide(2, RetrainTrigger.DATA, "cooldown", "said first")
    works.decide(2, RetrainTrigger.DATA, code, "said last")
    works.decide(1, RetrainTrigger.DRIFT, "cooldown", "said of other data")
    found = works.why("late")
    assert found.message == "late is not trained again: said last."
    assert [one.ref for one in found.because if one.limit == 100] == [code]


def test_without_a_decision_it_waits_and_claims_no_number(works: Works) -> None:
    works.definition = msgspec.structs.replace(LATE, retrain=Retrain(min_labelled_rows=500, schedule="0 3 * * *"))
    works.trained()
    works.commit("flights", [works.deliver("flights")])
    found = works.why("late")
    assert "at least" not in found.message
    (schedule,) = [one for one in found.because if one.ref == "schedule"]
    assert schedule.at is not None
    assert (schedule.at > works.now, schedule.at.hour) == (True, 3)


@pytest.mark.parametrize("kept", [True, False], ids=["newer", "older"])
def test_an_alert_names_its_checks_whatever_they_are_about(works: Works, kept: bool) -> None:
    check = {"check": "performance", "feature": None, "value": 0.6, "limit": 0.7}
    evidence = {"features": [], **({"consequences": [check]} if kept else {})}
    alert = msgspec.structs.replace(
        samples.ALERT, check="performance", feature=None, value=0.6, limit=0.7, evidence=evidence
    )
    works.write(lambda transaction: alerts.put(transaction, alert))
    (told,) = [one for one in works.why(alert.id).because if one.kind == "check"]
    assert (told.ref, told.value, told.limit) == ("performance", 0.6, 0.7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"retired": True}, "it is retired"),
        ({"retrain": Retrain(on_data=False)}, "on_data = false"),
    ],
)
def test_what_the_definition_forbids_is_the_reason(works: Works, change: dict[str, object], words: str) -> None:
    works.trained()
    works.commit("flights", [works.deliver("flights")])
    works.definition = msgspec.structs.replace(LATE, **change)
    assert words in works.why("late").message


def test_a_training_under_way_is_no_absent_one(works: Works) -> None:
    works.trained()
    works.commit("flights", [works.deliver("flights")])
    job = works.job(JobKind.TRAIN, "late", raised("a1"), trigger="alert a1")
    found = works.why("late")
    assert found.state == "queued"
    assert found.message == f"late is being trained: {job.id} (trigger: alert a1)."


def test_a_thousand_files_of_one_version_are_counted(works: Works) -> None:
    ids = [works.deliver("flights") for _ in range(12)]
    job = works.job(JobKind.INTAKE, "flights", payload={"files": ids})
    works.commit("flights", ids)
    works.finish(job, {"version": 1})
    found = works.why("flights@1")
    assert kinds(found).count("file") == 6
    assert any(one.message == "And 7 more files." for one in every(found))


def test_a_delivery_in_doubt_says_which_check_speaks_against_it_and_who_decides(works: Works) -> None:
    works.commit("flights", [works.deliver("flights")])
    found = TrustEvidence(model="late", check="feature_drift", fault=Fault.UNIT, value=1.6, limit=0.1, message="× 1.6")
    verdict = DeliveryTrust(
        dataset="flights", version=1, trust=Trust.BROKEN, evidence=(found,), decided_at=works.now.replace(tzinfo=UTC)
    )
    works.write(lambda transaction: trust.put(transaction, verdict))
    for ref in ("flights@1", "late"):
        told = next(one for one in works.why(ref).because if one.kind == "trust")
        assert (told.state, told.message, told.actor) == ("broken", "× 1.6", "monitoring")
        assert [(one.ref, one.value) for one in told.because] == [("feature_drift", 1.6)]
        assert "shopfloor dataset trust flights@1" in told.hint


def test_the_actions_of_an_alert_are_commands_and_foreign_braces_stay_text() -> None:
    alert = msgspec.structs.replace(samples.ALERT, actions=("ack", "shopfloor model train {late}"))
    assert commands(alert) == (f"shopfloor alert ack {alert.id}", "shopfloor model train {late}")
