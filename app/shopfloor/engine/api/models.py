"""Answers about models."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import ConfigError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.job import JobRecord
from shopfloor.domain.names import did_you_mean, parse_version, split_ref
from shopfloor.domain.page import Page
from shopfloor.domain.release import VOLUME_DAYS, ModelRecord, ModelVersion
from shopfloor.domain.requests.models import (
    ModelDefine,
    ModelDefinitionShow,
    ModelList,
    ModelRetire,
    ModelShow,
    ModelTrain,
    ModelVersions,
)
from shopfloor.domain.text import safe
from shopfloor.engine.api.positive import check_positive
from shopfloor.engine.api.time_column import check_time
from shopfloor.engine.line.delivery_trust import expect_no_verdict
from shopfloor.engine.line.retraining import train as train_on
from shopfloor.engine.services import EngineServices
from shopfloor.monitoring.terms import record_terms
from shopfloor.release import four_eyes
from shopfloor.serving.deployment import remove_deployment
from shopfloor.statistics import metrics
from shopfloor.store import alerts, datasets, inference, learned, models, release_rules, texts
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.definitions import check_approvals, save_definition
from shopfloor.workspace.durable import make_folder
from shopfloor.workspace.form import read_text


def listing(services: EngineServices, request: ModelList) -> Page[ModelRecord]:
    """Models by name."""
    definitions = [model for model in services.context.all_models() if request.query.lower() in model.name]
    window = definitions[request.offset : request.offset + request.limit]
    rows = services.context.store.read(lambda query: tuple(_records(query, window, services.context.clock.now())))
    return Page(rows=rows, total=len(definitions), offset=request.offset, seq=services.context.store.last_seq)


def show(services: EngineServices, request: ModelShow) -> ModelRecord:
    """One model."""
    definition = services.context.definition(request.name)
    return services.context.store.read(lambda query: _records(query, [definition], services.context.clock.now())[0])


def _records(query: Query, definitions: list[ModelDefinition], now: datetime) -> list[ModelRecord]:
    open_alerts = alerts.open_by_model(query)
    predictions, humility = inference.predictions_by_model(query), inference.humility_by_model(query)
    beats = inference.heartbeats(query, now, VOLUME_DAYS)
    summaries = models.summaries(query, [one.name for one in definitions])
    rules = release_rules.held(query)
    withdrawn = learned.withdrawn_champions(query)
    found = []
    for definition in definitions:
        name = definition.name
        predicted_at, volume = beats.get(name, (None, ()))
        record = msgspec.structs.replace(
            _record(four_eyes.with_rule(definition, rules.get(name)), summaries[name]),
            pending=four_eyes.pending(query, definition, summaries[name].state, rules),
            predictions=predictions.get(name, 0),
            humility=humility.get(name, HumilityCounts()),
            predicted_at=predicted_at,
            volume=volume,
            open_alerts=open_alerts.get(name, 0),
            withdrawn_rows=mark.rows if (mark := withdrawn.get(name)) is not None else 0,
        )
        found.append(record)
    return found


def record_of(transaction: Transaction, definition: ModelDefinition) -> ModelRecord:
    """One model as it is listed."""
    return _records(transaction, [definition], transaction.now)[0]


def _record(definition: ModelDefinition, summary: models.ModelSummary) -> ModelRecord:
    """What definition and store say; how it is used comes from elsewhere."""
    state, aliases = summary.state, summary.aliases
    return ModelRecord(
        name=definition.name,
        dataset=definition.dataset,
        target=definition.target,
        task=definition.task or state.task,
        metric=definition.training.metric or state.metric or "",
        segments=state.segments,
        champion=aliases.get("champion"),
        challenger=aliases.get("challenger"),
        previous=aliases.get("previous"),
        versions=summary.versions,
        score=summary.score,
        live_score=state.live_score,
        live_rows=state.live_rows,
        live_known=state.live_known,
        live_of=state.live_of,
        release_policy=definition.release.policy.value,
        approvals_needed=definition.release.approvals,
        awaiting_approval=state.awaiting,
        retired=definition.retired,
        deployed_at=summary.champion_since,
        value=state.value if definition.value else None,
        value_unit=definition.value.unit if definition.value else "",
    )


def definition(services: EngineServices, request: ModelDefinitionShow) -> ModelDefinition:
    """The definition as its file says now."""
    return services.context.definition(request.name)


def versions(services: EngineServices, request: ModelVersions) -> Page[ModelVersion]:
    """Versions with their decisions."""
    services.context.definition(request.name)
    return services.context.store.read(
        lambda query: models.versions(query, request.name, request.limit, request.offset)
    )


def resolve(query: Query, ref: str, alias: str) -> ModelVersion:
    """The version a ref names: `NAME@V`, `NAME@alias`, or `NAME` for `alias`. Raises `NotFoundError`."""
    name, word = split_ref(ref)
    aliases = models.aliases(query, name)
    wanted = word or alias
    if wanted in aliases:
        return models.version(query, name, aliases[wanted])
    if not word or not word.removeprefix("v").isdecimal():
        raise NotFoundError(
            f"Model {safe(name, 64)} has no {safe(wanted, 64)}.",
            hint=f"Name a version: {safe(name, 64)}@1. List them: shopfloor model versions {safe(name, 64)}",
            code="alias_not_found",
        )
    return models.version(query, name, parse_version(word, ref))


def define(services: EngineServices, request: ModelDefine) -> ModelDefinition:
    """Write the definition; train at once when there are rows."""
    asked = request.definition
    check_approvals(asked, services.context.settings.team, str(services.context.layout.definition(asked.name)))
    wanted = _check_columns(services, asked)
    _check_recipes(services, wanted)
    check_positive(services, wanted)
    check_time(services, wanted)

    def change(transaction: Transaction) -> ModelDefinition:
        write_definition(services, transaction, wanted, request.actor)
        newest = datasets.current_version(transaction, wanted.dataset)
        if request.train and newest and not wanted.retired:
            train_on(transaction, wanted, newest, trigger=f"defined by {request.actor}")
        return wanted

    return services.mutate(request, change)


def write_definition(services: EngineServices, transaction: Transaction, wanted: ModelDefinition, actor: str) -> None:
    """The model's file, its state and its drop folders."""
    _note_earlier_rule(services, transaction, wanted.name)
    save(services, transaction, wanted)
    record_terms(services.context, transaction, wanted, actor)
    models.put_state(transaction, models.state(transaction, wanted.name))
    transaction.emit(
        "model.defined",
        wanted.name,
        f"Model {wanted.name} predicts {safe(wanted.target, 60)} from {wanted.dataset}",
        actor=actor,
        data={"target": wanted.target, "dataset": wanted.dataset},
    )
    note_rule(services, transaction, wanted, actor)
    for folder in (services.context.layout.score, services.context.layout.actuals, services.context.layout.outbox):
        make_folder(folder / wanted.name)


def note_rule(services: EngineServices, transaction: Transaction, definition: ModelDefinition, actor: str) -> None:
    """The release rule that the definition has from now on holds, or where it is weaker, waits."""
    four_eyes.note(transaction, definition, actor=actor, team=bool(services.context.settings.team.group))


def note_rules(services: EngineServices) -> None:
    """Note the rules of definitions that were edited by hand."""
    team, found = bool(services.context.settings.team.group), services.context.all_models()
    store = services.context.store
    held = store.read(release_rules.held)
    unnoted = [one for one in found if not four_eyes.is_noted(held.get(one.name), one, team=team)]

    def change(transaction: Transaction) -> None:
        for definition in unnoted:
            note_rule(services, transaction, definition, "")

    if unnoted:
        store.write(change)


def _note_earlier_rule(services: EngineServices, transaction: Transaction, model: str) -> None:
    """What the file said until now holds, also where nobody has seen it yet."""
    with suppress(NotFoundError, ConfigError):
        note_rule(services, transaction, services.context.definition(model), "")


def save(services: EngineServices, transaction: Transaction, wanted: ModelDefinition) -> None:
    """Write the file, with its text of before in the history."""
    path = services.context.layout.definition(wanted.name)
    before = read_text(path) if path.exists() else None
    save_definition(services.context.layout, wanted, metrics.find)
    texts.put(transaction, f"models/{path.name}", before, read_text(path))


def _check_recipes(services: EngineServices, wanted: ModelDefinition) -> None:
    """A recipe must be there when it is named: the first training starts at once."""
    for name in wanted.training.candidates:
        file, colon, _ = name.partition(".py:")
        path = Path(os.path.normpath(services.context.layout.root / f"{file}.py"))
        inside = path.is_relative_to(services.context.layout.recipes)  # nothing is said of files elsewhere
        if colon and not (inside and path.is_file()):
            raise UsageError(
                f"There is no recipe {safe(file, 120)}.py.",
                hint="Write it first, relative to the workspace, with a function that returns an estimator: "
                "see recipes/example.py.",
                code="recipe_missing",
            )


def _check_columns(services: EngineServices, wanted: ModelDefinition) -> ModelDefinition:
    """The definition with the dataset's spelling of its columns, all of which must be there, where there is
    a dataset already.
    """
    contract = services.context.contract(wanted.dataset)
    if contract is None or not contract.columns:
        known = [
            row.name for row in services.context.store.read(lambda query: datasets.listing(query, "", 1000, 0)).rows
        ]
        if wanted.dataset not in known and not (services.context.layout.inbox / wanted.dataset).is_dir():
            raise NotFoundError(
                f"There is no dataset {wanted.dataset!r}.",
                hint=did_you_mean(wanted.dataset, known)
                or f"Deliver a file first: shopfloor add FILE --dataset {wanted.dataset}",
                code="dataset_not_found",
            )
        return wanted
    wanted = wanted.spelled(ColumnNames(column.name for column in contract.columns))
    names = [column.name for column in contract.columns]
    named_columns = {
        "target": (wanted.target,),
        "time": (wanted.time,),
        "id": (wanted.id,),
        "segment_by": wanted.segment_by,
        "exclude": wanted.exclude,
        "features": wanted.features,
        "known_before": wanted.known_before,
        "monitoring.fairness": wanted.monitoring.fairness,
    }
    for key, columns in named_columns.items():
        for column in columns:
            if column is not None and column not in names:
                raise UsageError(
                    f"Dataset {wanted.dataset} has no column {safe(column, 64)!r} ({key}).",
                    hint=did_you_mean(column, names, wanted.roles),
                    code="no_column",
                )
    _check_known(contract, wanted)
    target = contract.column(wanted.target)
    if target is None or target.type.numeric:
        return wanted
    if wanted.task is Task.REGRESSION:
        raise UsageError(
            f"Column {safe(wanted.target, 64)!r} is {target.type}, but regression needs numbers.",
            hint="Use a classification task.",
            code="bad_target",
        )
    if wanted.training.metric:
        metrics.find(wanted.training.metric, tuple(task for task in Task if task.classification))
    return wanted


def _check_known(contract: Contract, wanted: ModelDefinition) -> None:
    """Raise `UsageError` for a target or time whose type nobody knows yet."""
    for key, name in (("target", wanted.target), ("time", wanted.time)):
        column = contract.column(name) if name is not None else None
        if column is not None and column.type is ColumnType.UNKNOWN:
            raise UsageError(
                f"Column {safe(column.name, 64)!r} ({key}) has no values in {contract.name} yet: its type is unknown.",
                hint=f"Deliver a file with values in it first, or set its type in datasets/{contract.name}.toml.",
                code="type_unknown",
            )


def train(services: EngineServices, request: ModelTrain) -> JobRecord:
    """Queue a training on the newest version."""
    definition = services.context.definition(request.name)

    def change(transaction: Transaction) -> JobRecord:
        newest = datasets.current_version(transaction, definition.dataset)
        if definition.retired:
            raise RefusedError(
                f"Model {definition.name} is retired.", hint="Set retired = false in its file.", code="retired"
            )
        if not newest:
            raise RefusedError(
                f"Dataset {definition.dataset} has no rows yet.",
                hint=f"Deliver a file: shopfloor add FILE --dataset {definition.dataset}",
                code="no_rows",
            )
        reason = f" ({safe(request.reason, 100)})" if request.reason else ""
        return train_on(transaction, definition, newest, trigger=f"requested by {request.actor}{reason}")

    return services.mutate(request, change)


def retire(services: EngineServices, request: ModelRetire) -> ModelRecord:
    """Out of service; the history stays."""
    definition = services.context.definition(request.name)
    retired = msgspec.structs.replace(definition, retired=True)

    def change(transaction: Transaction) -> ModelRecord:
        state = models.state(transaction, definition.name)
        if definition.retired and state.retired:
            return record_of(transaction, definition)
        save(services, transaction, retired)
        models.put_state(transaction, msgspec.structs.replace(state, retired=True, awaiting=None))
        expect_no_verdict(services.context, transaction, definition)
        transaction.emit(
            "model.retired",
            definition.name,
            f"Model {definition.name} is retired: {safe(request.reason, 200) or 'no reason given'}",
            actor=request.actor,
            data={"reason": request.reason},
        )
        return record_of(transaction, retired)

    record = services.mutate(request, change)
    remove_deployment(services.context.layout.serving, definition.name)
    return record
