"""Printing an answer: JSON if requested, else text; an empty list gets a message that says why and what next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from shopfloor.cli.output import stream
from shopfloor.cli.output.format import format_of
from shopfloor.cli.output.table import TextColumn, table
from shopfloor.domain.codec import to_plain
from shopfloor.domain.errors import ExitCode
from shopfloor.domain.numbers import count
from shopfloor.domain.page import Page
from shopfloor.domain.requests.request import Request
from shopfloor.domain.requests.workspace import Inverse

T = TypeVar("T")


def show(record: T, describe: Callable[[T, int | None], str], *, as_json: bool, undo: Inverse | None = None) -> None:
    """One record, and what takes the change back that it answers."""
    if as_json:
        document(record, undo)
    else:
        stream.data(describe(record, stream.terminal_width()))
        narrate_undo(undo)


def document(answer: object, undo: Inverse | None) -> None:
    """The answer to a mutation as JSON, with what takes it back as its last key."""
    stream.document(answer if undo is None else {**to_plain(answer), "undo": undo})


def narrate_undo(undo: Inverse | None) -> None:
    """What takes back what was just done, where anything does."""
    if undo is not None:
        stream.narrate(f"Undo: {undo.command}")


def repeated(before: object, answer: object, state: str) -> bool:
    """Say that a command changed nothing; `state` is the clause that says why, without a period."""
    if before != answer:
        return False
    stream.narrate(f"No change: {state}.")
    return True


def report_result(
    request: Request[Any], before: object, answer: object, *, as_json: bool, undo: Inverse | None = None
) -> int:
    """Print the answer to a declared command by its format; its exit code. `before` is the earlier state, if read."""
    form = format_of(request)
    if before is not None and form.state is not None and form.already(before, answer):
        stream.narrate(f"No change: {form.state(request, answer)}.")
    elif form.done is not None:
        stream.narrate(form.done(request, answer))
    if as_json:
        document(answer, undo)
        return ExitCode.FAILED if form.failed(answer) else ExitCode.OK
    if form.text is not None:
        text = form.text(answer, stream.terminal_width())
        if text:
            stream.data(text)
        else:
            stream.narrate(form.empty)
    narrate_undo(undo)
    return ExitCode.FAILED if form.failed(answer) else ExitCode.OK


def listing(page: Page[T], layout: Sequence[TextColumn[Any]], *, empty: str, as_json: bool) -> None:
    """The rows of a page. The number of rows left out is written to stderr."""
    if as_json:
        stream.document(page.rows)
    elif page.rows:
        stream.data(table(layout, page.rows, stream.terminal_width()))
    else:
        stream.narrate(empty if not page.total else "No rows at this offset.")
    shown = page.offset + len(page.rows)
    if page.rows and shown < page.total:
        stream.narrate(
            f"{count(len(page.rows))} of {count(page.total)} are shown; the rest: --offset {shown}, or --limit N"
        )
