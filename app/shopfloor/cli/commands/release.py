"""`shopfloor model rollback`."""

from __future__ import annotations

import click

from shopfloor.actions.registry import by_name
from shopfloor.cli.output import answers, models, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, reason_option, session
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.names import parse_version, split_ref
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import (
    ModelRollback,
    ModelShow,
    ModelVersions,
)


@click.command("rollback", cls=Verb, help=by_name("model.rollback").help)
@click.argument("ref")
@reason_option
@json_option
@session
def roll_back(session: Session, ref: str, reason: str, as_json: bool) -> None:
    name, version = split_ref(ref)
    wanted = parse_version(version, ref) if version and version != "previous" else None
    if wanted is not None:
        model = session.ask(ModelShow(name=name))
        if model.champion == wanted:
            # Unnamed, a second rollback goes one further back; named, it has already happened.
            stream.narrate(f"No change: v{wanted} is already the champion of {name}.")
            answers.show(_versions(session, ref)[wanted], models.describe_version, as_json=as_json)
            return
        _must_be_previous(model, wanted)
    answer = session.ask(ModelRollback(name=name, reason=reason))
    stream.narrate(f"v{answer.version} is the champion of {answer.model} again.")
    answers.show(answer, models.describe_version, as_json=as_json, undo=session.undo)


def _versions(session: Session, ref: str) -> dict[int, ModelVersion]:
    """The model's versions as they are now, by number."""
    return {one.version: one for one in session.ask(ModelVersions(name=split_ref(ref)[0])).rows}


def _must_be_previous(model: ModelRecord, version: int) -> None:
    """A rollback to a named version happens only when that is where it would go."""
    name, previous = model.name, model.previous
    if previous != version:
        is_now = f"v{previous}" if previous is not None else "none"
        raise RefusedError(
            f"A rollback of {name} would not restore v{version}: the previous champion is {is_now}.",
            hint=f"To make it champion: shopfloor model promote {name}@{version} --reason TEXT",
            code="not_previous",
        )
