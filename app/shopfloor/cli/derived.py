"""Commands made from the declarations in `actions/`: their arguments, options, question, and how it is answered.

A command that needs more than its declaration says has a file in `cli/commands/`, which goes before.
"""

from __future__ import annotations

from typing import Any

import click

from shopfloor.actions.action import CLEARED, SET, Action, Input, InputKind
from shopfloor.actions.usage import USAGES, Usage
from shopfloor.cli.output import answers
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import JSON, JSON_HELP, Verb, session
from shopfloor.domain.errors import NotFoundError

_METAVARS = {InputKind.NAMES: "A,B", InputKind.NUMBER: "N", InputKind.PATH: "FILE", InputKind.TIME: "TIME"}


def names(noun: str) -> set[str]:
    """The verbs of a noun that are declared."""
    return {verb[1] for verb in USAGES if verb[0] == noun and len(verb) > 1 and not verb[1].startswith("-")}


def command(*verb: str) -> click.Command | None:
    """The command that these words name, if an action declares it."""
    usage = USAGES.get(verb)
    if usage is None:
        return None
    # `file accept --types` asks another question than `file accept`, and is a switch of the same command.
    others = {each.verb[-1]: each.action for each in USAGES.values() if each.verb[:-1] == verb and _is_flag(each)}
    return Verb(
        verb[-1],
        params=[
            *_arguments(usage),
            *_options(usage),
            *(_switch(flag, each.help) for flag, each in others.items()),
            click.Option(JSON, is_flag=True, help=JSON_HELP),
        ],
        callback=session(_callback(usage.action, {_field(flag): each for flag, each in others.items()})),
        help=usage.action.help,
    )


def _is_flag(usage: Usage) -> bool:
    return usage.verb[-1].startswith("--")


def _field(flag: str) -> str:
    return flag.lstrip("-").replace("-", "_")


def _switch(flag: str, text: str, field: str = "") -> click.Option:
    return click.Option([flag, field or _field(flag)], is_flag=True, help=text)


def _arguments(usage: Usage) -> list[click.Parameter]:
    return [
        click.Argument([name], metavar=_metavar(usage.action) if name == "ref" else None) for name in usage.positions
    ]


def _metavar(action: Action) -> str:
    """`ID` for what is numbered, `REF` for what has a name."""
    return "ID" if action.records and "id" in action.records[0].__struct_fields__ else "REF"


def _options(usage: Usage) -> list[click.Parameter]:
    fields = {each.name: each for each in usage.action.inputs}
    return [
        *(_option(flag, fields[name]) for flag, name in usage.options.items()),
        *(_switch(flag, fields[name].help, name) for flag, name in usage.switches.items()),
    ]


def _option(flag: str, field: Input) -> click.Option:
    return click.Option(
        [flag, *filter(None, [field.also]), field.name],
        multiple=field.kind is InputKind.NAMES,
        type=click.Choice(field.choices) if field.choices else click.STRING,
        required=field.required,
        metavar=None if field.choices else _METAVARS.get(field.kind, "TEXT"),
        help=field.help,
    )


def _callback(action: Action, others: dict[str, Action]) -> Any:
    def run(session: Session, as_json: bool, ref: str = "", **given: str | bool | tuple[str, ...] | None) -> int:
        chosen = next((other for name, other in others.items() if given.pop(name)), action)
        clears = {each.name for each in chosen.inputs if each.clears}
        texts = {name: _text(value, clears=name in clears) for name, value in given.items() if value not in (None, ())}
        request = chosen.request(ref, {name: text for name, text in texts.items() if text})
        before = _before(session, chosen, ref)
        answer = session.ask(request, timeout=chosen.timeout)
        return answers.report_result(request, before, answer, as_json=as_json, undo=session.undo)

    return run


def _before(session: Session, action: Action, ref: str) -> object:
    """How things stand; None where that is not asked, or there is nothing yet."""
    try:
        return session.ask(action.before(ref)) if action.before is not None else None
    except NotFoundError:
        return None


def _text(value: str | bool | tuple[str, ...] | None, *, clears: bool) -> str:
    """What was given as a form has it; an option that is repeated lists its values."""
    if isinstance(value, bool):
        return SET if value else ""
    text = ",".join(value) if isinstance(value, tuple) else value or ""
    return text or (CLEARED if clears else "")
