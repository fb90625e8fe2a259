"""Alerts: one a cause, counted, escalated, quiet when told to be, over by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from shopfloor.domain.alert_commands import commands
from shopfloor.domain.definition import ModelDefinition, Monitoring
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult, CheckVerdict, Severity
from shopfloor.monitoring.alerts import acknowledge, fold, resolve, snooze
from shopfloor.monitoring.records import AlertChanges

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
OK, SHIFTED, UNKNOWN = CheckVerdict.OK, CheckVerdict.SHIFTED, CheckVerdict.UNKNOWN


def definition(needed: int = 2, among: int = 3) -> ModelDefinition:
    return ModelDefinition(name="m", dataset="d", target="t", monitoring=Monitoring(persistence=(needed, among)))


def check(
    verdict: CheckVerdict,
    number: int,
    feature: str | None = "temp",
    kind: str = "feature_drift",
    *,
    importance: float | None = 0.5,
    value: float = 0.4,
    source: str = "data",
    data: str | None = None,
    version: int = 1,
    **evidence: object,
) -> CheckResult:
    """The result of one check in run `number`."""
    name = feature or kind
    return CheckResult(
        model="m",
        model_version=version,
        check=kind,
        feature=feature,
        verdict=verdict,
        value=value,
        limit=0.1,
        rows=1000,
        importance=importance,
        message=f"{name} says {verdict.value}.",
        evidence={"source": source, "data": data or str(number), **evidence},
        at=START + number * HOUR,
    )


class Watcher:
    """Folds run after run, as the engine does, and keeps what it would keep."""

    def __init__(self, needed: int = 2, among: int = 3) -> None:
        self.definition = definition(needed, among)
        self.history: list[CheckResult] = []
        self.alerts: list[AlertRecord] = []
        self.changes = AlertChanges()

    def check(self, *results: CheckResult) -> AlertChanges:
        now = results[0].at
        unresolved = [alert for alert in self.alerts if alert.state is not AlertState.RESOLVED]
        self.changes = fold(unresolved, results, self.history[::-1], self.definition, now)
        for alert in self.changes.opened:
            assert alert.id == ""
            self.alerts.append(replace(alert, id=f"a{len(self.alerts) + 1}"))
        for alert in (*self.changes.updated, *self.changes.resolved):
            self.put(alert)
        self.history += results
        return self.changes

    def put(self, alert: AlertRecord) -> None:
        self.alerts = [alert if old.id == alert.id else old for old in self.alerts]

    def checks(self, verdicts: Sequence[CheckVerdict], first: int = 0) -> list[str]:
        """What each run did: o(pened), u(pdated), r(esolved) or nothing."""
        return [said(self.check(check(verdict, first + number))) for number, verdict in enumerate(verdicts)]

    @property
    def alert(self) -> AlertRecord:
        return self.alerts[-1]


def said(changes: AlertChanges) -> str:
    return "o" * len(changes.opened) + "u" * len(changes.updated) + "r" * len(changes.resolved)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([SHIFTED], [""]),
        ([SHIFTED, SHIFTED], ["", "o"]),
        ([SHIFTED, OK, SHIFTED], ["", "", "o"]),
        ([SHIFTED, OK, OK, SHIFTED], ["", "", "", ""]),
        ([SHIFTED, UNKNOWN, UNKNOWN, SHIFTED], ["", "", "", "o"]),
        ([SHIFTED, SHIFTED, OK, OK], ["", "o", "", "r"]),
        ([SHIFTED, SHIFTED, OK, SHIFTED, OK, OK], ["", "o", "", "u", "", "r"]),
        ([SHIFTED, SHIFTED, UNKNOWN, UNKNOWN, OK, UNKNOWN, OK], ["", "o", "", "", "", "", "r"]),
        ([SHIFTED, SHIFTED, OK, OK, OK, SHIFTED, SHIFTED], ["", "o", "", "r", "", "", "o"]),
        ([OK] * 5, [""] * 5),
        ([UNKNOWN] * 5, [""] * 5),
    ],
)
def test_persistence(verdicts: list[CheckVerdict], expected: list[str]) -> None:
    assert Watcher().checks(verdicts) == expected


@pytest.mark.parametrize(("needed", "among", "expected"), [(1, 1, "o"), (3, 3, ""), (1, 5, "o"), (2, 2, "")])
def test_persistence_is_the_definitions(needed: int, among: int, expected: str) -> None:
    assert Watcher(needed, among).checks([SHIFTED])[-1] == expected


def test_a_break_needs_no_second_run() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0, **{"break": True, "unit_change": "°F became °C"}))
    assert watcher.alert.state is AlertState.OPEN
    assert "°F became °C" in watcher.alert.cause
    assert "retrain" not in watcher.alert.actions  # it would teach the break


@pytest.mark.parametrize("source", ["data", "inference"])
@pytest.mark.parametrize("open_before", [False, True])
def test_a_break_names_the_delivery_and_how_to_decide_about_it(source: str, open_before: bool) -> None:
    delivery = {"dataset": "d", "version": 3, "files": ["f7"]}
    old = [check(SHIFTED, 0, source=source)]
    before = [replace(one, id="a1") for one in fold([], old, [], definition(1, 1), START).opened] if open_before else []
    found = [check(SHIFTED, 1, source=source, **{"break": True, "breaks": ["top_share"]})]
    changes = fold(before, found, old, definition(1, 1), START + HOUR, delivery)
    (alert,) = changes.updated if open_before else changes.opened
    decide = ("withdraw", "trust") * (source == "data")
    assert alert.actions == (*decide, "ack", "snooze")
    told = ("shopfloor file withdraw f7", "shopfloor dataset trust d@3")
    assert commands(alert)[:-2] == (told if source == "data" else ())
    assert alert.evidence.get("delivery") == (delivery if source == "data" else None)


def test_checking_the_same_data_twice_counts_once() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0, data="x"))
    assert said(watcher.check(check(SHIFTED, 1, data="x"))) == ""
    assert said(watcher.check(check(SHIFTED, 2, data="y"))) == "o"


def test_a_change_that_the_next_version_learnt_is_not_confirmed_by_another() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0, version=1))
    assert said(watcher.check(check(SHIFTED, 1, version=2))) == ""


def test_performance_falls_across_versions() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0, None, "performance", version=1))
    assert said(watcher.check(check(SHIFTED, 1, None, "performance", version=2))) == "o"


def test_a_movement_that_goes_on_is_no_confirmation() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0))
    assert said(watcher.check(check(SHIFTED, 1, still_moving=True))) == ""


def test_one_alert_names_the_top_features_by_importance_times_effect() -> None:
    watcher = Watcher(1, 1)
    watcher.check(
        check(SHIFTED, 0, "small", importance=0.1, value=0.2),
        check(SHIFTED, 0, "useless", importance=0.0, value=5.0),
        check(SHIFTED, 0, "top", importance=0.4, value=0.9),
        check(SHIFTED, 0, "holes", "missing_share", importance=0.2, value=0.8),
        check(OK, 0, "calm"),
    )
    assert len(watcher.alerts) == 1
    assert watcher.alert.feature == "top"
    assert watcher.alert.check == "feature_drift"
    assert [one["feature"] for one in watcher.alert.evidence["features"]] == ["top", "holes", "small", "useless"]
    message = watcher.alert.message
    assert message.index("top says") < message.index("holes says") < message.index("small says")
    assert "useless says" not in message
    assert "1 more feature changed" in message
    assert watcher.alert.actions == ("retrain", "ack", "snooze")


@pytest.mark.parametrize(
    ("results", "severity", "kind"),
    [
        ([check(SHIFTED, 0)], Severity.WARNING, "feature_drift"),
        ([check(SHIFTED, 0, importance=None)], Severity.WARNING, "feature_drift"),
        ([check(SHIFTED, 0, importance=0.001)], Severity.INFO, "feature_drift"),
        ([check(SHIFTED, 0, None, "prediction_drift")], Severity.WARNING, "prediction_drift"),
        ([check(SHIFTED, 0, None, "performance")], Severity.CRITICAL, "performance"),
        ([check(SHIFTED, 0), check(SHIFTED, 0, None, "prediction_drift")], Severity.CRITICAL, "feature_drift"),
        (
            [check(SHIFTED, 0, importance=0.001), check(SHIFTED, 0, None, "prediction_drift")],
            Severity.WARNING,
            "feature_drift",
        ),
        ([check(SHIFTED, 0), check(SHIFTED, 0, None, "performance")], Severity.CRITICAL, "feature_drift"),
    ],
)
def test_severity_follows_from_what_came_of_it(results: list[CheckResult], severity: Severity, kind: str) -> None:
    watcher = Watcher(1, 1)
    watcher.check(*results)
    assert len(watcher.alerts) == 1
    assert (watcher.alert.severity, watcher.alert.check) == (severity, kind)


def test_a_fall_of_the_score_joins_the_open_alert_and_brings_it_back() -> None:
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0))
    watcher.put(acknowledge(watcher.alert, "known", START))
    assert said(watcher.check(check(SHIFTED, 1))) == "u"
    assert watcher.alert.state is AlertState.ACKNOWLEDGED
    watcher.check(check(SHIFTED, 2), check(SHIFTED, 2, None, "performance"))
    assert len(watcher.alerts) == 1
    assert watcher.alert.state is AlertState.OPEN
    assert watcher.alert.severity is Severity.CRITICAL
    assert watcher.alert.count == 3
    assert "performance says" not in watcher.alert.message
    assert ["performance says" in look.message for look in watcher.alert.looks] == [False, True]
    assert watcher.alert.note == "known"


def test_what_an_alert_said_when_it_opened_it_says_for_ever() -> None:
    """Later deliveries, features that follow, other sizes, a new version and the repaired source are looks under it."""
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0, "temp", value=0.4))
    first = watcher.alert
    watcher.check(check(SHIFTED, 1, "temp"), check(SHIFTED, 1, "temp", "missing_share", value=9.0, version=2))
    watcher.check(check(SHIFTED, 2, "temp", value=0.2), check(SHIFTED, 2, None, "performance"))
    moment = ("check", "feature", "value", "limit", "message", "cause", "opened_at")
    assert [getattr(watcher.alert, name) for name in moment] == [getattr(first, name) for name in moment]
    assert watcher.alert.evidence["features"] == first.evidence["features"]
    assert [look.value for look in watcher.alert.looks] == [9.0, 0.2]
    assert watcher.alert.severity is Severity.CRITICAL


def test_another_cause_while_an_alert_is_open_is_an_alert_of_its_own() -> None:
    """It would be lost as a look under an alert that somebody has seen to; each is over by itself."""
    watcher = Watcher(1, 2)
    watcher.check(check(SHIFTED, 0, "a"), check(OK, 0, None, "performance"))
    assert said(watcher.check(check(OK, 1, "a"), check(SHIFTED, 1, None, "performance"))) == "or"
    watcher = Watcher(2, 3)
    first = [check(SHIFTED, 0, "a", **{"break": True}), check(OK, 0, None, "performance")]
    watcher.check(*first)
    second = [check(OK, 1, "a"), check(SHIFTED, 1, None, "performance", **{"break": True})]
    assert said(watcher.check(*second)) == "o"
    assert [alert.check for alert in watcher.alerts] == ["feature_drift", "performance"]
    third = watcher.check(check(OK, 2, "a"), check(SHIFTED, 2, None, "performance"))
    assert (said(third), third.resolved[0].check, third.updated[0].check) == ("ur", "feature_drift", "performance")


QUIET = (lambda alert: snooze(alert, START + 900 * HOUR, START), lambda alert: acknowledge(alert, "known", START))


@pytest.mark.parametrize("quieted", QUIET)
@pytest.mark.parametrize("score", [OK, SHIFTED])
@pytest.mark.parametrize("broken", [True, False])
def test_a_new_fault_does_not_disappear_into_an_old_alert(
    quieted: Callable[[AlertRecord], AlertRecord], score: CheckVerdict, broken: bool
) -> None:
    """Another feature has another cause, break or not, and what follows in that run comes of it."""
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0, "x"), check(OK, 0, "pressure"), check(OK, 0, None, "performance"))
    watcher.put(quieted(watcher.alert))
    quiet = watcher.alert.state
    later = check(SHIFTED, 1, "pressure", unit_change="°C became °F", **{"break": broken})
    assert said(watcher.check(check(SHIFTED, 1, "x"), later, check(score, 1, None, "performance"))) == "ou"
    old, new = watcher.alerts
    assert (old.feature, old.state, old.severity) == ("x", quiet, Severity.WARNING)
    assert (new.feature, new.state) == ("pressure", AlertState.OPEN)
    assert new.severity is (Severity.CRITICAL if score is SHIFTED else Severity.WARNING)
    again = watcher.check(check(SHIFTED, 2, "x"), check(OK, 2, "pressure"), check(SHIFTED, 2, None, "performance"))
    assert len(again.opened) == 0
    assert [_has(one, "performance") for one in watcher.alerts] == [score is OK, score is SHIFTED]


def test_what_had_begun_to_shift_when_an_alert_opened_joins_it_and_brings_it_back() -> None:
    watcher = Watcher()
    watcher.check(check(SHIFTED, 0, "fast", **{"break": True}), check(SHIFTED, 0, "slow"), check(OK, 0, "late"))
    watcher.put(acknowledge(watcher.alert, "", START))
    assert said(watcher.check(*(check(SHIFTED, 1, name) for name in ("fast", "slow", "late")))) == "u"
    assert watcher.alert.state is AlertState.OPEN
    assert said(watcher.check(*(check(SHIFTED, 2, name) for name in ("fast", "slow", "late")))) == "ou"
    assert [one.feature for one in watcher.alerts] == ["fast", "late"]


@pytest.mark.parametrize("kind", ["feature_drift", "missing_share"])
def test_a_feature_that_breaks_under_its_own_quiet_alert_brings_it_back(kind: str) -> None:
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0, "x"))
    watcher.put(snooze(watcher.alert, START + 900 * HOUR, START))
    stuck = {"break": True, "breaks": ["top_share" if kind == "feature_drift" else kind]}
    assert said(watcher.check(check(SHIFTED, 1, "x"), check(SHIFTED, 1, "x", kind, **stuck))) == "u"
    assert watcher.alert.state is AlertState.OPEN
    assert "retrain" not in watcher.alert.actions


def test_slow_answers_do_not_explain_a_worse_score() -> None:
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0, None, "latency", source="inference"))
    assert watcher.alert.severity is Severity.WARNING
    slow = check(SHIFTED, 1, None, "latency", source="inference")
    assert said(watcher.check(slow, check(SHIFTED, 1, None, "performance"))) == "ou"
    assert [one.check for one in watcher.alerts] == ["latency", "performance"]


def test_severity_does_not_fall_while_it_lasts() -> None:
    watcher = Watcher(1, 3)
    watcher.check(check(SHIFTED, 0), check(SHIFTED, 0, None, "performance"))
    watcher.check(check(SHIFTED, 1), check(OK, 1, None, "performance"))
    assert watcher.alert.severity is Severity.CRITICAL


def test_all_checks_of_an_alert_must_be_in_order_before_it_is_over() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0, "a"), check(SHIFTED, 0, "b"))
    assert said(watcher.check(check(OK, 1, "a"), check(SHIFTED, 1, "b"))) == "u"
    assert said(watcher.check(check(OK, 2, "a"), check(OK, 2, "b"))) == "r"
    assert watcher.alert.resolved_at == START + 2 * HOUR
    assert watcher.alert.actions == ()


def test_missing_truth_does_not_resolve_a_fall_of_the_score() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(OK, 0), check(SHIFTED, 0, None, "performance"))
    for number in range(1, 4):
        assert said(watcher.check(check(OK, number), check(UNKNOWN, number, None, "performance"))) == ""
    assert said(watcher.check(check(OK, 5), check(OK, 5, None, "performance"))) == "r"


def test_a_run_on_other_data_does_not_resolve() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0, source="data"))
    assert said(watcher.check(check(OK, 1, source="inference"))) == ""
    assert said(watcher.check(check(OK, 2, source="data"))) == "r"


def test_missing_values_that_are_gone_are_in_order() -> None:
    """The check is only made where something is missing."""
    watcher = Watcher(1, 1)
    watcher.check(check(OK, 0), check(SHIFTED, 0, "temp", "missing_share"))
    assert said(watcher.check(check(OK, 1))) == "r"


def test_a_feature_that_the_new_version_does_not_use_is_in_order() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0, "old"), check(OK, 0, "kept"))
    assert said(watcher.check(check(OK, 1, "kept", version=2))) == "r"
    assert "version 2" in watcher.alert.note


def test_a_snoozed_alert_counts_quietly_until_its_time() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0))
    watcher.put(snooze(watcher.alert, START + 3 * HOUR, START))
    watcher.check(check(SHIFTED, 1))
    assert (watcher.alert.state, watcher.alert.count) == (AlertState.SNOOZED, 2)
    watcher.check(check(SHIFTED, 3))
    assert (watcher.alert.state, watcher.alert.count) == (AlertState.OPEN, 3)
    assert watcher.alert.snoozed_until is None


def test_a_snoozed_alert_wakes_even_when_nothing_can_be_told() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0))
    watcher.put(snooze(watcher.alert, START + HOUR, START))
    watcher.check(check(UNKNOWN, 2))
    assert (watcher.alert.state, watcher.alert.count) == (AlertState.OPEN, 1)


def test_a_snoozed_or_acknowledged_alert_resolves_by_itself() -> None:
    for quiet in (lambda alert: snooze(alert, START + 9 * HOUR, START), lambda alert: acknowledge(alert, "", START)):
        watcher = Watcher(1, 1)
        watcher.check(check(SHIFTED, 0))
        watcher.put(quiet(watcher.alert))
        assert said(watcher.check(check(OK, 1))) == "r"


def test_what_a_person_resolved_opens_anew_when_it_is_still_there() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0))
    watcher.put(resolve(watcher.alert, "no", START))
    assert said(watcher.check(check(SHIFTED, 1))) == "o"
    assert [alert.id for alert in watcher.alerts] == ["a1", "a2"]


def test_slow_drift_is_told_softly_and_only_when_the_score_is_unknown() -> None:
    watcher = Watcher()
    watcher.check(check(OK, 0, gradual=True))
    assert said(watcher.check(check(OK, 1, gradual=True))) == "o"
    assert (watcher.alert.check, watcher.alert.severity) == ("outgrown", Severity.INFO)
    assert said(watcher.check(check(OK, 2))) in ("", "r")
    watcher.check(check(OK, 3))
    assert watcher.alert.state is AlertState.RESOLVED
    known = Watcher()
    for number in range(4):
        changes = known.check(check(OK, number, gradual=True), check(OK, number, None, "performance"))
        assert said(changes) == ""


def test_slow_drift_of_what_hardly_matters_is_not_told() -> None:
    watcher = Watcher()
    for number in range(4):
        assert said(watcher.check(check(OK, number, gradual=True, importance=0.01))) == ""


def test_alerts_of_others_are_left_alone() -> None:
    watcher = Watcher(1, 1)
    other = AlertRecord(id="a9", subject="other", check="feature_drift", opened_at=START, updated_at=START)
    latency = AlertRecord(id="a8", subject="m", check="latency", opened_at=START, updated_at=START)
    watcher.alerts += [other, latency]
    assert said(watcher.check(check(SHIFTED, 0))) == "o"
    assert said(watcher.check(check(OK, 1))) == "r"
    assert watcher.alerts[:2] == [other, latency]


def test_names_from_data_are_shown_safely() -> None:
    watcher = Watcher(1, 1)
    watcher.check(check(SHIFTED, 0, "bad\x1b[31mname"))
    assert "\x1b" not in watcher.alert.cause


def alert(state: AlertState) -> AlertRecord:
    return AlertRecord(
        id="a1", subject="m", check="performance", state=state, note="old", opened_at=START, updated_at=START
    )


ALL = list(AlertState)


@pytest.mark.parametrize("state", ALL)
def test_transitions_are_allowed_where_they_mean_something(state: AlertState) -> None:
    later = START + HOUR
    moves = {
        "acknowledge": (
            lambda one: acknowledge(one, "mine", later),
            set(ALL) - {AlertState.RESOLVED},
            AlertState.ACKNOWLEDGED,
        ),
        "snooze": (lambda one: snooze(one, later + HOUR, later), set(ALL) - {AlertState.RESOLVED}, AlertState.SNOOZED),
        "resolve": (lambda one: resolve(one, "over", later), set(ALL), AlertState.RESOLVED),
    }
    for move, allowed, target in moves.values():
        if state not in allowed:
            with pytest.raises(RefusedError, match=state.value):
                move(alert(state))
            continue
        moved = move(alert(state))
        assert moved.state is target
        assert moved.updated_at == later
        assert (moved.resolved_at is not None) == (target is AlertState.RESOLVED is not state)
        assert (moved.snoozed_until is not None) == (target is AlertState.SNOOZED)
    assert acknowledge(alert(AlertState.OPEN), "", later).note == "old"


def test_a_wish_that_is_fulfilled_changes_nothing() -> None:
    later = START + HOUR
    known, over = alert(AlertState.ACKNOWLEDGED), alert(AlertState.RESOLVED)
    assert acknowledge(known, "", later) is known
    assert acknowledge(known, "old", later) is known
    assert resolve(over, "", later) is over
    quiet = snooze(alert(AlertState.OPEN), later, START)
    assert snooze(quiet, later, START) is quiet
    assert snooze(quiet, later, START, quiet.note) is quiet


def test_a_snooze_keeps_its_note() -> None:
    first = snooze(alert(AlertState.OPEN), START + HOUR, START, "a holiday")
    assert (first.state, first.note) == (AlertState.SNOOZED, "a holiday")
    assert snooze(first, START + 2 * HOUR, START).note == "a holiday"
    assert snooze(first, START + HOUR, START, "two holidays").note == "two holidays"


def test_snoozing_into_the_past_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        snooze(alert(AlertState.OPEN), START, START)
    assert refusal.value.hint


@given(st.lists(st.sampled_from([OK, SHIFTED, UNKNOWN]), max_size=30), st.integers(1, 4), st.integers(0, 3))
def test_openings_are_exactly_what_the_rule_says(verdicts: list[CheckVerdict], needed: int, more: int) -> None:
    """Against a plain model of M of N, in which every run counts."""
    among = needed + more
    watcher = Watcher(needed, among)
    known: list[CheckVerdict] = []
    is_open, count = False, 0
    for number, verdict in enumerate(verdicts):
        found = said(watcher.check(check(verdict, number)))
        if verdict is not UNKNOWN:
            known.append(verdict)
        fires = verdict is SHIFTED and known[-among:].count(SHIFTED) >= needed
        calm = len(known) >= needed and all(one is OK for one in known[-needed:])
        if not is_open and fires:
            assert found == "o"
            is_open, count = True, 1
        elif is_open and verdict is SHIFTED:
            count += 1
            assert found == "u"
            assert watcher.alert.count == count
        elif is_open and verdict is OK and calm:
            assert found == "r"
            is_open = False
        else:
            assert found == ""


class AlertLife(RuleBasedStateMachine):
    """Whatever checks find and whatever people do, there is one alert a cause and its history is sound."""

    def __init__(self) -> None:
        super().__init__()
        self.watcher = Watcher()
        self.number = 0

    @property
    def now(self) -> datetime:
        return START + self.number * HOUR

    @rule(
        features=st.lists(st.sampled_from([OK, SHIFTED, UNKNOWN]), min_size=2, max_size=2),
        score=st.sampled_from([None, OK, SHIFTED, UNKNOWN]),
        answers=st.sampled_from([None, OK, SHIFTED]),
        broken=st.booleans(),
        version=st.integers(1, 2),
    )
    def check(
        self,
        features: list[CheckVerdict],
        score: CheckVerdict | None,
        answers: CheckVerdict | None,
        broken: bool,
        version: int,
    ) -> None:
        self.number += 1
        results = [
            check(verdict, self.number, name, version=version, **{"break": broken and verdict is SHIFTED})
            for name, verdict in zip("ab", features, strict=True)
        ]
        for kind, verdict in (("performance", score), ("prediction_drift", answers)):
            if verdict is not None:
                results.append(check(verdict, self.number, None, kind, version=version, importance=None))
        before = {one.id: one for one in self._unresolved()}
        changes = self.watcher.check(*results)
        shifted = [result for result in results if result.verdict is SHIFTED]
        changed = [one.id for one in (*changes.updated, *changes.resolved)]
        assert len(changed) == len(set(changed))
        assert set(changed) <= set(before)
        if changes.opened:
            assert shifted
            about = [key for one in changes.opened for key in one.evidence["symptoms"]]
            assert not any(key in one.evidence["symptoms"] for one in before.values() for key in about)
        for one in changes.updated:
            assert one.count - before[one.id].count in (0, 1)
            assert shifted or one.count == before[one.id].count
            assert one.message == before[one.id].message
        for one in changes.resolved:
            assert not any(_member(before[one.id], result) for result in shifted)

    @rule(hours=st.integers(1, 5))
    def person_snoozes(self, hours: int) -> None:
        for one in self._unresolved():
            self.watcher.put(snooze(one, self.now + hours * HOUR, self.now))

    @rule()
    def person_acknowledges(self) -> None:
        for one in self._unresolved():
            if one.state is not AlertState.ACKNOWLEDGED:
                self.watcher.put(acknowledge(one, "", self.now))

    @rule()
    def person_resolves(self) -> None:
        for one in self._unresolved():
            self.watcher.put(resolve(one, "done", self.now))

    @invariant()
    def no_check_opens_two_alerts(self) -> None:
        leading = [(one.check, one.feature) for one in self._unresolved()]
        assert len(leading) == len(set(leading))

    @invariant()
    def stories_are_sound(self) -> None:
        for one in self.watcher.alerts:
            assert one.count >= 1
            assert one.message
            assert (one.state is AlertState.RESOLVED) == (one.resolved_at is not None)
            assert (one.state is AlertState.SNOOZED) == (one.snoozed_until is not None)
            assert one.evidence["symptoms"]
            if one.state is not AlertState.RESOLVED:
                assert one.actions

    def _unresolved(self) -> list[AlertRecord]:
        return [one for one in self.watcher.alerts if one.state is not AlertState.RESOLVED]


def _has(one: AlertRecord, kind: str) -> bool:
    return any(key[0] == kind for key in one.evidence["symptoms"])


def _member(one: AlertRecord, result: CheckResult) -> bool:
    return [result.check, result.feature or "", "data"] in one.evidence["symptoms"]


TestAlertLife = AlertLife.TestCase
TestAlertLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
