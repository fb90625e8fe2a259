"""`shopfloor sql`: one read-only question."""

from __future__ import annotations

import sys

import click

from shopfloor.cli.output import grid, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, raw_option, session
from shopfloor.domain.csv_text import csv_text, words
from shopfloor.domain.errors import UsageError
from shopfloor.domain.numbers import count


@click.command(cls=Verb)
@click.argument("statement")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@raw_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="The maximum number of rows.",
)
@json_option
@session
def command(session: Session, statement: str, as_csv: bool, raw: bool, limit: int, as_json: bool) -> None:
    """Run one read-only STATEMENT over metadata, datasets and logs; - reads it from stdin.

    A dataset is a view: flights is its newest version, "flights@3" (in double quotes) the third.
    """
    from shopfloor.domain.requests.workspace import SqlQuery

    if as_csv and as_json:
        raise UsageError("--csv and --json cannot be combined.")
    if raw and not as_csv:
        raise UsageError("--raw needs --csv.", hint="Give both, or neither.")
    asked = sys.stdin.read() if statement == "-" else statement
    answer = session.ask(SqlQuery(statement=asked, limit=limit), timeout=300.0)
    if as_json:
        stream.document(grid.as_objects(answer))
    elif as_csv:
        made = csv_text(answer.columns, answer.rows, raw=raw)
        stream.table_bytes([made.text.encode()])
        stream.narrate_any(words(made.changed, "--raw"))
    elif answer.rows:
        stream.data(grid.as_text(answer, stream.terminal_width()))
    else:
        stream.narrate("The result has no rows.")
    if answer.truncated:
        stream.narrate(f"Only the first {count(len(answer.rows))} rows are shown; more: --limit N")
