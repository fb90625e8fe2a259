"""`shopfloor report`: one page about a model or a dataset, for people without access."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.output.cells import size, text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.client.page_file import write_page
from shopfloor.domain.requests.reports import ReportShow


@click.command(cls=Verb)
@click.argument("ref")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The page, an HTML file."
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
@session
def command(session: Session, ref: str, output: Path, force: bool, as_json: bool) -> None:
    """Write one self-contained HTML page about a model or a dataset, with pictures: no network, no script."""
    page = session.ask(ReportShow(ref=ref), timeout=300.0)
    target = output.absolute()
    written = write_page(target, page.html, overwrite=force)
    if page.also:
        stream.narrate(
            f"{text(ref)} is a model and a dataset; this is the model. The other: shopfloor report {page.also}"
        )
    if as_json:
        stream.document({"kind": page.kind, "name": page.name, "path": str(target), "bytes": written})
    else:
        stream.data(text(str(target)))
        stream.narrate(f"{page.kind} {text(page.name)}, {size(written)}")
