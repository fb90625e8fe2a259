"""Printing an answer: JSON when asked for, text else; an empty list says why and what next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from shopfloor.cli.output import stream
from shopfloor.cli.output.format import format_of
from shopfloor.cli.output.table import TextColumn, table
from shopfloor.domain.errors import ExitCode
from shopfloor.domain.numbers import count
from shopfloor.domain.page import Page
from shopfloor.domain.requests.request import Request

T = TypeVar("T")


def show(record: T, describe: Callable[[T, int | None], str], *, as_json: bool) -> None:
    """One record."""
    if as_json:
        stream.document(record)
    else:
        stream.data(describe(record, stream.terminal_width()))


def repeated(before: object, answer: object, state: str) -> bool:
    """Say that a command changed nothing; `state` is the clause that says why, without a period."""
    if before != answer:
        return False
    stream.narrate(f"No change: {state}.")
    return True


def told(request: Request[Any], before: object, answer: object, *, as_json: bool) -> int:
    """The answer to a declared command, as its format says; its exit code. `before` is how things stood, if asked."""
    form = format_of(request)
    if before is not None and form.state is not None and form.already(before, answer):
        stream.narrate(f"No change: {form.state(request, answer)}.")
    elif form.done is not None:
        stream.narrate(form.done(request, answer))
    if as_json:
        stream.document(answer)
    elif form.text is not None:
        text = form.text(answer, stream.terminal_width())
        if text:
            stream.data(text)
        else:
            stream.narrate(form.empty)
    return ExitCode.FAILED if form.failed(answer) else ExitCode.OK


def listing(page: Page[T], layout: Sequence[TextColumn[Any]], *, empty: str, as_json: bool) -> None:
    """The rows of a page. What was left out is told on stderr, never silent."""
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
