"""`shopfloor model`: models from definition to release."""

from __future__ import annotations

import click

from shopfloor.actions.moments import parse_time
from shopfloor.cli.commands import bundle, define, release, report, test_score
from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, models
from shopfloor.cli.reading import NAME, list_verb, only
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session, window_options
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.names import split_ref
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import (
    ModelDefinitionShow,
    ModelHistory,
    ModelList,
    ModelShow,
    ModelVersions,
)
from shopfloor.domain.requests.runs import RunList
from shopfloor.domain.text import safe

_WINDOW = 1000


@click.group(cls=Noun)
def command() -> None:
    """Models. A REF is NAME, or NAME@3 for one version."""


for _each in (*define.COMMANDS, release.roll_back, test_score.show_test_score, report.card, *bundle.COMMANDS):
    command.add_command(_each)


command.add_command(
    list_verb(
        ModelList,
        models.COLUMNS,
        "List models by name.",
        only("--query", help="Only names that contain this."),
        empty=lambda given: f"No model's name contains {given['query']!r}." if given["query"] else models.EMPTY,
        limit=10_000,
    )
)


@command.command("show")
@click.argument("ref")
@json_option
@session
def show_model(session: Session, ref: str, as_json: bool) -> None:
    """Show a model or one version of it, and explain the gate's decision in words."""
    if split_ref(ref)[1]:
        answers.show(find_version(session, ref), models.describe_version, as_json=as_json)
        return
    model = session.ask(ModelShow(name=ref))
    newest = () if as_json else session.ask(ModelVersions(name=ref, limit=1)).rows
    runs = () if as_json else session.ask(RunList(model=ref, limit=1)).rows

    def describe(record: ModelRecord, width: int | None) -> str:
        return models.describe(record, newest, runs, width)

    answers.show(model, describe, as_json=as_json)


command.add_command(
    list_verb(
        ModelVersions,
        models.VERSIONS,
        "List versions, newest first, each with the gate's decision and why.",
        NAME,
        empty=lambda given: f"No version yet. Train it: shopfloor model train {given['name']}",
        name="versions",
    )
)


@command.command("history")
@click.argument("name")
@click.option("--as-of", metavar="TIME", help="As of this time: 2026-06-30[T14:00:00Z].")
@window_options(100)
@json_option
@session
def show_history(session: Session, name: str, as_of: str | None, limit: int, offset: int, as_json: bool) -> None:
    """Show who changed what, newest first: aliases, versions and their decisions, definition, state.

    With --as-of, which version was what then.
    """
    at = None if as_of is None else parse_time(as_of)
    page = session.ask(ModelHistory(name=name, as_of=at, limit=limit, offset=offset))
    empty = "Nothing was changed yet." if at is None else "No alias existed at that time."
    answers.listing(page, models.HISTORY, empty=empty, as_json=as_json)


@command.command("definition")
@click.argument("name")
@json_option
@session
def show_definition(session: Session, name: str, as_json: bool) -> None:
    """Show every setting of a model."""
    found = session.ask(ModelDefinitionShow(name=name))
    answers.show(found, models.describe_definition, as_json=as_json)


def find_version(session: Session, ref: str) -> ModelVersion:
    """The version that `ref` names by number or alias (`churn@champion`); raises `NotFoundError`."""
    name, word = split_ref(ref)
    number = word.removeprefix("v")
    offset = 0
    while True:
        page = session.ask(ModelVersions(name=name, limit=_WINDOW, offset=offset))
        for version in page.rows:
            if word in version.aliases or str(version.version) == number:
                return version
        offset += len(page.rows)
        if not page.rows or offset >= page.total:
            break
    raise NotFoundError(
        f"{safe(name, 64)} has no version {safe(word, 64)}.",
        hint=f"See: shopfloor model versions {safe(name, 64)}",
        code="version_not_found",
    )
