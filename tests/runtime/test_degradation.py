"""Degraded is a state with a reason and a beginning, and it ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobKind
from shopfloor.domain.status import DegradedCause
from shopfloor.runtime.clock_jump import ClockJump
from shopfloor.runtime.degradation import Degradations


class HandClock:
    """A clock whose two times are moved by hand, apart from each other where a test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 31, tzinfo=UTC)
        self.ticks = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.ticks += seconds


def test_a_cause_has_one_beginning_and_an_end_that_are_told() -> None:
    clock = HandClock()
    words = [""]
    told: list[tuple[str, bool]] = []
    degraded = Degradations(clock)
    degraded.watch({DegradedCause.SCAN: lambda: words[0]}, lambda one, begins: told.append((one.message, begins)))
    assert degraded.look() == ()
    words[0] = "inbox is gone"
    (first,) = degraded.look()
    clock.forward(60)
    words[0] = "inbox cannot be read"
    (second,) = degraded.look()
    assert second.since == first.since == datetime(2026, 1, 31, tzinfo=UTC)
    assert second.message == "inbox cannot be read"
    words[0] = ""
    assert degraded.look() == ()
    assert told == [("inbox is gone", True), ("inbox cannot be read", False)]


@pytest.mark.parametrize("cause", DegradedCause)
def test_what_each_cause_stops(cause: DegradedCause) -> None:
    degraded = Degradations(HandClock())
    held = ["It is so."]
    degraded.watch({cause: lambda: held[0]}, lambda one, begins: None)
    degraded.look()
    refuses = cause in {DegradedCause.STORE, DegradedCause.READ_ONLY, DegradedCause.DISK_FULL}
    if refuses:
        with pytest.raises(RefusedError) as refused:
            degraded.refuse_changes()
        assert refused.value.message == "Nothing can be changed now. It is so."
        assert refused.value.hint
    else:
        degraded.refuse_changes()
    told_only = cause in {DegradedCause.WATCHER, DegradedCause.CLOCK, DegradedCause.SETTINGS}
    assert degraded.hindrances() == (() if told_only else ("It is so.",))
    no_space = cause in {DegradedCause.DISK_LOW, DegradedCause.DISK_FULL, DegradedCause.READ_ONLY}
    assert [kind for kind in JobKind if degraded.holds_back(kind)] == (
        [JobKind.INTAKE, JobKind.TRAIN] if no_space else []
    )
    held[0] = ""
    degraded.look()
    degraded.refuse_changes()
    assert not degraded.holds_back(JobKind.TRAIN)


def test_a_probe_that_fails_is_a_cause_and_ends_no_other() -> None:
    def fail() -> str:
        raise OSError(5, "Input/output error")

    degraded = Degradations(HandClock())
    degraded.watch({DegradedCause.DISK_FULL: fail, DegradedCause.CLOCK: lambda: "jumped"}, lambda one, begins: None)
    assert [one.code for one in degraded.look()] == [DegradedCause.DISK_FULL, DegradedCause.CLOCK]
    assert "Input/output error" in degraded.held()[0].message


def test_a_clock_that_went_back_is_told_until_times_are_new_again() -> None:
    clock = HandClock()
    probe = ClockJump(clock)
    clock.forward(10)
    assert probe() == ""
    clock.at -= timedelta(hours=1)
    assert "went back" in probe()
    clock.forward(1800)
    assert "went back" in probe()
    clock.forward(1800)
    assert probe() == ""


def test_a_clock_that_went_forward_is_told_for_an_hour_or_until_it_is_right() -> None:
    clock = HandClock()
    probe = ClockJump(clock)
    clock.at += timedelta(days=365)
    assert "went forward by" in probe()
    clock.forward(1800)
    assert "went forward by" in probe()
    clock.forward(3600)
    assert probe() == ""
    clock.forward(3600)
    assert probe() == ""


def test_a_clock_that_a_time_service_corrects_did_not_jump() -> None:
    clock = HandClock()
    probe = ClockJump(clock)
    for _ in range(100):
        clock.forward(5)
        clock.at += timedelta(seconds=2)
        assert probe() == ""
