"""`shopfloor model test-score`: how ready a model is, by the 28 tests of the ML Test Score."""

from __future__ import annotations

import click

from shopfloor.actions.fields import number
from shopfloor.cli.output import answers, test_score
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.models import ModelTestAnswer, ModelTestScoreShow
from shopfloor.domain.text import safe


@click.command("test-score", cls=Verb)
@click.argument("name")
@click.option(
    "--answer", metavar="TEST=SCORE", help="Answer a test that people answer: D5=.5 (0, .5 by hand, 1 automatic)."
)
@click.option("--note", default="", metavar="TEXT", help="What the answer rests on.")
@json_option
@session
def show_test_score(session: Session, name: str, answer: str | None, note: str, as_json: bool) -> None:
    """Show the ML Test Score: 28 tests with their evidence; the score is the least of the four sums."""
    if answer is None:
        if note:
            raise UsageError(
                "--note goes with --answer.", hint="For example: --answer D5=.5 --note 'reviewed in March'"
            )
        answers.show(session.ask(ModelTestScoreShow(name=name)), test_score.describe, as_json=as_json)
        return
    test, given = _answer(answer)
    found = session.ask(ModelTestAnswer(name=name, test=test, score=given, note=note))
    answers.show(found, test_score.describe, as_json=as_json, undo=session.undo)


def _answer(text: str) -> tuple[str, float]:
    test, equals, score = text.partition("=")
    if not equals:
        raise UsageError(
            f"{safe(text, 40)!r} is no answer.", hint="Write TEST=SCORE, for example D5=.5", code="bad_answer"
        )
    return test.strip(), number(score, f"test {safe(test.strip(), 20)}")
