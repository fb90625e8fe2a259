"""`shopfloor file`: delivered files."""

from __future__ import annotations

import os
from pathlib import Path

import click

from shopfloor.actions.fields import names
from shopfloor.actions.registry import by_name
from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, files, stream
from shopfloor.cli.output.cells import text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, one_of, raw_option, session, window_options
from shopfloor.domain.contract import Parser
from shopfloor.domain.csv_text import changes_note
from shopfloor.domain.dialect import pairs_of
from shopfloor.domain.file import FilePurpose, FileState
from shopfloor.domain.requests.files import (
    FileList,
    FileRejects,
    FileRejectsExport,
    FileRetry,
    FileShow,
    FileWhy,
)


@click.group(cls=Noun)
def command() -> None:
    """Delivered files: where each one stands, and what to do with those that were kept out."""


@command.command("list")
@click.option("--dataset", "-d", default="", metavar="NAME", help="Only files of this dataset.")
@click.option("--state", type=one_of(FileState), help="Only files in this state.")
@click.option("--purpose", type=one_of(FilePurpose), help="Only data, score, actuals.")
@click.option("--query", default="", metavar="TEXT", help="Only paths that contain this.")
@window_options(1000)
@json_option
@session
def list_files(
    session: Session,
    dataset: str,
    state: str | None,
    purpose: str | None,
    query: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List files, newest first."""
    page = session.ask(
        FileList(
            dataset=dataset,
            state=state or "",
            purpose=purpose or "",
            query=query,
            limit=limit,
            offset=offset,
        )
    )
    empty = files.empty(dataset, state or "")
    answers.listing(page, files.COLUMNS, empty=empty, as_json=as_json)


@command.command("show")
@click.argument("file_id", metavar="ID")
@json_option
@session
def show_file(session: Session, file_id: str, as_json: bool) -> None:
    """Show one file and, where it was kept out, why."""
    answers.show(session.ask(FileShow(id=file_id)), files.describe, as_json=as_json)


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


@command.command("retry", help=by_name("file.retry").help)
@click.argument("file_id", metavar="ID")
@click.option("--delimiter", default="", metavar="D", help="The field separator: one character, tab or \\x1f.")
@click.option("--encoding", default="", metavar="E", help="The text encoding, such as windows-1252 or utf-16.")
@click.option("--decimal", default="", metavar="MARK", help="The decimal mark of numbers: . or a comma.")
@click.option("--quote", default="", metavar="Q", help="The quote mark, or none where quotes are ordinary text.")
@click.option("--escape", default="", metavar="C", help="The character that escapes quotes inside text, such as '\\'.")
@click.option("--sheet", default="", metavar="NAME", help="The sheet of an Excel workbook (default: the first).")
@click.option(
    "--skip-lines", type=click.IntRange(0), default=0, metavar="N", help="The number of lines before the header."
)
@click.option(
    "--rename", multiple=True, metavar="NEW=OLD", help="Map column NEW of the file to OLD of the contract. Repeatable."
)
@click.option(
    "--missing",
    multiple=True,
    metavar="WORD",
    help="A word that means a missing value, such as -999. Repeatable, or separated by commas.",
)
@click.option("--keep", is_flag=True, help="Save these settings in the contract once the file is committed.")
@json_option
@session
def retry_file(
    session: Session,
    file_id: str,
    delimiter: str,
    encoding: str,
    decimal: str,
    quote: str,
    escape: str,
    sheet: str,
    skip_lines: int,
    rename: tuple[str, ...],
    missing: tuple[str, ...],
    keep: bool,
    as_json: bool,
) -> None:
    parser = Parser(
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        encoding=encoding,
        decimal=decimal,
        sheet=sheet,
        skip_lines=skip_lines,
        rename=pairs_of(",".join(rename)),
        missing=names(",".join(missing)),
    )
    answer = session.ask(FileRetry(id=file_id, parser=parser, keep=keep), timeout=120.0)
    answers.show(answer, files.describe, as_json=as_json)


@command.command("why", help=by_name("file.why").help)
@click.argument("path", metavar="PATH")
@json_option
@session
def explain_path(session: Session, path: str, as_json: bool) -> None:
    meant = _meant(path)
    if any("\udc80" <= char <= "\udcff" for char in meant):  # bytes that are no UTF-8
        request = FileWhy(path=text(meant), raw=os.fsencode(meant).hex())
    else:
        request = FileWhy(path=meant)
    answer = session.ask(request, timeout=60.0)
    answers.show(answer, files.explain, as_json=as_json)


def _meant(path: str) -> str:
    """A path as `file list` prints it is one of the workspace, wherever one stands; others are seen from here."""
    if not os.path.lexists(path) and path.partition("/")[0] in {"inbox", "score", "actuals"}:
        return path
    return os.path.abspath(path)
