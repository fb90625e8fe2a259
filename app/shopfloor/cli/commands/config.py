"""`shopfloor config`: the settings of the workspace."""

from __future__ import annotations

from typing import Any

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, stream
from shopfloor.cli.output.cells import text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.errors import ExitCode


@click.group(cls=Noun)
def command() -> None:
    """Settings in workspace.toml, such as intake.settle_seconds or engine.workers."""


@command.command("get")
@click.argument("key", default="")
@json_option
@session
def get_setting(session: Session, key: str, as_json: bool) -> None:
    """Print the value of KEY, or all settings."""
    from shopfloor.client.setup import config_get

    value = config_get(session.workspace, key)
    if as_json:
        stream.document(value)
    elif isinstance(value, dict):
        stream.data("\n".join(_lines(value, f"{key}." if key else "")))
    else:
        stream.data(_shown(value))


@command.command("set", context_settings={"ignore_unknown_options": True})  # a value may be -1
@click.argument("key")
@click.argument("value")
@session
def set_setting(session: Session, key: str, value: str) -> None:
    """Write VALUE to KEY; comments in the file stay. A running engine follows."""
    from shopfloor.client.setup import config_get, config_set

    undo = config_set(session.workspace, key, value)
    stream.narrate(f"{text(key)} = {_shown(config_get(session.workspace, key))}")
    answers.narrate_undo(undo)


@command.command("validate")
@json_option
@session
def validate(session: Session, as_json: bool) -> int:
    """Check workspace.toml and every contract and definition. Exits with 2 when one is wrong."""
    from shopfloor.client.setup import config_validate

    problems = config_validate(session.workspace)
    if as_json:
        stream.document(problems)
    elif problems:
        stream.data("\n".join(text(problem) for problem in problems))
    else:
        stream.narrate("All files are valid.")
    return ExitCode.USAGE if problems else ExitCode.OK


@command.command("schema")
@click.argument("kind", type=click.Choice(["workspace", "dataset", "model"]), default="workspace")
def show_schema(kind: str) -> None:
    """Print the JSON Schema of one kind of file, for editors."""
    from shopfloor.client.setup import config_schema

    stream.document(config_schema(kind))


def _lines(tree: dict[str, Any], prefix: str) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{prefix}{key}.")
        else:
            lines.append(f"{prefix}{key} = {_shown(value)}")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(each) for each in value) + "]"
    return text(value) if value != "" else '""'
