"""`shopfloor report`: one page about a model or a dataset, for people without access."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from shopfloor.cli.output import stream
from shopfloor.cli.output.cells import size, text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.client.page_file import write_page
from shopfloor.domain.requests.reports import ReportShow

_FILE = click.Path(path_type=Path, dir_okay=False)
F = TypeVar("F", bound=Callable[..., object])


def _options(function: F) -> F:
    """Where the page goes."""
    output = click.option("-o", "--output", required=True, type=_FILE, help="The page, an HTML file.")
    force = click.option("--force", is_flag=True, help="Overwrite an existing file.")
    return output(force(json_option(function)))


@click.command(cls=Verb)
@click.argument("ref")
@_options
@session
def command(session: Session, ref: str, output: Path, force: bool, as_json: bool) -> None:
    """Write one self-contained HTML page about a model or a dataset, with pictures: no network, no script."""
    _write(session, ref, output, force=force, as_json=as_json)


@click.command("card", cls=Verb)
@click.argument("ref")
@_options
@session
def card(session: Session, ref: str, output: Path, force: bool, as_json: bool) -> None:
    """Write the card of a model, or of one version of it (NAME@3), as a self-contained HTML page."""
    _write(session, f"model:{ref.removeprefix('model:')}", output, force=force, as_json=as_json)


def _write(session: Session, ref: str, output: Path, *, force: bool, as_json: bool) -> None:
    page = session.ask(ReportShow(ref=ref), timeout=300.0)
    target = Path(os.path.abspath(output))
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
