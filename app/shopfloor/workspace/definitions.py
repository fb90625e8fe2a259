"""`models/NAME.toml`: model definitions as text that people read and edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import tomlkit

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.definition import Humility, HumilityAction, ModelDefinition, Monitoring, Task
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import check_name, is_name
from shopfloor.domain.record import Record
from shopfloor.domain.text import counted, safe
from shopfloor.workspace.form import TomlForm, read_form, write_text_atomic
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.schedule import check_schedule, check_timezone
from shopfloor.workspace.settings import TeamSettings

MetricCheck = Callable[[str, tuple[Task, ...]], object]
"""Raises `ConfigError` for a name that is no metric of any of these tasks."""

_TABLES = ("training", "retrain", "release", "monitoring", "value", "humility")


DefinitionForm = msgspec.defstruct(
    "DefinitionForm",
    [
        (each.name, each.type) if each.required else (each.name, each.type, each.default)
        for each in msgspec.structs.fields(ModelDefinition)
        if each.name != "name"
    ],
    bases=(Record,),
    namespace={"__doc__": "The file; the model's name is the file's."},
    frozen=True,
    kw_only=True,
)


def list_definitions(layout: Layout) -> list[str]:
    """Names of all defined models."""
    return sorted(path.stem for path in layout.models.glob("*.toml") if is_name(path.stem))


def load_definition(layout: Layout, model: str, check_metric: MetricCheck) -> ModelDefinition | None:
    """The definition of `model`, None without a file; raises `ConfigError`."""
    path = layout.definition(check_name(model, "Model"))
    if not path.exists():
        return None
    form = read_form(path, DefinitionForm)
    definition = ModelDefinition(
        name=model, **{field: getattr(form, field) for field in DefinitionForm.__struct_fields__}
    )
    return check_definition(definition, str(path), check_metric)


def save_definition(layout: Layout, definition: ModelDefinition, check_metric: MetricCheck) -> None:
    """Write the definition, keeping the comments of an existing file."""
    path = layout.definition(check_name(definition.name, "Model"))
    check_definition(definition, str(path), check_metric)
    if path.exists():
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    else:
        document = tomlkit.document()
        document.add(tomlkit.comment(f"Definition of model {definition.name}."))
    values: dict[str, Any] = msgspec.to_builtins(definition)
    defaults: dict[str, Any] = msgspec.to_builtins(ModelDefinition(name="", dataset="", target=""))
    values.pop("name")
    for key in [key for key in values if key not in _TABLES]:
        if values[key] != defaults[key]:
            document[key] = values[key]
        elif key in document:
            del document[key]
    for key in _TABLES:
        _merge_table(document, key, values[key], defaults[key] or {})
    write_text_atomic(path, tomlkit.dumps(document))


def _merge_table(document: Any, key: str, values: dict[str, Any] | None, defaults: dict[str, Any]) -> None:
    if values is None:
        if key in document:
            del document[key]
        return
    table = document.get(key)
    changed = {name: value for name, value in values.items() if value != defaults.get(name)}
    if table is not None:
        for name in [name for name in table if name not in changed]:
            del table[name]
    if changed:
        if table is None:
            table = document[key] = tomlkit.table()
        for name, value in changed.items():
            table[name] = value


def with_monitoring(definition: ModelDefinition, given: Sequence[str], check_metric: MetricCheck) -> ModelDefinition:
    """The definition with other settings of `[monitoring]`, written `key=value` as in its file.

    `persistence=1,2` is a list. Raises `ConfigError` for a key that there is not or a value that cannot work.
    """
    text = "\n".join(map(_assignment, given))
    known = msgspec.to_builtins(definition.monitoring)
    form = TomlForm(text, "--set")
    monitoring = form.read(known | form.parse(), Monitoring)
    return check_definition(msgspec.structs.replace(definition, monitoring=monitoring), "--set", check_metric)


def _assignment(given: str) -> str:
    key, equals, value = given.partition("=")
    if not equals:
        raise ConfigError(
            f"--set {safe(given, 80)!r} is no setting.",
            hint="Write KEY=VALUE, for example min_effect=0.2",
            code="bad_setting",
        )
    plain = value.strip()
    return f"{key.strip().removeprefix('monitoring.')} = {f'[{plain}]' if ',' in plain and plain[0] != '[' else plain}"


def check_definition(definition: ModelDefinition, source: str, check_metric: MetricCheck) -> ModelDefinition:
    """Refuse definitions that cannot work; raises `ConfigError` naming the key."""
    check_name(definition.dataset, "Dataset")
    for key, fine, needed in _limits(definition):
        if not fine:
            raise ConfigError(f"{source}: key {key!r} has an invalid value.", hint=f"It must be {needed}.")
    _check_metric(definition, source, check_metric)
    check_timezone(definition.retrain.timezone, source, "retrain.timezone")
    if definition.retrain.schedule:
        check_schedule(definition.retrain.schedule, source, "retrain.schedule")
    if definition.target in ColumnNames((*definition.exclude, *definition.features)):
        raise ConfigError(
            f"{source}: the target {definition.target!r} cannot be excluded or a feature.", hint="Remove it there."
        )
    return definition


def check_approvals(definition: ModelDefinition, team: TeamSettings, source: str) -> None:
    """Refuse a number of approvals that can never be reached; raises `ConfigError`.

    Where all share one account nobody can tell two people apart.
    """
    needed = definition.release.approvals
    if needed < 2:
        return
    if not team.group:
        raise ConfigError(
            f"{source}: key 'release.approvals' is {needed}, but whoever approves here uses the same account.",
            hint="Share the workspace with a group whose members have accounts of their own: "
            "shopfloor config set team.group GROUP. Or set it to 1.",
        )
    people = team.roles.approve
    if people and len(set(people)) < needed and not any(name.startswith("@") for name in people):
        raise ConfigError(
            f"{source}: key 'release.approvals' is {needed}, but team.roles.approve in workspace.toml names "
            f"{counted(len(set(people)), 'person', 'people')}.",
            hint="Name more people, or a group with @, or lower the number.",
        )


def _limits(definition: ModelDefinition) -> tuple[tuple[str, bool, str], ...]:
    """Key, whether its value works, and what would."""
    training, retrain, release, watch = (
        definition.training, definition.retrain, definition.release, definition.monitoring,
    )  # fmt: skip
    return (
        ("training.holdout", 0 < training.holdout < 1, "a share between 0 and 1"),
        ("training.candidates", len(training.candidates) > 0, "one candidate or more"),
        ("training.min_rows", training.min_rows >= 2, "2 or more"),
        ("training.window_days", training.window_days >= 0, "0 (all rows) or more"),
        ("training.budget_seconds", training.budget_seconds >= 0, "0 (no search) or more"),
        ("retrain.min_new_rows", retrain.min_new_rows >= 0, "0 or more"),
        ("retrain.cooldown_minutes", retrain.cooldown_minutes >= 0, "0 or more"),
        ("retrain.stale_days", retrain.stale_days >= 0, "0 (never) or more"),
        ("retrain.min_labelled_rows", retrain.min_labelled_rows >= 0, "0 (any number) or more"),
        ("retrain.weekly_hours", retrain.weekly_hours >= 0, "0 (no limit) or more"),
        ("retrain.loop_guard", retrain.loop_guard >= 0, "0 (no limit) or more"),
        ("release.alpha", 0 < release.alpha < 0.5, "between 0 and 0.5"),
        ("release.min_gain", release.min_gain is None or release.min_gain >= 0, "0 or more"),
        ("release.margin", release.margin is None or release.margin >= 0, "0 or more"),
        ("release.min_rows", release.min_rows >= 0, "0 or more"),
        ("release.refresh_days", release.refresh_days >= 0, "0 (never) or more"),
        ("release.approvals", release.approvals >= 1, "1 or more"),
        (
            "monitoring.persistence",
            1 <= watch.persistence[0] <= watch.persistence[1],
            "M of the last N checks, with 1 <= M <= N",
        ),
        ("monitoring.min_rows", watch.min_rows >= 1, "1 or more"),
        ("monitoring.min_effect", watch.min_effect >= 0, "0 or more"),
        *_humility(definition.humility or Humility()),
        ("monitoring.false_discovery_rate", 0 < watch.false_discovery_rate < 1, "between 0 and 1"),
    )


def _humility(humility: Humility) -> tuple[tuple[str, bool, str], ...]:
    low, high = humility.band
    needs_answer = HumilityAction.OVERRIDE in humility.actions
    return (
        ("humility.band", 0 <= low <= high <= 1, "two probabilities, the lower one first"),
        ("humility.override", not needs_answer or humility.override is not None, "the answer that replaces others"),
    )


def _check_metric(definition: ModelDefinition, source: str, check_metric: MetricCheck) -> None:
    """Told when it is written, not by a training that fails minutes later."""
    if not definition.training.metric:
        return
    try:
        check_metric(definition.training.metric, (definition.task,) if definition.task else tuple(Task))
    except ConfigError as error:
        raise ConfigError(f"{source}: training.metric: {error.message}", hint=error.hint, code=error.code) from None
