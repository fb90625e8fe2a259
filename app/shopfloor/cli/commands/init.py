"""`shopfloor init`: a workspace from the template."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.verbs import Verb
from shopfloor.domain.text import safe


@click.command(cls=Verb)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def command(directory: Path) -> None:
    """Create a workspace in DIRECTORY. Files that are there already stay as they are."""
    from shopfloor.client.setup import init_workspace

    root = init_workspace(directory)
    stream.data(safe(root))
    stream.narrate(f"The workspace is ready. Next: cd {safe(directory)}")
    stream.narrate("Then: shopfloor add FILE --dataset NAME, or just: shopfloor")
