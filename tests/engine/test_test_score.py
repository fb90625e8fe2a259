"""The ML Test Score: 28 tests, 22 of them answered by what is stored, none by nobody."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.cli import samples

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.release import ROLLBACK, AliasChange, Decision, GateCheck, Outcome
from shopfloor.domain.run import CandidateScore
from shopfloor.domain.test_score import PEOPLES, ScoreAnswer, ScoreSection, reading
from shopfloor.engine.test_score.finding import ScoreEvidence
from shopfloor.engine.test_score.score import STORED, score

CHECKS = ("feature_drift", "performance")


def evidence(**known: Any) -> ScoreEvidence:
    """A model of which nothing is known, but for `known`."""
    nothing: dict[str, Any] = {
        "definition": msgspec.structs.replace(samples.DEFINITION, exclude=(), features=()),
        "contract": None, "version": None, "run": None, "runs": (), "moves": (), "checks": (), "kinds": {}, "jobs": {},
        "predictions": 0, "learned": 0, "newest": 0,
    }  # fmt: skip
    return ScoreEvidence(**nothing | known)


def check(name: str, verdict: CheckVerdict = CheckVerdict.OK, **fields: Any) -> CheckResult:
    base = {"model": "m", "model_version": 1, "message": f"{name} is fine.", "rows": 500, "at": samples.at(3)}
    return CheckResult(**base | {"check": name, "verdict": verdict} | fields)


def found(known: ScoreEvidence, code: str) -> tuple[float, str]:
    (test,) = [one for one in score(known, {}).tests if one.code == code]
    return test.score, test.evidence


def test_there_are_28_tests_seven_a_section_and_22_are_answered_by_the_store() -> None:
    tests = score(evidence(), {}).tests
    assert Counter(test.section for test in tests) == dict.fromkeys(ScoreSection, 7)
    assert len({test.code for test in tests}) == 28
    assert len(STORED) == 22
    assert set(STORED) | set(PEOPLES) == {f"{letter}{n}" for letter in "DMIO" for n in range(1, 8)}


def test_of_a_model_of_which_nothing_is_known_every_test_says_why_it_counts_nothing() -> None:
    result = score(evidence(), {})
    assert result.score == 0
    assert all(test.score == 0 and test.evidence.endswith((".", "WHY")) for test in result.tests)
    assert sum(test.evidence.startswith("Cannot tell: ") for test in result.tests) >= 18


def test_the_score_is_the_least_of_the_four_sums() -> None:
    answers = {
        code: ScoreAnswer(model="m", test=code, score=1.0, note="seen", actor="ann", at=samples.at(3))
        for code in PEOPLES
    }
    result = score(evidence(), answers)
    assert result.sections == {"data": 3, "model": 2, "infrastructure": 1, "monitoring": 0}
    assert result.score == 0
    assert result.reading == reading(0)
    assert {test.answered_by for test in result.tests if test.code in PEOPLES} == {"ann"}


def test_an_answer_that_was_taken_back_counts_nothing() -> None:
    answer = ScoreAnswer(model="m", test="D5", score=None, actor="ann", at=samples.at(3))
    assert score(evidence(), {"D5": answer}).sections["data"] == 0


@pytest.mark.parametrize(
    ("known", "code", "points", "words"),
    [
        ({"contract": samples.CONTRACT}, "D1", 1, "The contract pins"),
        ({"checks": (check("feature_drift", feature="a", importance=0.4),)}, "D2", 1, "1 column"),
        ({"checks": (check("feature_drift", feature="a", importance=0.0),)}, "D2", 0.5, "carry no importance: 'a'"),
        ({"definition": msgspec.structs.replace(samples.DEFINITION, exclude=("ssn",))}, "D4", 1, "ssn"),
        ({"run": samples.RUN}, "M3", 1, "compared on the same rows"),
        ({"checks": (check("performance"), check("performance"))}, "M4", 0.5, "2 deliveries"),
        ({"checks": (check("staleness"),)}, "M4", 1, "staleness is fine"),
        ({"checks": (check("fairness"),)}, "M7", 1, "fairness is fine"),
        ({"kinds": {"run.unchanged": 2}}, "I1", 1, "2 trainings"),
        ({"jobs": {"train": 1, "monitor": 1}, "moves": ()}, "I3", 0, "release is missing"),
        ({"kinds": {"canary.started": 1}}, "I6", 1, "share of the requests"),
        ({"learned": 3, "newest": 3}, "O4", 0.5, "the newest"),
        ({"learned": 1, "newest": 3}, "O4", 0, "2 versions behind"),
        ({"checks": (check("feature_drift"),)}, "O2", 0.5, "deliveries only"),
        (
            {"checks": (check("feature_drift"), check("missing_share", evidence={"source": "inference"}))},
            "O2", 1, "served",
        ),
        ({"checks": (check("performance"),)}, "O7", 1, "performance is fine"),
        ({"checks": (check("performance", CheckVerdict.UNKNOWN),)}, "O7", 0, "Cannot tell"),
    ],
)  # fmt: skip
def test_the_store_answers(known: dict[str, Any], code: str, points: float, words: str) -> None:
    given, text = found(evidence(**known), code)
    assert given == points, text
    assert words in text


def test_a_champion_that_passed_the_gate_is_validated_and_one_that_a_person_put_there_is_half() -> None:
    checks = (
        GateCheck(code="dummy", passed=True, detail="better by 0.2"),
        GateCheck(code="latency", passed=True, detail="0.1 ms a row"),
        GateCheck(code="slices", passed=None, detail="no slice has enough rows"),
    )
    version = msgspec.structs.replace(samples.CHAMPION, aliases=("champion",))
    points = {}
    for outcome in (Outcome.PROMOTE, Outcome.HOLD):
        decided = msgspec.structs.replace(version, decision=Decision(outcome=outcome, reason="r", checks=checks))
        known = evidence(version=decided, run=msgspec.structs.replace(samples.RUN, segments=(), candidates=(
            CandidateScore(name="linear", metrics={}), CandidateScore(name="dummy", metrics={}),
        )))  # fmt: skip
        points[outcome] = {code: found(known, code)[0] for code in ("I4", "M5", "M6", "O6", "M3")}
    assert points[Outcome.PROMOTE] == {"I4": 1, "M5": 1, "M6": 0, "O6": 0.5, "M3": 0.5}
    assert points[Outcome.HOLD]["I4"] == 0.5


def test_a_rollback_that_was_done_is_worth_more_than_one_that_could_be() -> None:
    move = AliasChange(model="m", alias="champion", version=2, previous=1, actor="ann", cause="gate", at=samples.at(2))
    assert found(evidence(moves=(move,)), "I7")[0] == 0.5
    back = msgspec.structs.replace(move, version=1, previous=2, cause=ROLLBACK)
    assert found(evidence(moves=(back, move)), "I7")[0] == 1
