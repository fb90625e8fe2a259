"""`shopfloor monitor`: check a model now, or replay its past."""

from __future__ import annotations

import click

from shopfloor.actions.registry import by_name
from shopfloor.cli.output import alerts, answers, jobs
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Noun, json_option, session, window_options
from shopfloor.domain.requests.alerts import CheckList, MonitorBacktest, MonitorRun


@click.group(cls=Noun)
def command() -> None:
    """Monitoring of one model."""


@command.command("run", help=by_name("monitor.run").help)
@click.argument("model")
@json_option
@session
def run_monitor(session: Session, model: str, as_json: bool) -> None:
    job = session.ask(MonitorRun(model=model))
    answers.show(job, jobs.describe, as_json=as_json)


@command.command("backtest", help=by_name("monitor.backtest").help)
@click.argument("model")
@json_option
@session
def backtest(session: Session, model: str, as_json: bool) -> None:
    report = session.ask(MonitorBacktest(model=model), timeout=600.0)
    answers.show(report, alerts.describe_backtest, as_json=as_json)


@command.command("checks")
@click.argument("model")
@click.option("--history", is_flag=True, help="All results, newest first, instead of the latest ones.")
@window_options(1000)
@json_option
@session
def list_checks(session: Session, model: str, history: bool, limit: int, offset: int, as_json: bool) -> None:
    """Show the newest result of every check of a model."""
    page = session.ask(CheckList(model=model, history=history, limit=limit, offset=offset))
    empty = f"No checks have run yet. Run them: shopfloor monitor run {model}"
    answers.listing(page, alerts.CHECKS, empty=empty, as_json=as_json)
