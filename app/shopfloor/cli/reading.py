"""The verbs that read: `show` one record, `list` a page of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import click

from shopfloor.cli.output import answers
from shopfloor.cli.output.table import TextColumn
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import F, Verb, json_option, one_of, session, window_options
from shopfloor.domain.requests.request import Request

Ask = Callable[..., Request[Any]]
_NO_FILTERS = {"limit", "offset", "sort"}
NAME = click.argument("name")
"""The dataset or model of which a page is listed."""


def show_verb(ask: Ask, describe: Callable[[Any, int | None], str], help: str, *, name: str = "show") -> click.Command:
    """One record, found by its id."""

    @click.argument("id", metavar="ID")
    @json_option
    @session
    def run(session: Session, id: str, as_json: bool) -> None:
        answers.show(session.ask(ask(id=id)), describe, as_json=as_json)

    return click.command(name, cls=Verb, help=help)(run)


def list_verb(
    ask: Ask,
    columns: Sequence[TextColumn[Any]],
    help: str,
    *filters: Callable[[F], F],
    empty: Callable[[Mapping[str, Any]], str] | str,
    unmatched: str = "",
    limit: int = 1000,
    name: str = "list",
) -> click.Command:
    """A page of records. Where there is none it says `empty`, or, for filters that nothing fits, `unmatched`."""

    @window_options(limit)
    @json_option
    @session
    def run(session: Session, /, as_json: bool, **given: Any) -> None:
        wanted = {name: "" if value is None else value for name, value in given.items()}
        narrowed = unmatched and any(value for name, value in wanted.items() if name not in _NO_FILTERS)
        said = unmatched if narrowed else empty if isinstance(empty, str) else empty(wanted)
        answers.listing(session.ask(ask(**wanted)), columns, empty=said, as_json=as_json)

    command: Callable[..., Any] = run
    for each in reversed(filters):
        command = each(command)
    return click.command(name, cls=Verb, help=help)(command)


def only(flag: str, *names: str, help: str, kind: type[StrEnum] | None = None) -> Callable[[F], F]:
    """A filter of a list: by name, by words, or by one of a `kind`."""
    metavar = None if kind else "TEXT" if flag == "--query" else "NAME"
    default = None if kind else ""
    return click.option(flag, *names, type=one_of(kind) if kind else None, default=default, metavar=metavar, help=help)
