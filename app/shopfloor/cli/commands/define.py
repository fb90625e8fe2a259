"""`shopfloor model define`: say what to predict, and how; asks only for what flags left out."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import msgspec

from shopfloor.actions.action import InputKind
from shopfloor.actions.define import SETTINGS, Setting, revise
from shopfloor.cli.output import answers, models, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import F, Verb, json_option, session
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.names import check_name
from shopfloor.domain.requests.datasets import (
    DatasetContract,
    DatasetList,
    DatasetProfileShow,
)
from shopfloor.domain.requests.models import ModelDefine, ModelDefinitionShow, ModelShow
from shopfloor.domain.text import counted

_CLASSIFICATION = "classification"
_METAVARS = {InputKind.NAMES: "A,B", InputKind.NUMBER: "N"}


def _option(setting: Setting) -> Callable[[F], F]:
    choices = [*setting.choices, *([_CLASSIFICATION] if setting.name == "task" else [])]
    return click.option(
        setting.flag,
        setting.name,
        type=click.Choice(choices) if choices else click.STRING,
        metavar=None if choices else _METAVARS.get(setting.kind, "TEXT"),
        help=setting.help,
    )


def _settings(function: F) -> F:
    """One option for each setting; decorators apply from the last to the first."""
    for setting in reversed(SETTINGS):
        function = _option(setting)(function)
    return function


@click.command("define", cls=Verb)
@click.argument("name")
@click.option("--dataset", "-d", metavar="NAME", help="The dataset to train on.")
@click.option("--target", "-t", metavar="COLUMN", help="The column to predict.")
@_settings
@click.option("--no-train", is_flag=True, help="Do not train yet.")
@json_option
@session
def define_model(
    session: Session,
    /,
    name: str,
    dataset: str | None,
    target: str | None,
    no_train: bool,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Say what to predict from which dataset. The first training starts at once.

    A model that exists keeps every setting that is not given. In a terminal, what is missing is
    asked for; elsewhere --dataset and --target are needed.
    """
    base = _base(session, check_name(name, "Model"), dataset, target)
    given = {key: text for key, text in settings.items() if text is not None}
    if given.get("task") == _CLASSIFICATION:
        given["task"] = _which_classification(session, base)
    definition = revise(base, given)
    answer = session.ask(ModelDefine(definition=definition, train=not no_train))
    undo = session.undo
    stream.narrate(f"models/{name}.toml is written.")
    for waiting in session.ask(ModelShow(name=name)).pending if definition.release != base.release else ():
        if waiting.version is None:
            stream.narrate(f"{waiting.what} holds after {counted(waiting.missing, 'approval')}: {models.AGREE} {name}")
    answers.show(answer, models.describe_definition, as_json=as_json, undo=undo)


COMMANDS = (define_model,)


def _base(session: Session, name: str, dataset: str | None, target: str | None) -> ModelDefinition:
    try:
        known = session.ask(ModelDefinitionShow(name=name))
    except NotFoundError:
        known = None
    dataset = dataset or (known.dataset if known else _ask_dataset(session))
    target = target or (known.target if known else _ask_target(session, dataset))
    if known is None:
        return ModelDefinition(name=name, dataset=dataset, target=target)
    return msgspec.structs.replace(known, dataset=dataset, target=target)


def _ask_dataset(session: Session) -> str:
    known = [each.name for each in session.ask(DatasetList()).rows]
    return _ask("dataset", "--dataset NAME", "The dataset to train on", known)


def _ask_target(session: Session, dataset: str) -> str:
    columns = session.ask(DatasetContract(name=dataset)).columns
    return _ask("target", "--target COLUMN", "The column to predict", [each.name for each in columns])


def _ask(what: str, flag: str, question: str, choices: list[str]) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"A new model needs a {what}.", hint=f"Add {flag}.", code="missing_option")
    kind = click.Choice(choices) if choices else click.STRING
    return str(click.prompt(question, type=kind, err=True))


def _which_classification(session: Session, base: ModelDefinition) -> str:
    """Binary or multiclass, by the data; without data the first training counts the classes."""
    try:
        profile = session.ask(DatasetProfileShow(ref=base.dataset), timeout=120.0)
    except NotFoundError:  # no rows yet (or no dataset, which the definition itself will refuse)
        stream.narrate("The classes are counted in the first training, because there are no rows yet.")
        return ""
    distinct = next((each.distinct for each in profile.columns if each.name == base.target), None)
    if distinct is None:
        return ""
    return Task.BINARY if distinct <= 2 else Task.MULTICLASS
