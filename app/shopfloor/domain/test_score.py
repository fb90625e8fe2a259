"""The ML Test Score (Breck, Cai, Nielsen, Salib, Sculley 2017, IEEE Big Data): 28 tests of how ready a model is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shopfloor.domain.record import Record


class ScoreSection(StrEnum):
    """The four groups of seven tests."""

    DATA = "data"
    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    MONITORING = "monitoring"


class ScoredTest(Record, frozen=True, kw_only=True):
    """One test: 1 where it is automatic, .5 where it was done by hand or in part, 0 where not or nobody can tell.

    `answered_by` is `store` where the evidence is stored, else the person who answered; empty while nobody has.
    """

    code: str
    section: ScoreSection
    title: str
    score: float
    evidence: str
    answered_by: str = ""
    at: datetime | None = None


class ModelTestScore(Record, frozen=True, kw_only=True):
    """`score` is the least of the four sums, `sections` the sums."""

    model: str
    score: float
    sections: dict[str, float]
    tests: tuple[ScoredTest, ...]
    reading: str


class ScoreAnswer(Record, frozen=True, kw_only=True):
    """What a person says of a test that the store cannot answer; `score` None takes it back."""

    model: str
    test: str
    score: float | None
    note: str = ""
    actor: str = ""
    at: datetime


PEOPLES: dict[str, str] = {
    "D5": "The data pipeline has appropriate privacy controls",
    "D6": "New features can be added quickly",
    "D7": "All input feature code is tested",
    "M1": "Model specs are reviewed and submitted",
    "M2": "Offline and online metrics correlate",
    "I2": "Model specs are unit tested",
}
"""The tests that people answer."""


def reading(score: float) -> str:
    """What a score means, in the words of the paper."""
    if score <= 0:
        return "More of a research project than a productionized system."
    for most, words in (
        (1, "Not totally untested, but it is worth considering the possibility of serious holes in reliability."),
        (2, "There has been a first pass at basic productionization, but additional investment may be needed."),
        (3, "Reasonably tested, but it is possible that more of those tests and procedures may be automated."),
        (5, "Strong levels of automated testing and monitoring, appropriate for mission-critical systems."),
    ):
        if score <= most:
            return words
    return "Exceptional levels of automated testing and monitoring."
