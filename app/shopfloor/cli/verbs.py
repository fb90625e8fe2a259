"""Commands that all take `-w`, and the options that many share."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from shopfloor.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

_CLAUSE_END = re.compile(r"[.;:](?:\s|$)|\n\n")

JSON = ("--json", "as_json")
JSON_HELP = "Print one JSON document with stable keys."
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _choose_workspace(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).directory = Path(value)


def workspace_option() -> click.Option:
    """`-w DIR`, which every command takes."""
    return click.Option(
        ["-w", "--workspace"],
        metavar="DIR",
        expose_value=False,
        callback=_choose_workspace,
        help="The workspace (default: the nearest one in or above this directory).",
    )


class Verb(click.Command):
    """A command that takes `-w DIR`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["context_settings"] = CONTEXT | (options.get("context_settings") or {})
        super().__init__(*arguments, **options)
        self.params.append(workspace_option())

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first clause of the help, for the list of commands."""
        return _CLAUSE_END.split(self.help or "", maxsplit=1)[0].strip()


def one_of(kind: type[StrEnum]) -> click.Choice[str]:
    """A choice among the values of an enumeration, as written in JSON."""
    return click.Choice([each.value for each in kind])


def json_option(function: F) -> F:
    """`--json`: one JSON document instead of text."""
    return click.option(*JSON, is_flag=True, help=JSON_HELP)(function)


def raw_option(function: F) -> F:
    """`--raw`: CSV as the values are, for another program."""
    return click.option(
        "--raw",
        is_flag=True,
        help="Keep CSV text unchanged (default: cells that a spreadsheet would run as formulas are escaped).",
    )(function)


def window_options(default: int) -> Callable[[F], F]:
    """`--limit` and `--offset` of a list."""

    def decorate(function: F) -> F:
        limit = click.option(
            "--limit",
            type=click.IntRange(min=1),
            default=default,
            show_default=True,
            metavar="N",
            help="The maximum number of rows.",
        )
        offset = click.option(
            "--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Skip the first rows."
        )
        return limit(offset(function))

    return decorate


def reason_option(function: F) -> F:
    """`--reason`: kept in the history."""
    return click.option("--reason", default="", metavar="TEXT", help="The reason, kept in the history.")(function)


session = click.make_pass_decorator(Session)
