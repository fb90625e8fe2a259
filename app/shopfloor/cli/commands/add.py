"""`shopfloor add`: deliver files into a dataset's inbox."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.names import check_name
from shopfloor.domain.text import safe


@click.command(cls=Verb)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--dataset", "-d", required=True, metavar="NAME", help="The dataset of the files.")
@json_option
@session
def command(session: Session, files: tuple[Path, ...], dataset: str, as_json: bool) -> None:
    """Deliver files into a dataset's inbox, each whole or not at all. Waits for nothing.

    A dataset that does not exist yet is created from its first file.
    """
    folder = f"inbox/{check_name(dataset, 'Dataset')}"
    deliver_files(session, files, folder, as_json=as_json)


def deliver_files(session: Session, files: tuple[Path, ...], folder: str, *, as_json: bool) -> None:
    """Put files into a drop folder of the workspace, and say where they are now."""
    from shopfloor.client.deliver import deliver
    from shopfloor.client.start import engine_running

    workspace = session.workspace
    delivered = [path.relative_to(workspace) for path in deliver(workspace, files, folder)]
    if as_json:
        stream.document([str(path) for path in delivered])
    else:
        stream.data("\n".join(safe(path) for path in delivered))
    if not engine_running(workspace):
        stream.narrate("The engine is not running, so the files are not ingested yet. Start it: shopfloor up")
