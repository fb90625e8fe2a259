"""`shopfloor dataset`: datasets, their versions, profiles and rules."""

from __future__ import annotations

from typing import IO

import click

from shopfloor.actions.fields import names
from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, contracts, datasets, stream, streams
from shopfloor.cli.reading import NAME, list_verb, only
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session, window_options
from shopfloor.domain.errors import ExitCode, ShopfloorError
from shopfloor.domain.names import check_name, parse_version, split_ref
from shopfloor.domain.numbers import count
from shopfloor.domain.requests.datasets import (
    DatasetContract,
    DatasetDiff,
    DatasetFilesShow,
    DatasetList,
    DatasetPreviewShow,
    DatasetProfileShow,
    DatasetRevisions,
    DatasetShow,
    DatasetVersions,
    DatasetVersionShow,
)
from shopfloor.domain.requests.streams import StreamList
from shopfloor.domain.text import counted

_SLOW = 620.0  # the engine ends what takes longer than ten minutes, and says so


@click.group(cls=Noun)
def command() -> None:
    """Datasets. A REF is NAME for the newest version, or NAME@3."""


command.add_command(
    list_verb(
        DatasetList,
        datasets.COLUMNS,
        "List datasets by name.",
        only("--query", help="Only names that contain this."),
        empty=lambda given: f"No dataset's name contains {given['query']!r}." if given["query"] else datasets.EMPTY,
        limit=10_000,
    )
)


@command.command("show")
@click.argument("ref")
@json_option
@session
def show_dataset(session: Session, ref: str, as_json: bool) -> None:
    """Show a dataset, or with NAME@3 one version of it."""
    if split_ref(ref)[1]:
        version = session.ask(DatasetVersionShow(ref=checked_ref(ref)))
        answers.show(version, datasets.describe_version, as_json=as_json)
    else:
        answers.show(session.ask(DatasetShow(name=ref)), datasets.describe, as_json=as_json)


command.add_command(
    list_verb(
        DatasetVersions,
        datasets.VERSIONS,
        "List the versions of a dataset, newest first.",
        NAME,
        empty="No version yet: no file was committed. See: shopfloor file list",
        name="versions",
    )
)


@command.command("contract")
@click.argument("name")
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="The contract in revision N.")
@click.option("--history", is_flag=True, help="List the changes, with author and time; --json includes the texts.")
@json_option
@session
def show_contract(session: Session, name: str, revision: int | None, history: bool, as_json: bool) -> None:
    """Show what the files of a dataset must look like, now or in an earlier revision."""
    if history:
        page = session.ask(DatasetRevisions(name=name))
        empty = f"Dataset {name} has no contract yet. It is inferred from the first file."
        answers.listing(page, contracts.REVISIONS, empty=empty, as_json=as_json)
        return
    contract = session.ask(DatasetContract(name=name, revision=revision or 0))
    answers.show(contract, contracts.describe, as_json=as_json)


@command.command("diff")
@click.argument("left")
@click.argument("right", required=False, default="")
@click.option("--rows", is_flag=True, help="Compare the rows too: added, removed, changed.")
@click.option(
    "--key", metavar="A,B", help="Columns that identify a row (default: the contract's key); '' compares whole rows."
)
@click.option(
    "--limit", type=click.IntRange(0, 1000), metavar="N", help="The maximum number of rows of each kind (default: 20)."
)
@json_option
@session
def diff_versions(
    session: Session, left: str, right: str, rows: bool, key: str | None, limit: int | None, as_json: bool
) -> None:
    """Show what changed from LEFT to RIGHT (a ref or a version number; else the newest).

    --key and --limit compare the rows as well.
    """
    name = split_ref(left)[0]
    newer = f"{name}@{right}" if right.removeprefix("v").isdecimal() else right or name
    request = DatasetDiff(
        left=checked_ref(left),
        right=checked_ref(newer),
        rows=rows or key is not None or limit is not None,
        key=None if key is None else names(key),
        limit=20 if limit is None else limit,
    )
    diff = session.ask(request, timeout=_SLOW)
    answers.show(diff, datasets.describe_diff, as_json=as_json)


@command.command("profile")
@click.argument("ref")
@json_option
@session
def show_profile(session: Session, ref: str, as_json: bool) -> None:
    """Show statistics of every column."""
    profile = session.ask(DatasetProfileShow(ref=checked_ref(ref)), timeout=_SLOW)
    answers.show(profile, datasets.describe_profile, as_json=as_json)


@command.command("preview")
@click.argument("ref")
@window_options(20)
@json_option
@session
def show_preview(session: Session, ref: str, limit: int, offset: int, as_json: bool) -> None:
    """Show some rows."""
    request = DatasetPreviewShow(ref=checked_ref(ref), limit=limit, offset=offset)
    preview = session.ask(request, timeout=_SLOW)
    answers.show(preview, datasets.describe_preview, as_json=as_json)
    if not as_json:
        stream.narrate(f"{count(len(preview.rows))} of {count(preview.total)} rows.")


@command.command("parts")
@click.argument("ref")
@json_option
@session
def show_parts(session: Session, ref: str, as_json: bool) -> None:
    """Print the Parquet files of a version, one a line, for any other tool."""
    found = session.ask(DatasetFilesShow(ref=checked_ref(ref)))
    if as_json:
        stream.document(found)
    else:
        stream.data(datasets.describe_parts(found))


@command.command("append")
@click.argument("name")
@click.argument("source", metavar="[FILE|-]", default="-", type=click.File("rb"))
@click.option("--key", default="", metavar="TEXT", help="Repeat the command with the same key: no row is added twice.")
@json_option
@session
def append_rows(session: Session, name: str, source: IO[bytes], key: str, as_json: bool) -> int:
    """Add rows to a dataset: JSON lines from FILE, or as they come from standard input.

    Exits with 1 when rows were rejected, and says which.
    """
    from shopfloor.cli.incoming import incoming
    from shopfloor.client.rows import Appender

    appender = Appender(session.client(), check_name(name, "Dataset"), key=key)
    try:
        for piece in incoming(source):
            appender.add(piece)
    except ShopfloorError:
        stream.narrate(f"Accepted: {counted(appender.done.accepted, 'row')}; the following rows were not added.")
        raise
    if as_json:
        stream.document(appender.done)
    stream.narrate(streams.appended(appender.done))
    return ExitCode.FAILED if appender.done.rejected else ExitCode.OK


@command.command("streams")
@click.argument("name", default="")
@json_option
@session
def list_streams(session: Session, name: str, as_json: bool) -> None:
    """List the datasets that rows are streamed into, and the files that are followed."""
    page = session.ask(StreamList(dataset=name))
    answers.listing(page, streams.COLUMNS, empty=streams.EMPTY, as_json=as_json)
    if not as_json and (files := [file for each in page.rows for file in each.followed]):
        stream.data(streams.followed(files, stream.terminal_width()))
    if not as_json and (problems := streams.problems(page.rows)):
        stream.narrate(problems)


def checked_ref(ref: str) -> str:
    """`NAME` or `NAME@3` (also written `NAME@v3`); raises `UsageError` for anything else."""
    name, version = split_ref(ref)
    return f"{name}@{parse_version(version, ref)}" if "@" in ref else name
