"""Groups of commands; the top group loads its commands when they are used."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import click

from shopfloor.cli.menu import MENU
from shopfloor.cli.verbs import CONTEXT, Verb, workspace_option
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe


class Noun(click.Group):
    """A group of verbs about one noun: its own, and those that are declared in `actions/`.

    A mistyped verb gets the nearest one as a hint.
    """

    command_class = Verb

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["context_settings"] = CONTEXT | (options.get("context_settings") or {})
        super().__init__(*arguments, **options)
        self.params.append(workspace_option())

    def list_commands(self, ctx: click.Context) -> list[str]:
        from shopfloor.cli import derived

        return sorted({*super().list_commands(ctx), *derived.names(str(ctx.info_name))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from shopfloor.cli import derived

        return derived.command(str(ctx.info_name), cmd_name)

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
    """`shopfloor` itself: its commands are modules that are imported when they are used, or declarations."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MENU)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MENU:
            return None
        module = f"shopfloor.cli.commands.{cmd_name}"
        if find_spec(module) is None:
            from shopfloor.cli import derived

            return derived.command(cmd_name)
        command: click.Command = importlib.import_module(module).command
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
