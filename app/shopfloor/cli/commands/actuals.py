"""`shopfloor actuals`: deliver ground truth."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.cli.commands.add import deliver_files
from shopfloor.cli.nouns import Noun
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.names import check_name, did_you_mean


@click.group(cls=Noun)
def command() -> None:
    """Ground truth that arrives after the predictions."""


@command.command("add")
@click.argument("model")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@json_option
@session
def add_actuals(session: Session, model: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Deliver files with the association id and the true value of earlier predictions."""
    known = {path.stem for path in (session.workspace / "models").glob("*.toml")}
    if check_name(model, "Model") not in known:
        raise NotFoundError(f"There is no model {model!r}.", hint=did_you_mean(model, known), code="model_not_found")
    deliver_files(session, files, f"actuals/{model}", as_json=as_json)
