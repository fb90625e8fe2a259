"""The ML Test Score as text."""

from __future__ import annotations

from shopfloor.cli.output.cells import text, words
from shopfloor.cli.output.table import facts, paragraphs
from shopfloor.domain.numbers import exact
from shopfloor.domain.test_score import ModelTestScore, ScoredTest, ScoreSection


def describe(found: ModelTestScore, width: int | None) -> str:
    """The score, the four sums, and each test with its evidence."""
    known = [
        ("model", text(found.model)),
        ("score", f"{exact(found.score)}: {words(found.reading)}"),
        *((name, f"{exact(found.sections.get(name, 0.0))} of 7") for name in ScoreSection),
    ]
    tests = [(f"{text(each.code)}  {exact(each.score)}", _told(each)) for each in found.tests]
    return paragraphs(facts(known, width), facts(tests, width))


def _told(test: ScoredTest) -> str:
    who = f" ({words(test.answered_by)})" if test.answered_by not in ("", "store") else ""
    return f"{words(test.title)}: {words(test.evidence)}{who}"
