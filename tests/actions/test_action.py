"""One action: when it is available, what it asks, how it reads."""

from __future__ import annotations

import ast
import shlex
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli import samples

import shopfloor
from shopfloor.actions.action import fill
from shopfloor.actions.alerts import snooze
from shopfloor.actions.registry import ALL, by_name
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobState
from shopfloor.domain.record import Record
from shopfloor.domain.release import Outcome
from shopfloor.domain.requests.alerts import AlertAck, AlertSnooze
from shopfloor.domain.requests.jobs import JobCancel
from shopfloor.domain.requests.models import ModelApprove, ModelDefine, ModelPromote, ModelTrain
from shopfloor.domain.run import RunState

replace = msgspec.structs.replace
AWAITING = replace(
    samples.MODEL_VERSION,
    decision=replace(samples.DECISION, outcome=Outcome.AWAIT_APPROVAL),
)


@pytest.mark.parametrize(
    ("name", "record", "reason"),
    [
        ("model.promote", samples.MODEL, None),
        ("model.promote", replace(samples.MODEL, challenger=None), "no challenger"),
        ("model.promote", replace(samples.MODEL, retired=True), "retired"),
        ("model.promote", samples.CHAMPION, "already the champion"),
        ("model.promote", samples.MODEL_VERSION, None),
        ("model.promote", samples.RUN, None),
        ("model.promote", samples.FAILED_RUN, "no model version"),
        ("model.promote", samples.JOB, "does not apply to the selected row"),
        ("model.promote", None, "Nothing is selected"),
        ("model.approve", samples.MODEL, None),
        ("model.approve", replace(samples.MODEL, awaiting_approval=None), "awaits approval"),
        ("model.approve", samples.MODEL_VERSION, "does not await approval"),
        ("model.approve", AWAITING, None),
        ("model.reject", replace(AWAITING, decision=None), "not evaluated"),
        ("model.rollback", samples.MODEL, None),
        ("model.rollback", replace(samples.MODEL, previous=None), "no champion before"),
        ("model.retire", replace(samples.MODEL, retired=True), "already retired"),
        ("model.train", replace(samples.MODEL, retired=True), "retired"),
        ("model.train", samples.ALERT, None),
        ("model.predict", samples.NEW_MODEL, "no champion yet"),
        ("alert.ack", samples.ALERT, None),
        ("alert.ack", samples.RESOLVED_ALERT, "resolved"),
        ("alert.snooze", samples.RESOLVED_ALERT, "resolved"),
        ("file.accept", samples.FILES[0], None),
        ("file.accept", samples.FILES[2], "committed"),
        ("file.retry", replace(samples.FILES[0], state=FileState.DISCARDED), None),
        ("file.discard", replace(samples.FILES[0], state=FileState.DISCARDED), "not quarantined"),
        ("file.inspect", samples.FILES[1], "not quarantined"),
        ("job.cancel", samples.JOB, None),
        ("job.cancel", samples.FAILED_JOB, "has ended"),
        ("job.cancel", samples.RUN, "has ended"),
        ("job.cancel", replace(samples.RUN, state=RunState.RUNNING), None),
        ("job.cancel", replace(samples.RUN, state=RunState.RUNNING, job=None), "notebook"),
        ("job.retry", samples.FAILED_JOB, None),
        ("job.retry", replace(samples.JOB, state=JobState.SUCCEEDED), "succeeded"),
        ("job.log", replace(samples.RUN, job=None), "notebook"),
        ("dataset.rollback", samples.VERSION, None),
        ("dataset.rollback", samples.DATASET, "does not apply to the selected row"),
        ("workspace.backup", None, None),
        ("lineage.show", samples.VERSION, None),
    ],
)
def test_greyed_out_with_a_reason(name: str, record: Record | None, reason: str | None) -> None:
    action = by_name(name)
    found = action.unavailable(record)
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert reason in found
        assert found.endswith((".", f"{getattr(record, 'state', '')}."))
        with pytest.raises(RefusedError):
            action.request(record, {each.name: "x" for each in action.inputs})


def test_requests_name_the_right_thing() -> None:
    promote, approve = by_name("model.promote"), by_name("model.approve")
    assert promote.request(samples.MODEL) == ModelPromote(ref="late-arrival@3")
    assert promote.request(samples.RUN, {"reason": "better"}) == ModelPromote(ref="late-arrival@3", reason="better")
    assert approve.request(samples.MODEL) == ModelApprove(ref="late-arrival@3")
    assert by_name("model.train").request(samples.ALERT) == ModelTrain(name="late-arrival")
    assert by_name("job.cancel").request(replace(samples.RUN, state=RunState.RUNNING)) == JobCancel(id="j9")
    assert by_name("alert.ack").request("a7", {"note": "mine"}) == AlertAck(id="a7", note="mine")


def test_a_reference_is_needed_where_a_thing_is_acted_on() -> None:
    with pytest.raises(UsageError, match="needs the name"):
        by_name("model.promote").request("")


def test_required_fields_are_asked_for() -> None:
    with pytest.raises(UsageError, match="needs until"):
        by_name("alert.snooze").request(samples.ALERT, {"until": ""})
    with pytest.raises(UsageError, match="needs target"):
        by_name("model.define").request(None, {"name": "churn", "dataset": "customers"})


def test_navigation_asks_nothing() -> None:
    action = by_name("go.models")
    assert not action.asks_engine
    with pytest.raises(UsageError):
        action.request(None)


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 6, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def test_snooze_counts_from_the_clock_it_is_given() -> None:
    later = datetime(2026, 6, 1, 16, tzinfo=UTC)
    assert snooze("a1", {"until": "4h"}, Noon()) == AlertSnooze(id="a1", until=later)
    assert snooze("a1", {"until": "2026-06-01T16:00:00Z", "note": "n"}, Noon()) == AlertSnooze(
        id="a1", until=later, note="n"
    )
    with pytest.raises(UsageError, match="in the past"):
        snooze("a1", {"until": "2026-06-01T11:59:00Z"}, Noon())


def test_define_fills_the_definition() -> None:
    action = by_name("model.define")
    assert action.defaults(samples.DATASET)["dataset"] == "flights"
    request = action.request(
        samples.DATASET,
        {
            "name": "late",
            "dataset": "flights",
            "target": "late",
            "task": "regression",
            "exclude": "a, b,,a",
            "release": "approval",
            "metric": "r2",
            "time": "",
        },
    )
    assert isinstance(request, ModelDefine)
    definition = request.definition
    assert (definition.name, definition.dataset, definition.target) == ("late", "flights", "late")
    assert (definition.task, definition.exclude) == ("regression", ("a", "b"))
    assert (definition.release.policy, definition.training.metric) == ("approval", "r2")
    assert definition.time is None


def test_the_terminal_names_no_single_action_that_asks_the_engine() -> None:
    """What an action needs stands in its declaration: a new one is one entry."""
    names = {action.name for action in ALL if action.asks_engine}
    named = [
        (path.name, node.value)
        for path in (Path(shopfloor.__file__).parent / "tui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert named == []


def test_confirmation_names_the_thing_and_hides_nothing_of_a_hostile_name() -> None:
    promote, retire = by_name("model.promote"), by_name("model.retire")
    assert promote.question(samples.MODEL) == ("Make late-arrival@3 the champion of late-arrival? It serves at once.")
    assert retire.confirm is not None
    assert retire.confirm.typed_name
    assert retire.typed(samples.MODEL) == "late-arrival"
    asked = promote.question(samples.hostile(samples.MODEL, "{0}\x1b[2J{name}"))
    assert "\x1b" not in asked
    assert "{0}" in asked
    assert by_name("model.train").question(samples.MODEL) == ""


def test_command_lines_leave_out_what_is_not_given() -> None:
    promote = by_name("model.promote")
    assert promote.command(samples.MODEL) == "shopfloor model promote late-arrival@3"
    assert promote.command(samples.MODEL, {"reason": "it's better"}) == (
        "shopfloor model promote late-arrival@3 --reason 'it'\"'\"'s better'"
    )
    assert by_name("workspace.backup").command(None) == "shopfloor backup"
    assert by_name("view.sort").command(None) == ""


@given(st.text(st.characters(exclude_characters="\x00")), st.text(min_size=1))
def test_a_shell_reads_back_exactly_what_was_given(ref: str, reason: str) -> None:
    line = fill("x {ref} [--reason {reason}]", {"ref": ref, "reason": reason})
    assert shlex.split(line) == ["x", ref, "--reason", reason]
