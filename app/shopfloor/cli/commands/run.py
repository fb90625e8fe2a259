"""`shopfloor run`: trainings and notebook runs."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, runs
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, one_of, session, window_options
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.runs import RunCompare, RunList, RunShow
from shopfloor.domain.run import RunState


@click.group(cls=Noun)
def command() -> None:
    """Runs: one training or notebook execution each."""


@command.command("list")
@click.option("--model", "-m", default="", metavar="NAME", help="Only runs of this model.")
@click.option("--state", type=one_of(RunState), help="Only runs in this state.")
@click.option(
    "--query",
    default="",
    metavar="TEXT",
    help="Words to search for, or conditions such as auc>0.9, metric.mine>2, state:failed, param.x=3.",
)
@click.option(
    "--sort",
    default="-created_at",
    show_default=True,
    metavar="COLUMN",
    help="created_at, score, model or duration_s; a leading - reverses the order.",
)
@window_options(1000)
@json_option
@session
def list_runs(
    session: Session,
    model: str,
    state: str | None,
    query: str,
    sort: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    page = session.ask(RunList(model=model, state=state or "", query=query, sort=sort, limit=limit, offset=offset))
    narrowed = model or state or query
    empty = "No run matches. Without filters: shopfloor run list" if narrowed else runs.EMPTY
    answers.listing(page, runs.COLUMNS, empty=empty, as_json=as_json)


@command.command("show")
@click.argument("run_id", metavar="ID")
@json_option
@session
def show_run(session: Session, run_id: str, as_json: bool) -> None:
    """Show one run: what was tried, how it scored, and all that is needed to repeat it."""
    answers.show(session.ask(RunShow(id=run_id)), runs.describe, as_json=as_json)


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
