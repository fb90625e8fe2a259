"""`shopfloor serve`: answer predictions over HTTP."""

from __future__ import annotations

import click

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, session


@click.command(cls=Verb)
@click.option("--host", metavar="ADDRESS", help="The address to listen on (default: serving.host).")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="The port (default: serving.port).")
@click.option(
    "--allow-host",
    "names",
    metavar="NAME",
    multiple=True,
    help="A host name that clients use for this machine. Repeatable.",
)
@session
def command(session: Session, host: str | None, port: int | None, names: tuple[str, ...]) -> None:
    """Answer predictions of all champions over HTTP, until interrupted.

    Nothing listens on the network before this is called. Tokens: shopfloor token create NAME
    """
    from shopfloor.client.serve import become_server
    from shopfloor.client.setup import config_get

    workspace = session.workspace
    address = host if host is not None else str(config_get(workspace, "serving.host"))
    number = port if port is not None else int(str(config_get(workspace, "serving.port")))
    stream.narrate(f"Starting on http://{address}:{number}; Ctrl-C stops it.")
    become_server(workspace, address, number, names)
