"""Commands that all take `-w`, and groups of them; the top group loads its commands when used."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from shopfloor.cli.menu import MENU
from shopfloor.cli.session import Session
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

F = TypeVar("F", bound=Callable[..., Any])

_CLAUSE_END = re.compile(r"[.;:](?:\s|$)|\n\n")

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _choose_workspace(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Session).directory = Path(value)


def _workspace_option() -> click.Option:
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
        self.params.append(_workspace_option())

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first clause of the help, for the list of commands."""
        return _CLAUSE_END.split(self.help or "", maxsplit=1)[0].strip()


class Noun(click.Group):
    """A group of verbs about one noun; a mistyped verb gets the nearest one as a hint."""

    command_class = Verb

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["context_settings"] = CONTEXT | (options.get("context_settings") or {})
        super().__init__(*arguments, **options)
        self.params.append(_workspace_option())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            raise UsageError(
                f"There is no command '{ctx.command_path} {safe(word, 40)}'.",
                hint=did_you_mean(word, self.list_commands(ctx)),
                code="unknown_command",
            )
        return super().resolve_command(ctx, args)


class TopGroup(Noun):
    """`shopfloor` itself: its commands are modules that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MENU)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MENU:
            return None
        module = importlib.import_module(f"shopfloor.cli.commands.{MENU[cmd_name].module}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in MENU.items():
            sections.setdefault(entry.section, []).append((name, entry.help))
        widest = max(len(name) for name in MENU)
        for title, rows in sections.items():
            with formatter.section(title):
                # Padding the names keeps the second column aligned across sections.
                formatter.write_dl([(name.ljust(widest), text) for name, text in rows])


def one_of(kind: type[StrEnum]) -> click.Choice[str]:
    """A choice among the values of an enumeration, as they stand in JSON."""
    return click.Choice([each.value for each in kind])


def json_option(function: F) -> F:
    """`--json`: one JSON document instead of text."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document with stable keys.")(function)


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
