"""What a test reads, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.release import AliasChange, GateCheck, ModelVersion
from shopfloor.domain.run import RunRecord
from shopfloor.domain.text import safe

AUTOMATIC, BY_HAND, NONE = 1.0, 0.5, 0.0


@dataclass(frozen=True)
class ScoreEvidence:
    """What the store knows of a model. `version` is the champion, else the newest, and `run` made it.

    `checks` are its results, newest first; `runs` its trainings, newest first; `kinds` counts the events about it
    by kind, `jobs` its jobs that succeeded by kind.
    """

    definition: ModelDefinition
    contract: Contract | None
    version: ModelVersion | None
    run: RunRecord | None
    runs: tuple[RunRecord, ...]
    moves: tuple[AliasChange, ...]
    checks: tuple[CheckResult, ...]
    kinds: dict[str, int]
    jobs: dict[str, int]
    predictions: int
    learned: int
    newest: int

    def told(self, *names: str, source: str = "") -> list[CheckResult]:
        """Results of the named checks that could tell, newest first."""
        return [
            check
            for check in self.checks
            if check.check in names
            and check.verdict is not CheckVerdict.UNKNOWN
            and source in ("", check.evidence.get("source", "data"))
        ]

    def gate(self, *codes: str) -> Iterator[GateCheck]:
        """Checks of the decision about the version that came to a verdict."""
        decision = self.version.decision if self.version is not None else None
        for check in decision.checks if decision is not None else ():
            if check.code in codes and check.passed is not None:
                yield check


class ScoreFinding(NamedTuple):
    """A score with the sentence that carries it."""

    score: float
    evidence: str


class StoredTest(NamedTuple):
    """A test that the store answers."""

    code: str
    title: str
    find: Callable[[ScoreEvidence], ScoreFinding]


def cannot_tell(reason: str) -> ScoreFinding:
    """Counts nothing."""
    return ScoreFinding(NONE, f"Cannot tell: {reason}")


def clause(detail: str) -> str:
    """A stored detail as the end of a sentence."""
    return safe(detail, 300).rstrip(".")
