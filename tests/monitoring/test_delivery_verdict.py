"""What results of checks say of a delivery's rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.trust import DeliveryTrust, Fault, Trust
from shopfloor.monitoring.delivery_verdict import evidence_of, judged
from shopfloor.monitoring.records import (
    CONSTANT,
    FEATURE_DRIFT,
    LABELLED_SHARE,
    MISSING_RATE,
    MISSING_SHARE,
    NEW_CLASS,
    PERFORMANCE,
    PREDICTION_DRIFT,
    TARGET_DRIFT,
    UNSEEN,
    VANISHED,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DELIVERY = DeliveryTrust(dataset="d", version=2, files=("f2",), pending=("m",), decided_at=NOW)


def result(
    check: str, *breaks: str, is_break: bool = True, importance: float | None = None, **evidence: Any
) -> CheckResult:
    return CheckResult(
        model="m", model_version=1, check=check, feature="x", verdict=CheckVerdict.SHIFTED, message=f"{check} shifted",
        evidence={"source": "data", "data": "rows", "breaks": list(breaks), "break": is_break, **evidence}, at=NOW,
        importance=importance,
    )  # fmt: skip


UNIT = result(FEATURE_DRIFT, unit_change="°C became °F", unit_is_certain=True)
GROWN = {"unit_change": "the unit changed (values ×1.6)", "unit_is_certain": False}
DRIFT = result(FEATURE_DRIFT)
COLLAPSE = result(PERFORMANCE)


@pytest.mark.parametrize(
    ("results", "faults", "trust"),
    [
        ([], [], Trust.TRUSTED),
        ([UNIT], [Fault.UNIT], Trust.BROKEN),
        ([result(TARGET_DRIFT, unit_change="× 10", unit_is_certain=True)], [Fault.UNIT], Trust.BROKEN),
        ([result(FEATURE_DRIFT, **GROWN)], [Fault.SCALED], Trust.SUSPECT),
        ([result(TARGET_DRIFT, **GROWN)], [Fault.SCALED], Trust.SUSPECT),
        ([result(FEATURE_DRIFT, CONSTANT, **GROWN)], [Fault.STUCK], Trust.BROKEN),
        ([result(FEATURE_DRIFT, CONSTANT)], [Fault.STUCK], Trust.BROKEN),
        ([result(FEATURE_DRIFT, "wasserstein", CONSTANT)], [Fault.STUCK], Trust.BROKEN),
        ([result(FEATURE_DRIFT, "wasserstein")], [], Trust.TRUSTED),
        ([result(FEATURE_DRIFT, VANISHED)], [Fault.VANISHED], Trust.BROKEN),
        ([result(MISSING_SHARE, MISSING_SHARE)], [Fault.LOST], Trust.BROKEN),
        ([result(MISSING_SHARE, MISSING_RATE)], [], Trust.TRUSTED),
        ([result(FEATURE_DRIFT, CONSTANT, used=False)], [], Trust.TRUSTED),
        ([DRIFT], [], Trust.TRUSTED),
        ([result(FEATURE_DRIFT, UNSEEN)], [], Trust.TRUSTED),
        ([result(MISSING_SHARE, is_break=False)], [], Trust.TRUSTED),
        ([COLLAPSE], [Fault.COLLAPSE], Trust.SUSPECT),
        ([result(TARGET_DRIFT)], [Fault.LABELS], Trust.SUSPECT),
        ([result(LABELLED_SHARE)], [Fault.LABELS], Trust.SUSPECT),
        ([result(PERFORMANCE, is_break=False)], [], Trust.TRUSTED),
        ([COLLAPSE, DRIFT], [Fault.COLLAPSE], Trust.SUSPECT),
        ([result(PERFORMANCE, is_break=False), DRIFT], [Fault.COLLAPSE], Trust.SUSPECT),
        ([COLLAPSE, result(FEATURE_DRIFT, is_break=False)], [Fault.COLLAPSE], Trust.SUSPECT),
        ([result(PERFORMANCE, is_break=False), result(FEATURE_DRIFT, is_break=False)], [], Trust.TRUSTED),
        ([result(TARGET_DRIFT), DRIFT], [], Trust.TRUSTED),
        ([result(TARGET_DRIFT), result(FEATURE_DRIFT, is_break=False)], [Fault.LABELS], Trust.SUSPECT),
        ([result(TARGET_DRIFT), result(FEATURE_DRIFT, importance=0.01)], [Fault.LABELS], Trust.SUSPECT),
        ([result(TARGET_DRIFT), result(FEATURE_DRIFT, importance=0.2)], [], Trust.TRUSTED),
        ([result(TARGET_DRIFT, VANISHED), DRIFT], [Fault.LABELS], Trust.SUSPECT),
        ([result(TARGET_DRIFT, NEW_CLASS), DRIFT], [Fault.LABELS], Trust.SUSPECT),
        ([COLLAPSE, UNIT], [Fault.UNIT], Trust.BROKEN),
        ([result(PREDICTION_DRIFT)], [], Trust.TRUSTED),
        ([result(PERFORMANCE, source="inference")], [], Trust.TRUSTED),
    ],
)  # fmt: skip
def test_breaks_speak_against_rows_labels_that_no_input_explains_and_a_score_that_falls_with_them(
    results: list[CheckResult], faults: list[Fault], trust: Trust
) -> None:
    assert [one.fault for one in evidence_of(results)] == faults
    verdict = judged(DELIVERY, "m", results, ["a1"] if faults else [], NOW)
    assert (verdict.trust, verdict.pending) == (trust, ())
    assert bool(verdict.why) is bool(faults)


def test_it_is_known_when_all_have_ended_but_broken_as_soon_as_one_says_so() -> None:
    two = msgspec.structs.replace(DELIVERY, pending=("m", "n"))
    assert judged(two, "m", [], [], NOW).trust is Trust.UNKNOWN
    assert judged(judged(two, "m", [], [], NOW), "n", [], [], NOW).trust is Trust.TRUSTED
    broken = judged(two, "m", [UNIT], ["a1"], NOW)
    assert (broken.trust, broken.samples, broken.alerts) == (Trust.BROKEN, ("rows",), ("a1",))
    assert judged(broken, "n", [], [], NOW).trust is Trust.BROKEN
    assert judged(judged(broken, "m", [UNIT], ["a1"], NOW), "n", [UNIT], ["a1"], NOW).evidence == broken.evidence


def test_the_word_of_a_person_stands() -> None:
    said = msgspec.structs.replace(DELIVERY, trust=Trust.TRUSTED, decided_by="ada", reason="a new sensor")
    after = judged(said, "m", [UNIT], [], NOW)
    assert (after.trust, after.why) == (Trust.TRUSTED, "a new sensor")
    assert [one.fault for one in after.evidence] == [Fault.UNIT]
