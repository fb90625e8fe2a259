"""`shopfloor why`: one tree of reasons for anything."""

from __future__ import annotations

import os

import click

from shopfloor.actions.registry import by_name
from shopfloor.cli.output import answers, why
from shopfloor.cli.output.cells import text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.requests.workspace import Why


@click.command(cls=Verb, help=by_name("why.show").help)
@click.argument("ref")
@json_option
@session
def command(session: Session, ref: str, as_json: bool) -> None:
    explain(session, _path(ref) if "/" in ref else ref, as_json=as_json)


@click.command("why", cls=Verb, help=by_name("file.why").help)
@click.argument("path", metavar="PATH")
@json_option
@session
def of_file(session: Session, path: str, as_json: bool) -> None:
    explain(session, _path(path), as_json=as_json)


def explain(session: Session, ref: str, *, as_json: bool) -> None:
    """Ask, and show the tree."""
    if any("\udc80" <= char <= "\udcff" for char in ref):  # bytes that are no UTF-8
        request = Why(ref=text(ref), raw=os.fsencode(ref).hex())
    else:
        request = Why(ref=ref)
    answers.show(session.ask(request, timeout=60.0), why.describe, as_json=as_json)


def _path(path: str) -> str:
    """A path as `file list` prints it is one of the workspace, wherever one stands; others are seen from here."""
    if not os.path.lexists(path) and path.partition("/")[0] in {"inbox", "score", "actuals"}:
        return path
    return os.path.abspath(path)
