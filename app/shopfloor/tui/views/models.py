"""Models, their versions, decisions and history on screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shopfloor.domain.live_words import live, maturity
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, interval, money
from shopfloor.domain.release import (
    Decision,
    GateCheck,
    ModelChange,
    ModelPart,
    ModelRecord,
    ModelVersion,
    Outcome,
    PendingApproval,
)
from shopfloor.domain.text import counted
from shopfloor.tui.theme import FAIL, OK, WAIT, WARN, State
from shopfloor.tui.views import words
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Chart, Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.line_plot import Series
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import sparkline

COLUMNS = (
    TableColumn("state", "STATE", width=7),
    TableColumn("name", "NAME", ratio=2, min=12, max=26),
    TableColumn("live", "VER", width=4, align="right"),
    TableColumn("score", "SCORE", width=6, align="right"),
    TableColumn("live_score", "LIVE (n)", width=14, align="right", priority=67),
    TableColumn("known", "KNOWN", width=5, align="right", priority=66),
    TableColumn("alerts", "ALERTS", width=6, align="right", priority=80),
    TableColumn("predictions", "PREDS", width=7, align="right", priority=50),
    TableColumn("predicted", "LAST", width=4, align="right", priority=65),
    TableColumn("volume", "14 DAYS", width=14, priority=35),
    TableColumn("policy", "RELEASE", width=8, priority=40),
    TableColumn("value", "VALUE", width=10, align="right", priority=45),
    TableColumn("deployed", "AGE", width=4, align="right", priority=70),
)
MOST_CHANGES = 12
_OUTCOMES = {
    Outcome.PROMOTE: State("promote", "ok"),
    Outcome.HOLD: State("hold", "warn"),
    Outcome.AWAIT_APPROVAL: State("approve?", "accent"),
    Outcome.REJECT: State("reject", "fail"),
}


def state(model: ModelRecord) -> State:
    """What a model's line says first."""
    if model.error:
        return FAIL
    if model.retired:
        return State("retired", "muted")
    if model.awaiting_approval is not None:
        return State("approve", "accent")
    if model.open_alerts:
        return WARN
    return OK if model.champion is not None else WAIT


def row(model: ModelRecord) -> Row:
    """One line of the list."""
    text = state(model)
    score = (
        f"{words.score(model.live_score)} ({words.compact(model.live_rows)})"
        if model.live_score is not None
        else words.NONE
    )
    return Row(
        model.name,
        (
            Cell(text.word, text.tone),
            model.name,
            words.version(model.champion),
            words.score(model.score),
            score,
            maturity(model) or words.NONE,
            Cell(str(model.open_alerts), "warn") if model.open_alerts else words.NONE,
            words.compact(model.predictions),
            words.ago(model.predicted_at),
            Cell(_spark(model), "accent"),
            model.release_policy,
            f"{words.compact(model.value)} {model.value_unit}" if model.value is not None else words.NONE,
            words.ago(model.deployed_at),
        ),
    )


def sections(
    model: ModelRecord, versions: Sequence[ModelVersion], history: Sequence[ModelChange], checks: Sequence[CheckResult]
) -> list[Section]:
    """The detail: what serves, the gate's last decision and why, versions, monitoring, history."""
    found = [Section("model", model.name, _summary(model))]
    judged = _in_question(model, versions)
    if judged is not None and judged.decision is not None:
        pairs = decision_pairs(judged.decision, judged.version, model)
        found.append(Section("decision", f"The gate on v{judged.version}", pairs, note=_outcome(judged, model).word))
        found.append(_reasons(judged.decision))
    scores = [version.score for version in reversed(versions) if version.score is not None]
    if len(scores) > 1:
        chart = Chart(
            [Series(model.metric or "score", scores)],
            x_labels=(f"v{versions[-1].version}", f"v{versions[0].version}"),
            rows=6,
        )
        found.append(Section("scores", "Holdout score by version", chart))
    if versions:
        found.append(Section("versions", "Versions", [_version_line(version, model) for version in versions[:12]]))
    if checks:
        shifted = sum(check.verdict is CheckVerdict.SHIFTED for check in checks)
        note = f"{shifted} of {len(checks)} shifted"
        found.append(Section("monitor", "Monitoring", [_check_line(check) for check in _worst(checks)], note=note))
    if history:
        found.append(Section("history", "History", [_changed(change) for change in history[:MOST_CHANGES]]))
    return found


def _in_question(model: ModelRecord, versions: Sequence[ModelVersion]) -> ModelVersion | None:
    """The version to show: the one that waits for approval, else the newest."""
    waiting = [version for version in versions if version.version == model.awaiting_approval]
    return next(iter([*waiting, *versions]), None)


def _outcome(version: ModelVersion, model: ModelRecord) -> State:
    """What the gate decided, as it stands now: what waited for a person may wait no longer."""
    if version.decision is None:
        return State("", "")
    outcome = version.decision.outcome
    if outcome is Outcome.AWAIT_APPROVAL and version.version != model.awaiting_approval:
        return State("decided", "muted")
    return _OUTCOMES[outcome]


def _reasons(decision: Decision) -> Section:
    verdicts = Counter(check.passed for check in decision.checks)
    note = f"{verdicts[True]} passed, {verdicts[False]} failed, {verdicts[None]} open"
    return Section("checks", "Checks of the gate", check_pairs(decision.checks), note=note)


def _summary(model: ModelRecord) -> list[Pair]:
    pairs = [
        *([Pair("not used", model.error, "fail")] if model.error else []),
        Pair("predicts", f"{model.target} from {model.dataset} ({model.task or 'task not inferred yet'})"),
        Pair(
            "champion",
            f"v{model.champion}  {model.metric} {words.score(model.score)}, for {words.ago(model.deployed_at)}"
            if model.champion is not None
            else "none yet: the first version that passes the gate",
            "strong",
        ),
        Pair("previous", f"{words.version(model.previous)}  (R rolls back)" if model.previous else words.NONE),
        Pair("challenger", words.version(model.challenger)),
        Pair(
            "live",
            f"{model.metric} {live(model)}" if model.live_rows else "no actuals yet",
        ),
        Pair("predictions", _predictions(model)),
        *([Pair("not trusted", model.humility.told(model.predictions))] if model.humility.rows else []),
        *([Pair("14 days", _volume(model), "accent")] if any(model.volume) else []),
        Pair("release", model.release_policy),
    ]
    if model.value is not None:
        pairs.append(
            Pair("value", f"{money(model.value, model.value_unit)} realised", "ok" if model.value >= 0 else "fail")
        )
    if model.awaiting_approval is not None:
        pairs.insert(1, Pair("waits", f"v{model.awaiting_approval} for approval: A approves, X rejects", "accent"))
    pairs += [Pair("approvals", _approvals(each), "accent") for each in model.pending if each.needed > 1]
    return pairs


def _approvals(waiting: PendingApproval) -> str:
    what = f"v{waiting.version}" if waiting.version is not None else waiting.what
    by = f" ({', '.join(waiting.approved_by)})" if waiting.approved_by else ""
    return f"{what}: {waiting.needed - waiting.missing} of {waiting.needed}{by}, {waiting.missing} missing"


def _spark(model: ModelRecord) -> str:
    """Rows predicted on each day, today last; nothing for a model without predictions."""
    return sparkline(model.volume, len(model.volume), low=0) if any(model.volume) else ""


def _predictions(model: ModelRecord) -> str:
    age = words.ago(model.predicted_at)
    if not model.predictions:
        return "none yet"
    last = "" if age == words.NONE else ", the last now" if age == "now" else f", the last {age} ago"
    return f"{counted(model.predictions, 'row')} predicted{last}"


def _volume(model: ModelRecord) -> str:
    return f"{_spark(model)}  {words.compact(model.volume[-1])} today, maximum {words.compact(max(model.volume))}"


def decision_pairs(decision: Decision, version: int, model: ModelRecord) -> list[Pair]:
    """The verdict about a version in words and numbers, and whether it is about another champion than there is now."""
    outcome = _OUTCOMES[decision.outcome]
    pairs = [Pair("verdict", decision.reason, outcome.tone)]
    if decision.champion != model.champion != version:
        then = f"v{decision.champion} was champion" if decision.champion is not None else "there was no champion"
        now = f"v{model.champion} is" if model.champion is not None else "there is none"
        pairs.append(Pair("decided", f"{words.ago(decision.decided_at)} ago, when {then}; now {now}", "warn"))
    if decision.gain is not None:
        bounds = "" if decision.interval is None else f"  {interval(decision.interval)}"
        pairs.append(
            Pair("gain", f"{words.gain(decision.gain)}{bounds} {decision.metric} on {counted(decision.rows, 'row')}")
        )
    if decision.champion_score is not None:
        pairs.append(
            Pair(
                "scores",
                f"{words.score(decision.challenger_score)} against {words.score(decision.champion_score)}"
                f" of champion v{decision.champion}",
            )
        )
    return pairs


def decision_facts(decision: Decision, version: int, model: ModelRecord) -> list[Pair]:
    """The verdict for a dialog: the gain, and the failed checks."""
    against = [check for check in decision.checks if check.passed is not True]
    passed = f"{len(decision.checks) - len(against)} of {len(decision.checks)} checks passed"
    return [*decision_pairs(decision, version, model), Pair("checks", passed), *check_pairs(against)]


def check_pairs(checks: Sequence[GateCheck]) -> list[Pair]:
    """One line a check of the gate, failed ones first."""
    order = {False: 0, None: 1, True: 2}
    return [_gate_check(check) for check in sorted(checks, key=lambda check: order[check.passed])]


def _gate_check(check: GateCheck) -> Pair:
    word, tone = {True: ("ok", "ok"), False: ("FAIL", "fail"), None: ("?", "wait")}[check.passed]
    if check.passed is False and not check.blocking:
        word, tone = "note", "warn"
    text = check.detail or f"{words.number(check.value)}, limit {words.number(check.limit)}"
    return Pair(f"{word:<4} {check.code}", text, "" if check.passed is not True else "muted", tone)


def _version_line(version: ModelVersion, model: ModelRecord) -> Pair:
    outcome = _outcome(version, model)
    aliases = f"  {', '.join(version.aliases)}" if version.aliases else ""
    data = f"data @{version.dataset_version}" if version.dataset_version is not None else "imported"
    tone = "ok" if "champion" in version.aliases else outcome.tone
    text = f"{words.score(version.score)}  {outcome.word:<8}  {data:<8}  {words.ago(version.created_at):>3}{aliases}"
    return Pair(f"v{version.version}", text, "" if "champion" not in version.aliases else "strong", tone or "muted")


def _worst(checks: Sequence[CheckResult]) -> list[CheckResult]:
    order = {CheckVerdict.SHIFTED: 0, CheckVerdict.UNKNOWN: 1, CheckVerdict.OK: 2, CheckVerdict.UNCHECKED: 3}
    return sorted(checks, key=lambda check: (order[check.verdict], -(check.importance or 0.0)))[:10]


def _check_line(check: CheckResult) -> Pair:
    tone = {"shifted": "warn", "unknown": "wait", "ok": "ok", "unchecked": "muted"}[check.verdict.value]
    word = {"shifted": "SHIFT", "unknown": "?", "ok": "ok", "unchecked": "none"}[check.verdict.value]
    value = "" if check.value is None else f"{words.number(check.value)} (limit {words.number(check.limit)})"
    text = f"{value}  n={count(check.rows)}" if value else check.message
    return Pair(f"{word:<5} {check.feature or check.check.replace('_', ' ')}", text, "", tone)


def _changed(change: ModelChange) -> Pair:
    target = f"v{change.version}" if change.version is not None else "nothing"
    match change.part:
        case ModelPart.ALIAS:
            what = f"{change.alias} → {target}"
        case ModelPart.VERSION:
            what = f"{target} {', '.join(change.changes)}"
        case _:
            what = f"{change.part} {', '.join(change.changes)}"
    by = f"by {change.actor}" if change.actor else change.cause
    why = change.reason or (change.cause if change.actor else "")
    return Pair(words.ago(change.at), f"{what} {by}: {why}" if why else f"{what} {by}")
