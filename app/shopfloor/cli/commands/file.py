"""`shopfloor file`: delivered files."""

from __future__ import annotations

from pathlib import Path

import click

from shopfloor.cli.commands import why
from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, files, stream
from shopfloor.cli.output.cells import text
from shopfloor.cli.reading import list_verb, only, show_verb
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, raw_option, session, window_options
from shopfloor.domain.csv_text import changes_note
from shopfloor.domain.file import FilePurpose, FileState
from shopfloor.domain.requests.files import (
    FileList,
    FileRejects,
    FileRejectsExport,
    FileShow,
)


@click.group(cls=Noun)
def command() -> None:
    """Delivered files: where each one stands, and what to do with those that were kept out."""


command.add_command(
    list_verb(
        FileList,
        files.COLUMNS,
        "List files, newest first.",
        only("--dataset", "-d", help="Only files of this dataset."),
        only("--state", kind=FileState, help="Only files in this state."),
        only("--purpose", kind=FilePurpose, help="Only data, score, actuals."),
        only("--query", help="Only paths that contain this."),
        empty=lambda given: files.empty(given["dataset"], given["state"]),
    )
)
command.add_command(why.of_file)
command.add_command(show_verb(FileShow, files.describe, "Show one file and, where it was kept out, why."))


@command.command("rejects")
@click.argument("file_id", metavar="ID")
@click.option("--export", metavar="FILE", help="Write them to FILE, new, ending in .csv or .parquet.")
@raw_option
@window_options(1000)
@json_option
@session
def list_rejects(
    session: Session, file_id: str, export: str | None, raw: bool, limit: int, offset: int, as_json: bool
) -> None:
    """List the rows of a file that were rejected, or that keep it out: line, column, value, reason."""
    if export is not None:
        written = session.ask(FileRejectsExport(id=file_id, path=str(Path(export).absolute()), raw=raw), timeout=120.0)
        if as_json:
            stream.document(written)
        else:
            stream.narrate(f"{files.kept(written.rows, written.total)} written to {text(written.path)}.")
            stream.narrate_any(changes_note(written.changed, "--raw"))
        return
    page = session.ask(FileRejects(id=file_id, limit=limit, offset=offset))
    total = 0 if as_json else session.ask(FileShow(id=file_id)).rejected_rows
    answers.listing(page, files.REJECTS, empty=files.none_kept(file_id, total), as_json=as_json)
    if page.rows and total > page.total:
        stream.narrate(f"{files.kept(page.total, total)} kept.")
