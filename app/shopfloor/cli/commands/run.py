"""`shopfloor run`: trainings and notebook runs."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, runs
from shopfloor.cli.reading import list_verb, only, show_verb
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.runs import RunCompare, RunList, RunShow
from shopfloor.domain.run import RunState


@click.group(cls=Noun)
def command() -> None:
    """Runs: one training or notebook execution each."""


command.add_command(
    list_verb(
        RunList,
        runs.COLUMNS,
        "List runs, newest first.",
        only("--model", "-m", help="Only runs of this model."),
        only("--state", kind=RunState, help="Only runs in this state."),
        only(
            "--query",
            help="Words to search for, or conditions such as auc>0.9, metric.mine>2, state:failed, param.x=3.",
        ),
        click.option(
            "--sort",
            default="-created_at",
            show_default=True,
            metavar="COLUMN",
            help="created_at, score, model, duration_s, auc, metric.mine, param.x, …; a leading - reverses the order.",
        ),
        empty=runs.EMPTY,
        unmatched="No run matches. Without filters: shopfloor run list",
    )
)
command.add_command(
    show_verb(
        RunShow, runs.describe, "Show one run: what was tried, how it scored, and all that is needed to repeat it."
    )
)


@command.command("compare")
@click.argument("run_ids", nargs=-1, required=True, metavar="ID ID...")
@json_option
@session
def compare_runs(session: Session, run_ids: tuple[str, ...], as_json: bool) -> None:
    """Put runs beside each other; only what differs is shown."""
    if len(run_ids) < 2:
        raise UsageError("A comparison needs two or more runs.", hint="See: shopfloor run list")
    comparison = session.ask(RunCompare(ids=run_ids))
    answers.show(comparison, runs.describe_comparison, as_json=as_json)
