"""Models, versions, history and value as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shopfloor.cli.output import decisions, jobs
from shopfloor.cli.output.cells import (
    count,
    figure,
    joined,
    minute,
    moment,
    setting,
    size,
    text,
    version,
    words,
)
from shopfloor.cli.output.changes import changed, made
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, table
from shopfloor.domain.codec import to_plain
from shopfloor.domain.decision_words import decided
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.live_words import live, maturity
from shopfloor.domain.numbers import NOTHING, gain, interval
from shopfloor.domain.release import ModelChange, ModelPart, ModelRecord, ModelVersion, PendingApproval
from shopfloor.domain.requests.models import (
    ModelApprove,
    ModelApproveLowering,
    ModelCost,
    ModelPromote,
    ModelReject,
    ModelRejectLowering,
    ModelRetire,
    ModelThreshold,
    ModelTrain,
    ValueShow,
    ValueThresholds,
)
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.text import counted
from shopfloor.domain.value import (
    CostEntry,
    ThresholdChange,
    ThresholdPoint,
    ThresholdReport,
    ValueComparison,
    ValuePoint,
    ValueReport,
)

COLUMNS: tuple[TextColumn[ModelRecord], ...] = (
    TextColumn("NAME", lambda each: text(each.name), room=20),
    TextColumn("STATE", lambda each: state(each)),
    TextColumn("CHAMPION", lambda each: version(each.champion), right=True),
    TextColumn("CHALLENGER", lambda each: version(each.challenger), right=True, drop=4),
    TextColumn("METRIC", lambda each: text(each.metric), room=20, drop=3),
    TextColumn("SCORE", lambda each: figure(each.score), right=True),
    TextColumn("LIVE", lambda each: figure(each.live_score), right=True, drop=1),
    TextColumn("KNOWN", lambda each: maturity(each) or NOTHING, right=True, drop=1),
    TextColumn("LIVE ROWS", lambda each: count(each.live_rows), right=True, drop=7),
    TextColumn("ALERTS", lambda each: count(each.open_alerts), right=True, drop=2),
    TextColumn("VERSIONS", lambda each: count(each.versions), right=True, drop=8),
    TextColumn("SEGMENTS", lambda each: count(each.segments), right=True, drop=9),
    TextColumn("DATASET", lambda each: text(each.dataset), room=20, drop=5),
    TextColumn("DEPLOYED", lambda each: minute(each.deployed_at), drop=6),
)
EMPTY = "No model yet. Define one: shopfloor model define NAME --dataset D --target COLUMN"

VERSIONS: tuple[TextColumn[ModelVersion], ...] = (
    TextColumn("VERSION", lambda each: version(each.version)),
    TextColumn("ALIASES", lambda each: joined(each.aliases), room=20),
    TextColumn("DECISION", decided),
    TextColumn("SCORE", lambda each: figure(each.score), right=True),
    TextColumn("DATA", lambda each: version(each.dataset_version), right=True, drop=2),
    TextColumn("RUN", lambda each: text(each.run), drop=3),
    TextColumn("CREATED", lambda each: minute(each.created_at), drop=1),
    TextColumn("WHY", decisions.why, room=30),
)

AGREE = "shopfloor model approve-lowering"

HISTORY: tuple[TextColumn[ModelChange], ...] = (
    TextColumn("AT", lambda each: minute(each.at)),
    TextColumn("EVENT", lambda each: str(each.seq), right=True, drop=3),
    TextColumn("WHAT", lambda each: _part(each), room=12),
    TextColumn("CHANGE", lambda each: words(_change(each)), room=24),
    TextColumn("BY", lambda each: text(each.actor), room=8),
    TextColumn("CAUSE", lambda each: words(each.cause), room=14, drop=2),
    TextColumn("REASON", lambda each: words(each.reason), room=12, drop=1),
)

POINTS: tuple[TextColumn[ValuePoint], ...] = (
    TextColumn("PERIOD", lambda each: text(each.period)),
    TextColumn("VERSION", lambda each: version(each.model_version), right=True),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("VALUE", lambda each: figure(each.value), right=True),
    TextColumn("BASELINE", lambda each: figure(each.baseline), right=True),
)


CURVE: tuple[TextColumn[ThresholdPoint], ...] = (
    TextColumn("THRESHOLD", lambda each: figure(each.threshold), right=True),
    TextColumn("PROMISED PER ROW", lambda each: figure(each.promised), right=True),
    TextColumn("REALISED PER ROW", lambda each: figure(each.realised), right=True),
)

COMPARED: tuple[TextColumn[ValueComparison], ...] = (
    TextColumn("AGAINST", lambda each: each.against.value),
    TextColumn("WHAT", lambda each: text(each.name), room=20, drop=1),
    TextColumn("ROWS", lambda each: count(each.rows), right=True, drop=2),
    TextColumn("PER ROW", lambda each: figure(each.per_row), right=True),
    TextColumn("GAIN", lambda each: gain(each.gain), right=True),
    TextColumn("95 %", lambda each: interval(each.interval) if each.interval else "cannot tell", right=True),
)


def _part(change: ModelChange) -> str:
    match change.part:
        case ModelPart.ALIAS:
            return text(change.alias)
        case ModelPart.VERSION:
            return version(change.version)
        case _:
            return change.part.value


def _change(change: ModelChange) -> str:
    if change.part is ModelPart.ALIAS:
        return f"{version(change.previous)} → {version(change.version)}"
    if change.made:
        return made(change.changes)
    # a setting that the definition's text leaves out has its default, which may be anything
    return changed(change.changes, "default" if change.part is ModelPart.DEFINITION else "none")


def state(model: ModelRecord) -> str:
    """One word for where the model stands."""
    if model.error:
        return "unreadable"
    if model.retired:
        return "retired"
    if model.awaiting_approval is not None:
        return "approve?"
    return "live" if model.champion is not None else "no champion"


def describe(
    model: ModelRecord, versions: tuple[ModelVersion, ...], runs: tuple[RunRecord, ...], width: int | None
) -> str:
    """One model, and in words why its newest version is or is not the champion.

    `versions` and `runs` are newest first: a training that failed after them is shown too.
    """
    known = [
        ("model", f"{text(model.name)} ({state(model)})"),
        ("predicts", f"{text(model.target)} from {text(model.dataset)}{_task(model)}"),
        ("champion", _alias(model.champion, model.deployed_at)),
        ("challenger", version(model.challenger)),
        ("previous", version(model.previous)),
        ("versions", f"{count(model.versions)}, release by {text(model.release_policy)}"),
        *_scores(model),
        ("predictions", count(model.predictions)),
        *([("not trusted", model.humility.told(model.predictions))] if model.humility.rows else []),
        *([("segments", count(model.segments))] if model.segments else []),
        ("open alerts", count(model.open_alerts)),
        *([("value", f"{figure(model.value)} {text(model.value_unit)}")] if model.value_unit else []),
    ]
    if model.withdrawn_rows:
        lost = f"v{model.champion} learned from {counted(model.withdrawn_rows, 'row')} that left the dataset"
        known.append(("withdrawn rows", f"{lost}. Go back: shopfloor model rollback {text(model.name)}"))
    if model.awaiting_approval is not None:
        ref = f"{text(model.name)}@{model.awaiting_approval}"
        known.append(("awaits approval", f"shopfloor model approve {ref}  (or reject)"))
    known += [row for each in model.pending for row in _pending(each)]
    if runs and runs[0].state is RunState.FAILED:
        known.append(("last training", f"{text(runs[0].id)} failed: {text(runs[0].error or 'unknown reason')}"))
    never = "No training has succeeded yet." if runs else "It has not been trained yet."
    latest = decisions.explain(versions[0], width) if versions else never
    return paragraphs(facts(known, width), latest)


def describe_version(found: ModelVersion, width: int | None) -> str:
    """One version, and the gate's decision about it in words."""
    known = [
        ("version", f"{text(found.model)}@{found.version}"),
        ("aliases", joined(found.aliases)),
        ("run", text(found.run)),
        ("dataset version", version(found.dataset_version)),
        ("score", figure(found.score)),
        ("artifact", text(found.artifact.sha256)),
        ("size", size(found.artifact.bytes)),
        ("created", moment(found.created_at)),
        *_withdrawn(found),
    ]
    return paragraphs(facts(known, width), decisions.explain(found, width))


def _withdrawn(found: ModelVersion) -> list[tuple[str, str]]:
    """The rows that it learned from and that are gone."""
    mark = found.withdrawn
    if mark is None:
        return []
    files = ", ".join(text(file) for file in mark.files)
    return [("withdrawn rows", f"{count(mark.rows)} of {files}, since @{mark.dataset_version}: {text(mark.cause)}")]


def describe_definition(definition: ModelDefinition, width: int | None) -> str:
    """Every setting of a definition, by the key that it has in its file."""
    return facts(list(_settings(to_plain(definition), "")), width)


def describe_value(report: ValueReport, width: int | None) -> str:
    """What a model has earned, and what else would have earned."""
    unit = text(report.unit) if report.unit else ""

    def worth(amount: float | None) -> str:
        return f"{figure(amount)} {unit}".strip()

    spread = "" if report.interval is None else f" {interval(report.interval)}"
    known = [
        ("model", text(report.model)),
        ("realised", f"{worth(report.total)} on {counted(report.rows, 'row')}"),
        ("per row", f"{worth(report.per_row)}{spread}"),
        ("expected per row", worth(report.planned_per_row)),
        ("baseline", worth(report.baseline)),
        *([("costs", worth(report.costs)), ("net", worth(report.net))] if report.entries else []),
        *([("paid back", f"since {report.payback_on}")] if report.payback_on else []),
        *([("paid back", f"expected on {report.payback_expected}")] if report.payback_expected else []),
        *([("note", text(report.note))] if report.note else []),
    ]
    points = table(POINTS, report.points, width) if report.points else ""
    compared = table(COMPARED, report.compared, width) if report.compared else ""
    return paragraphs(facts(known, width), compared, points)


def describe_thresholds(report: ThresholdReport, width: int | None) -> str:
    """The curve of value over thresholds, and how to take the proposal."""
    known = [
        ("model", text(report.model) if report.version is None else f"{text(report.model)}@{report.version}"),
        ("threshold", figure(report.threshold)),
        ("proposed", figure(report.proposed)),
        ("why", text(report.reason)),
    ]
    how = ""
    if report.proposed is not None:
        set_now = f"shopfloor model threshold {text(report.model)} {figure(report.proposed)}"
        with_next = f"shopfloor model define {text(report.model)} --threshold {figure(report.proposed)} --no-train"
        how = f"Now: {set_now}\nWith the next release: {with_next}"
    return paragraphs(facts(known, width), table(CURVE, report.points, width) if report.points else "", how)


def describe_threshold(change: ThresholdChange, width: int | None) -> str:
    """Which threshold holds now."""
    previous = "the most probable class" if change.previous is None else figure(change.previous)
    ref = f"{text(change.model)}@{change.version}"
    return facts([("model", ref), ("threshold", figure(change.threshold)), ("previous", previous)], width)


def describe_cost(entry: CostEntry, width: int | None) -> str:
    """One entry of cost."""
    known = [
        ("cost", text(entry.id)),
        ("model", text(entry.model)),
        ("for", entry.kind.value),
        ("amount", figure(entry.amount)),
        ("at", moment(entry.spent_at)),
        ("note", text(entry.note)),
    ]
    return facts(known, width)


def _pending(waiting: PendingApproval) -> list[tuple[str, str]]:
    """Who has approved and how many are missing, where it takes more than one."""
    given = f"{waiting.needed - waiting.missing} of {waiting.needed}"
    by = f" ({', '.join(map(text, waiting.approved_by))})" if waiting.approved_by else ""
    rows = [("approvals", f"{given}{by}, {waiting.missing} missing")] if waiting.needed > 1 else []
    if waiting.version is not None:
        return rows
    asked = f"{text(waiting.what)}, asked by {text(waiting.asked_by)}"
    how = f"{AGREE} {text(waiting.model)}  (or reject-lowering)"
    return [("release rule", f"{asked}: {how}"), *rows]


def _alias(number: int | None, at: Any) -> str:
    return "none" if number is None else f"v{number}, deployed {moment(at)}"


def _task(model: ModelRecord) -> str:
    return f" ({text(model.task)})" if model.task else ""


def _scores(model: ModelRecord) -> list[tuple[str, str]]:
    rows = []
    if model.score is not None:
        rows.append(("score", f"{text(model.metric)} {figure(model.score)} on the holdout"))
    if model.live_rows:
        rows.append(("live score", live(model)))
    return rows


def _settings(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield prefix + key, setting(value)


def _champion(request: ModelPromote, found: ModelVersion) -> str:
    if "champion" in found.aliases:
        return f"v{found.version} is the champion of {found.model}"
    return f"v{found.version} of {found.model} waits for the approval of others"


def _lowering(request: ModelApproveLowering | ModelRejectLowering, model: ModelRecord) -> str:
    waiting = [each for each in model.pending if each.version is None]
    if waiting:
        return f"Releases of {model.name} need fewer people after {counted(waiting[0].missing, 'more approval')}"
    people = model.approvals_needed
    return f"Releases of {model.name}: policy {model.release_policy}, approvals {people}"


def _approved(request: ModelApprove, found: ModelVersion) -> str:
    name = f"{found.model} v{found.version}"
    return f"{name} is the champion" if "champion" in found.aliases else f"{name} has your approval"


def _approval(request: ModelApprove, found: ModelVersion) -> str:
    done = "and is now the champion" if "champion" in found.aliases else "and needs more approvals"
    return f"{found.model} v{found.version} is approved {done}."


def _rejected(request: ModelReject, found: ModelVersion) -> str:
    return f"{found.model} v{found.version} is rejected"


def _retired(request: ModelRetire, model: ModelRecord) -> str:
    return f"{model.name} is retired"


FORMATS = {
    ModelTrain: Format(jobs.describe),
    ModelPromote: Format(describe_version, state=_champion, done=lambda *args: f"{_champion(*args)}."),
    ModelApprove: Format(describe_version, state=_approved, done=_approval),
    ModelReject: Format(
        describe_version, state=_rejected, done=lambda *args: f"{_rejected(*args)}; the champion stays."
    ),
    ModelApproveLowering: Format(state=_lowering, done=lambda *args: f"{_lowering(*args)}."),
    ModelRejectLowering: Format(state=_lowering, done=lambda *args: f"{_lowering(*args)}."),
    ModelRetire: Format(
        state=_retired,
        done=lambda *args: f"{_retired(*args)}.",
        already=lambda before, model: bool(before.retired),
    ),
    ValueShow: Format(describe_value),
    ModelCost: Format(describe_cost),
    ModelThreshold: Format(describe_threshold),
    ValueThresholds: Format(describe_thresholds),
}
