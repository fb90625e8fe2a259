"""`shopfloor doctor`: the declared command, and the support file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from shopfloor.cli import derived
from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import session
from shopfloor.domain.errors import UnreachableError
from shopfloor.domain.text import safe


def _or_bundle(examine: Callable[..., Any]) -> Callable[..., Any]:
    def run(session: Session, bundle: Path | None, **given: Any) -> Any:
        if bundle is None:
            return click.get_current_context().invoke(examine, **given)
        return write_bundle(session, bundle)

    return run


def write_bundle(session: Session, target: Path) -> None:
    """Gather the support file; an engine is asked where one runs, and not started."""
    from shopfloor.client.support.support_file import write_support_file

    workspace = session.workspace
    try:
        client = session.client(start=False)
    except UnreachableError as error:
        stream.narrate(f"The engine is not asked: {error.message}")
        client = None
    write_support_file(workspace, target.absolute(), client)
    stream.narrate(
        f"{safe(target)} is written: versions, settings, status, findings, recent jobs, logs, schemas and sizes,"
        " without data and secrets. Look through it before you pass it on."
    )


command = derived.command("doctor")
assert command is not None
assert command.callback is not None
command.callback = session(_or_bundle(command.callback))
command.params.insert(
    0,
    click.Option(
        ["--bundle"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write one support file (zip) without data and secrets, also where no engine runs.",
    ),
)
