"""Defining a model: each setting once, for the form, the command line and the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from shopfloor.actions.action import Action, Form, Input, InputKind, Inputs
from shopfloor.actions.fields import member, names, number, values, whole
from shopfloor.actions.panes import Scope
from shopfloor.domain.dataset import DatasetRecord
from shopfloor.domain.definition import ModelDefinition, ReleasePolicy, RetrainAction, Split, Task, Value
from shopfloor.domain.record import Record
from shopfloor.domain.requests.models import ModelDefine


class Setting(Record, frozen=True, kw_only=True):
    """One setting of a definition: its prompt, and its place in the record.

    `section` is a part of `ModelDefinition` (`training`, `release`, …) or empty for its top;
    `read` makes a value from text. `basic` settings are fields of the form on the screen.
    """

    name: str
    attribute: str
    label: str
    help: str
    read: Callable[[str], Any]
    section: str = ""
    kind: InputKind = InputKind.TEXT
    choices: tuple[str, ...] = ()
    basic: bool = False

    @property
    def flag(self) -> str:
        """The option of `shopfloor model define`."""
        return "--" + self.name.replace("_", "-")

    @property
    def input(self) -> Input:
        """The field of a form."""
        return Input(name=self.name, label=self.label, help=self.help, kind=self.kind, choices=self.choices)


def _text(text: str) -> str:
    return text.strip()


def _maybe(text: str) -> str | None:
    return text.strip() or None


def _number(label: str) -> Callable[[str], float]:
    return lambda text: number(text, label)


def _whole(label: str) -> Callable[[str], int]:
    return lambda text: whole(text, label)


def _task(text: str) -> Task | None:
    return member(Task, text, "task") if text.strip() else None


def _split(text: str) -> Split:
    return member(Split, text, "split")


def _policy(text: str) -> ReleasePolicy:
    return member(ReleasePolicy, text, "release policy")


def _action(text: str) -> RetrainAction:
    return member(RetrainAction, text, "retraining action")


def _column(name: str, label: str, text: str) -> Setting:
    return Setting(name=name, attribute=name, label=label, help=text, read=_maybe, basic=True)


def _columns(name: str, label: str, text: str, *, basic: bool = False) -> Setting:
    return Setting(
        name=name,
        attribute=name,
        label=label,
        help=text,
        read=names,
        kind=InputKind.NAMES,
        basic=basic,
    )


def _figure(section: str, name: str, attribute: str, label: str, text: str) -> Setting:
    return Setting(
        name=name,
        attribute=attribute,
        label=label,
        help=text,
        read=_number(label.lower()),
        section=section,
        kind=InputKind.NUMBER,
    )


def _count(section: str, name: str, attribute: str, label: str, text: str) -> Setting:
    return Setting(
        name=name,
        attribute=attribute,
        label=label,
        help=text,
        read=_whole(label.lower()),
        section=section,
        kind=InputKind.NUMBER,
    )


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="task",
        attribute="task",
        label="Task",
        help="The kind of target; inferred when not given.",
        read=_task,
        kind=InputKind.CHOICE,
        choices=values(Task),
        basic=True,
    ),
    _column("time", "Time column", "The column that orders rows; the newest become the holdout."),
    _column("id", "Id column", "The association id that joins predictions with actuals."),
    _column("positive", "Positive value", "The positive class of a binary target."),
    _columns("segment_by", "Segments", "Fit one model per value of these columns.", basic=True),
    _columns("exclude", "Exclude", "Columns that are never features, separated by commas.", basic=True),
    _columns("features", "Features", "Use only these columns as features, separated by commas."),
    _columns("known_before", "Known before", "Features that are known before the outcome, though one nearly tells it."),
    Setting(
        name="candidates",
        attribute="candidates",
        label="Candidates",
        help="Candidates to train: linear, boosting, forest, or a recipe such as recipes/x.py:build.",
        read=names,
        section="training",
        kind=InputKind.NAMES,
    ),
    Setting(
        name="metric",
        attribute="metric",
        label="Metric",
        help="The metric that decides, by its scikit-learn name: roc_auc, r2, …",
        read=_text,
        section="training",
        basic=True,
    ),
    Setting(
        name="split",
        attribute="split",
        label="Split",
        help="How rows are divided into training and holdout.",
        read=_split,
        section="training",
        kind=InputKind.CHOICE,
        choices=values(Split),
    ),
    _figure("training", "holdout", "holdout", "Holdout", "The share of rows held out."),
    _count("training", "window_days", "window_days", "Window", "Train only on the most recent days."),
    _figure("training", "budget", "budget_seconds", "Budget", "Time limit of the search in seconds; 0: no limit."),
    _count("training", "seed", "seed", "Seed", "The random seed."),
    _count("training", "min_rows", "min_rows", "Rows", "Do not train on fewer rows than this."),
    _count("retrain", "min_new_rows", "min_new_rows", "New rows", "Retrain after this many new rows."),
    _count("retrain", "min_labelled_rows", "min_labelled_rows", "Labelled", "… of which so many have the target."),
    _figure("retrain", "cooldown", "cooldown_minutes", "Cooldown", "Minimum minutes between two retrainings."),
    Setting(
        name="schedule",
        attribute="schedule",
        label="Schedule",
        help='Retrain at these times, as cron writes them, in UTC: "0 3 * * 1" is Monday at 3.',
        read=_text,
        section="retrain",
    ),
    _figure("retrain", "stale_days", "stale_days", "Stale", "Retrain when the champion's data is older than this."),
    Setting(
        name="retrain",
        attribute="action",
        label="Retrain",
        help="release lets the release policy decide about it, train leaves it to a person, ask only asks to train.",
        read=_action,
        section="retrain",
        kind=InputKind.CHOICE,
        choices=values(RetrainAction),
    ),
    Setting(
        name="release",
        attribute="policy",
        label="Release",
        help="auto promotes what passes the gate, approval asks for approval first, manual never promotes by itself.",
        read=_policy,
        section="release",
        kind=InputKind.CHOICE,
        choices=values(ReleasePolicy),
        basic=True,
    ),
    _count("release", "approvals", "approvals", "Approvals", "How many people must approve."),
    _figure("release", "min_gain", "min_gain", "Gain", "The minimum gain of the metric."),
    _figure("release", "margin", "margin", "Margin", "The largest loss that a refresh may cause."),
    _count(
        "release",
        "refresh_days",
        "refresh_days",
        "Refresh",
        "Replace a champion older than this by a challenger that is no worse.",
    ),
    Setting(
        name="value_unit",
        attribute="unit",
        label="Unit of value",
        help="The unit of value, such as EUR.",
        read=_text,
        section="value",
    ),
    _figure("value", "value_tp", "true_positive", "True positive", "Value of a true positive."),
    _figure("value", "value_fp", "false_positive", "False positive", "Value of a false positive."),
    _figure("value", "value_tn", "true_negative", "True negative", "Value of a true negative."),
    _figure("value", "value_fn", "false_negative", "False negative", "Value of a false negative."),
    _figure("value", "value_error", "per_absolute_error", "Error", "Value of one unit of absolute error (negative)."),
    _figure("value", "threshold", "threshold", "Threshold", "The probability from which a prediction is positive."),
)

BASIC = tuple(each.input for each in SETTINGS if each.basic)


def revise(base: ModelDefinition, texts: Mapping[str, str]) -> ModelDefinition:
    """`base` with the settings that `texts` gives; raises `UsageError` for an unusable text."""
    sections: dict[str, dict[str, Any]] = {}
    for setting in SETTINGS:
        if setting.name in texts:
            changes = sections.setdefault(setting.section, {})
            changes[setting.attribute] = setting.read(texts[setting.name])
    top = sections.pop("", {})
    for section, changes in sections.items():
        old = getattr(base, section)
        top[section] = msgspec.structs.replace(Value() if old is None else old, **changes)
    return msgspec.structs.replace(base, **top)


def _build(ref: str, inputs: Inputs) -> ModelDefine:
    base = ModelDefinition(name=inputs["name"], dataset=inputs["dataset"], target=inputs["target"])
    return ModelDefine(definition=revise(base, inputs))


def _dataset(record: Record) -> dict[str, str]:
    return {"dataset": record.name} if isinstance(record, DatasetRecord) else {}


ACTIONS = (
    Action(
        name="model.define",
        key="n",
        label="New model",
        help="Define what to predict from which dataset; training starts at once.",
        form=Form.COLUMNS,
        submit="Define and train",
        scopes=(Scope.HOME, Scope.DATASETS, Scope.EXPERIMENTS, Scope.MODELS),
        cli="shopfloor model define {name} --dataset {dataset} --target {target}"
        + "".join(f" [{each.flag} {{{each.name}}}]" for each in SETTINGS if each.basic),
        inputs=(
            Input(name="name", label="Name", help="The name of the model.", required=True),
            Input(name="dataset", label="Dataset", help="The dataset to train on.", required=True),
            Input(name="target", label="Target", help="The column to predict.", required=True),
            *BASIC,
        ),
        rank=20,
        prefill=_dataset,
        build=_build,
    ),
)
