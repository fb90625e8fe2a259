"""The 28 tests of one model, summed up."""

from __future__ import annotations

from collections.abc import Mapping

from shopfloor.domain.test_score import PEOPLES, ModelTestScore, ScoreAnswer, ScoredTest, ScoreSection, reading
from shopfloor.engine.test_score import data, infrastructure, model, monitoring
from shopfloor.engine.test_score.finding import ScoreEvidence, StoredTest

_SECTIONS: dict[ScoreSection, tuple[StoredTest, ...]] = {
    ScoreSection.DATA: data.TESTS,
    ScoreSection.MODEL: model.TESTS,
    ScoreSection.INFRASTRUCTURE: infrastructure.TESTS,
    ScoreSection.MONITORING: monitoring.TESTS,
}
_LETTERS = {"D": ScoreSection.DATA, "M": ScoreSection.MODEL, "I": ScoreSection.INFRASTRUCTURE}
STORED = tuple(test.code for tests in _SECTIONS.values() for test in tests)
"""The codes of the tests that the store answers."""


def score(evidence: ScoreEvidence, answers: Mapping[str, ScoreAnswer]) -> ModelTestScore:
    """Each test with its evidence, in the order of the paper; the score is the least of the four sums."""
    tests = [_stored(section, test, evidence) for section, each in _SECTIONS.items() for test in each]
    tests += [_answered(evidence.definition.name, code, title, answers.get(code)) for code, title in PEOPLES.items()]
    order = list(ScoreSection)
    tests.sort(key=lambda test: (order.index(test.section), test.code))
    sums = {section.value: sum(test.score for test in tests if test.section is section) for section in ScoreSection}
    least = min(sums.values())
    return ModelTestScore(
        model=evidence.definition.name, score=least, sections=sums, tests=tuple(tests), reading=reading(least)
    )


def _stored(section: ScoreSection, test: StoredTest, evidence: ScoreEvidence) -> ScoredTest:
    found = test.find(evidence)
    return ScoredTest(
        code=test.code,
        section=section,
        title=test.title,
        score=found.score,
        evidence=found.evidence,
        answered_by="store",
    )


def _answered(model: str, code: str, title: str, answer: ScoreAnswer | None) -> ScoredTest:
    asked = f"Nobody has answered. A person does: shopfloor model test-score {model} --answer {code}=.5 --note WHY"
    section = _LETTERS[code[0]]
    if answer is None or answer.score is None:
        return ScoredTest(code=code, section=section, title=title, score=0.0, evidence=asked)
    return ScoredTest(
        code=code,
        section=section,
        title=title,
        score=answer.score,
        evidence=answer.note or "No note was given.",
        answered_by=answer.actor,
        at=answer.at,
    )
