"""Events reach the team's own commands: the right ones, all of them, also over failures and restarts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.upkeep.works import Works
from tests.waiting import until

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.event import Event
from shopfloor.domain.monitor import AlertRecord, Severity
from shopfloor.runtime import notification
from shopfloor.runtime.back_off import pause
from shopfloor.runtime.notification import Notifier, matches, run_command
from shopfloor.store import alerts
from shopfloor.workspace.settings import NotifyRule, Settings, check

RULE = NotifyRule(command=("page",), name="page")


class Pager:
    """A command that keeps what it is told while it has no `error`."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.error = ""

    def __call__(self, command: Sequence[str], message: bytes) -> str:
        if not self.error:
            self.told.append(json.loads(message))
        return self.error

    @property
    def seqs(self) -> list[int]:
        """The events of all messages."""
        return [event["seq"] for message in self.told for event in message["events"]]


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def notifier(works: Works, pager: Pager, *rules: NotifyRule) -> Notifier:
    works.context.settings = Settings(notify=rules or (RULE,))
    made = Notifier(works.context, pager)
    made.follow()
    return made


def emit(works: Works, kind: str = "file.quarantined", subject: str = "flights") -> int:
    return works.store.write(lambda transaction: transaction.emit(kind, subject, f"{kind}!", data={})).seq


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({}, {"file.quarantined", "job.lost", "engine.degraded", "alert.opened"}),
        ({"kinds": ("job.*",)}, {"job.lost"}),
        ({"kinds": ("*",)}, {"file.quarantined", "job.lost", "engine.degraded", "alert.opened", "run.finished"}),
        ({"subjects": ("fl*",)}, {"file.quarantined"}),
        ({"severity": Severity.CRITICAL}, {"engine.degraded", "alert.opened"}),
    ],
)
def test_a_rule_chooses_by_kind_subject_and_severity(rule: dict[str, Any], wanted: set[str]) -> None:
    made = NotifyRule(command=("page",), **rule)
    said = {"file.quarantined": "flights", "job.lost": "late", "engine.degraded": "engine", "run.finished": "late"}
    found = [_event(kind, subject, {}) for kind, subject in said.items()]
    found.append(_event("alert.opened", "late", {"severity": "critical"}))
    assert {event.kind for event in found if matches(made, event)} == wanted


def _event(kind: str, subject: str, data: dict[str, Any], seq: int = 1) -> Event:
    return Event(
        seq=seq, at=datetime(2026, 1, 31, tzinfo=UTC), kind=kind, subject=subject, message=f"{kind}!", data=data
    )


def test_what_came_before_the_rule_is_not_told_and_a_burst_is_one_message(works: Works) -> None:
    emit(works)
    pager = Pager()
    tells = notifier(works, pager)
    tells.turn("page")
    assert pager.told == []
    first = emit(works)
    assert tells.turn("page") == RULE.every_seconds
    burst = [emit(works), emit(works, "job.failed", "late"), emit(works)]
    emit(works, "run.finished")
    tells.turn("page")
    assert pager.seqs == [first]
    works.clock.forward(seconds=RULE.every_seconds)
    tells.turn("page")
    assert pager.seqs == [first, *burst]
    message = pager.told[-1]
    assert (message["rule"], message["count"], message["seq"], message["left_out"]) == ("page", 3, burst[-1], 0)
    assert message["text"] == "3 events (2 file.quarantined, 1 job.failed). The newest: file.quarantined!"
    assert message["severity"] == "warning"


def test_a_message_about_an_alert_has_the_alert(works: Works) -> None:
    pager = Pager()
    tells = notifier(works, pager)
    now = works.clock.now()
    new = AlertRecord(id="", subject="late", check="drift", severity=Severity.INFO, opened_at=now, updated_at=now)

    def change(transaction: Any) -> AlertRecord:
        alert = alerts.create(transaction, new)
        alerts.emit(transaction, "opened", alert)
        worse = msgspec.structs.replace(alert, severity=Severity.CRITICAL)
        alerts.update(transaction, worse)
        alerts.update(transaction, worse)
        return worse

    worse = works.store.write(change)
    tells.turn("page")
    (message,) = pager.told
    assert [event["kind"] for event in message["events"]] == ["alert.opened", "alert.severity_changed"]
    assert [event["severity"] for event in message["events"]] == ["info", "critical"]
    assert message["events"][1]["alert"]["id"] == worse.id
    assert message["severity"] == "critical"


def test_what_fails_is_tried_again_later_and_later_and_shown(works: Works) -> None:
    pager = Pager()
    tells = notifier(works, pager)
    pager.error = "no pager"
    first = emit(works)
    waits = []
    for _ in range(7):
        waits.append(tells.turn("page"))
        works.clock.forward(seconds=waits[-1])
    assert waits == [0.5, 2.0, 8.0, 32.0, 128.0, 300.0, 300.0] == [pause(number, 300) for number in range(1, 8)]
    (waiting,) = works.context.undelivered()
    assert (waiting.rule, waiting.events, waiting.first_seq, waiting.attempts) == ("page", 1, first, 7)
    assert waiting.error == "no pager"
    pager.error = ""
    second = emit(works)
    tells.turn("page")
    assert pager.seqs == [first, second]
    assert works.context.undelivered() == ()


def test_a_mended_rule_is_tried_at_once_and_goes_on_where_it_was(works: Works) -> None:
    pager = Pager()
    tells = notifier(works, pager)
    pager.error = "no pager"
    waiting = emit(works)
    tells.turn("page")
    pager.error = ""
    works.context.settings = Settings(notify=(NotifyRule(command=("other",), name="page"),))
    tells.follow()
    tells.turn("page")
    assert pager.seqs == [waiting]


def test_a_rule_that_comes_back_begins_anew(works: Works) -> None:
    pager = Pager()
    tells = notifier(works, pager)
    works.context.settings = Settings()
    tells.follow()
    emit(works)
    works.context.settings = Settings(notify=(RULE,))
    tells.follow()
    later = emit(works)
    tells.turn("page")
    assert pager.seqs == [later]


def test_what_could_not_be_stored_is_told_all_the_same(works: Works) -> None:
    pager = Pager()
    tells = notifier(works, pager)
    works.context.stream.publish([_event("engine.degraded", "engine", {"code": "disk_full"}, seq=0)])
    tells.turn("page")
    assert [event["kind"] for event in pager.told[0]["events"]] == ["engine.degraded"]
    tells.turn("page")
    assert len(pager.told) == 1


@settings(max_examples=12)
@given(deeds=st.lists(st.sampled_from(["event", "noise", "turn", "fail", "mend", "wait", "restart"]), max_size=25))
def test_every_event_is_told_in_order_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    """Also twice after a restart, but never with one left out."""
    works = Works(tmp_path_factory.mktemp("works"))
    pager, expected = Pager(), []
    tells = notifier(works, pager)
    for deed in [*deeds, "mend", "wait", "turn"]:
        if deed == "event":
            expected.append(emit(works))
        elif deed == "noise":
            emit(works, "run.finished")
        elif deed == "turn":
            tells.turn("page")
        elif deed in {"fail", "mend"}:
            pager.error = "no pager" if deed == "fail" else ""
        elif deed == "wait":
            works.clock.forward(seconds=400)
        else:
            works.store.close()
            works.reopen()
            tells = notifier(works, pager)
    works.store.close()
    assert pager.seqs == expected


def test_a_command_gets_the_message_or_it_is_said_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    assert run_command(("sh", "-c", f"cat > {told}"), b'{"a": 1}') == ""
    assert told.read_bytes() == b'{"a": 1}'
    assert run_command(("true",), b"x" * 1_000_000) == ""  # it need not read
    assert run_command(("sh", "-c", "echo no pager >&2; exit 3"), b"") == "the command ended with 3: no pager"
    assert "cannot be run: No such file" in run_command((str(tmp_path / "none"),), b"")
    much = "yes much | head -c 20000000 >&2; echo no pager >&2; exit 3"
    assert run_command(("sh", "-c", much), b"") == "the command ended with 3: no pager"
    assert run_command(("sh", "-c", "sleep 100 & sleep 100"), b"", lambda: True) == "the engine ended"
    monkeypatch.setattr(notification, "_COMMAND_SECONDS", 0.2)
    assert run_command(("sh", "-c", "sleep 100 & sleep 100"), b"") == "the command was stopped after 0.2 s"


def test_no_rule_waits_for_a_command_that_hangs_nor_does_it_outlive_the_engine(
    works: Works, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is what is on its way told twice because its rule was changed meanwhile."""
    monkeypatch.setattr(notification, "_COMMAND_SECONDS", 600.0)
    told, pid = tmp_path / "told", tmp_path / "pid"
    hangs = NotifyRule(
        command=("sh", "-c", f"echo $$ > {pid}.part; mv {pid}.part {pid}; exec sleep 1000"), name="hangs"
    )
    works.context.settings = Settings(notify=(hangs, NotifyRule(command=("sh", "-c", f"cat >> {told}"), name="tells")))
    tells = Notifier(works.context)
    tells.start()
    emit(works)
    until(pid.exists)
    until(lambda: told.exists() and told.read_bytes())
    tells.follow()
    works.context.stopping.set()
    tells.stop()
    until(lambda: not is_alive(int(pid.read_text())))
    assert told.read_text().count('"seq"') == 2, "the message's and its one event's"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((NotifyRule(command=()),), "has no command"),
        ((RULE, RULE), "two rules are named"),
        (("page", RULE), "a command or a list of rules"),
        ((NotifyRule(command=("page",), every_seconds=-1),), "every_seconds"),
    ],
)
def test_rules_that_cannot_work_are_refused(rules: tuple[Any, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(Settings(notify=rules), "workspace.toml")


def test_a_command_alone_is_a_rule() -> None:
    (rule,) = Settings(notify=("page", "--now")).notify_rules
    assert (rule.command, rule.name) == (("page", "--now"), "1")
