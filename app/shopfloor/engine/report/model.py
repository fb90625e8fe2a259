"""The page about a model: its card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shopfloor.domain.decision_words import decided, scores, verdict
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.explanation import Explanation, lines
from shopfloor.domain.live_words import live
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult, CheckVerdict
from shopfloor.domain.numbers import NOTHING, count, exact, figure, interval, money
from shopfloor.domain.release import AliasChange, ModelRecord, ModelVersion
from shopfloor.domain.run import RunRecord
from shopfloor.domain.test_score import ModelTestScore
from shopfloor.domain.text import counted
from shopfloor.domain.value import ValueReport
from shopfloor.engine.report import pictures
from shopfloor.engine.report.document import HtmlPage, moment
from shopfloor.monitoring.records import CALIBRATION, ESTIMATED_PERFORMANCE, FEATURE_DRIFT, PERFORMANCE

_COLUMNS = 25
_OTHERS = (CALIBRATION, ESTIMATED_PERFORMANCE)
_OF_OUTCOMES = (PERFORMANCE, *_OTHERS)


@dataclass(frozen=True)
class ModelCard:
    """What the page is made from. `version` is the champion, else the newest; `checks` and `moves` are newest first.

    `newest_checks` has one result of each check and column, `why` the tree of the version.
    """

    record: ModelRecord
    definition: ModelDefinition
    version: ModelVersion | None
    run: RunRecord | None
    versions: int
    moves: Sequence[AliasChange]
    checks: Sequence[CheckResult]
    newest_checks: Sequence[CheckResult]
    alerts: Sequence[AlertRecord]
    value: ValueReport | None
    why: Explanation | None
    test_score: ModelTestScore
    made_at: datetime


def model_page(card: ModelCard) -> str:
    """The page as HTML."""
    page = HtmlPage(f"Model {card.record.name}", "Report of a Shopfloor workspace.", card.made_at)
    _about(page, card)
    _performance(page, card)
    _decision(page, card)
    _champions(page, card)
    _drift(page, card)
    _segments(page, card)
    _value(page, card)
    _alerts(page, card)
    _lineage(page, card)
    _test_score(page, card.test_score)
    return page.html()


def _about(page: HtmlPage, card: ModelCard) -> None:
    record, definition, run = card.record, card.definition, card.run
    champion = f"v{record.champion}, since {moment(record.deployed_at)}" if record.champion else "none"
    page.section("What it is")
    page.facts(
        [
            ("predicts", f"{definition.target} ({record.task or 'task not known yet'})"),
            ("from", f"dataset {definition.dataset}"),
            ("time", definition.time or ""),
            ("association id", definition.id or ""),
            ("segments", ", ".join(definition.segment_by)),
            ("excluded columns", ", ".join(definition.exclude)),
            ("champion", champion),
            ("algorithm", run.chosen or "" if run else ""),
            ("trained on", f"{run.dataset}@{run.dataset_version}" if run and run.dataset_version else ""),
            ("withdrawn rows", _withdrawn(card.version)),
            ("release", f"{definition.release.policy}, {counted(card.versions, 'version')} so far"),
            ("state", "retired" if record.retired else ""),
            ("artifact", card.version.artifact.sha256 if card.version else ""),
        ]
    )
    for note in run.notes if run else ():
        page.muted(note)


def _withdrawn(version: ModelVersion | None) -> str:
    """The rows that it learned from and that have left the dataset."""
    mark = version.withdrawn if version is not None else None
    return (
        "" if mark is None else f"{count(mark.rows)} that it learned from left in @{mark.dataset_version}: {mark.cause}"
    )


def _performance(page: HtmlPage, card: ModelCard) -> None:
    page.section("Performance")
    newest = [check for check in card.newest_checks if check.check == PERFORMANCE]
    number = card.version.version if card.version is not None else None
    promised = next((check.evidence for check in newest if check.model_version == number), {})
    holdout = f"{card.record.metric} {figure(card.record.score)}" if card.record.score is not None else ""
    page.facts(
        [
            ("promise", f"{holdout}{_bounds(promised.get('holdout_interval'))}{_rows(promised.get('holdout_rows'))}"),
            ("measured", live(card.record)),
        ]
    )
    measured = [check for check in reversed(card.checks) if check.check == PERFORMANCE and check.value is not None]
    for source in dict.fromkeys(["data", *(check.source for check in measured)]):
        series = [check for check in measured if check.source == source]
        points = [(_event_time(check), check.value) for check in series if check.value is not None]
        limit = series[-1].limit if series else None
        rows = "delivery" if source == "data" else "predictions with actuals"
        page.picture(pictures.line(points, limit, f"{card.record.metric} by {rows}, with the limit of its check"))
    for check in newest:
        page.text(f"{_version(check.model_version)}: {check.message}")
    if not newest:
        page.text("It has not been measured on labelled rows since its training.")
    for check in card.newest_checks:
        if check.check in _OTHERS:
            page.text(check.message)


def _bounds(found: object) -> str:
    return f" {interval((found[0], found[1]))}" if isinstance(found, list) and len(found) == 2 else ""


def _rows(found: object) -> str:
    return f" on {counted(found, 'holdout row')}" if isinstance(found, int) and found else ""


def _event_time(check: CheckResult) -> str:
    """The end of the rows that a check is about where it says so, else its own time."""
    last = check.evidence.get("last") or check.evidence.get("until")
    return str(last) if last else moment(check.at)


def _decision(page: HtmlPage, card: ModelCard) -> None:
    page.section("Gate decision")
    decision = card.version.decision if card.version else None
    if card.version is None or decision is None:
        page.text("The gate has not evaluated a version yet.")
        return
    page.text(f"v{card.version.version} {decided(card.version)}: {decision.reason}")
    page.facts(
        [
            ("evidence", scores(decision)),
            ("decided", f"{moment(decision.decided_at)} by {decision.decided_by}"),
            ("approved by", ", ".join(card.version.approvals)),
        ]
    )
    page.table(
        ("Check", "Verdict", "Value", "Limit", "Detail"),
        [(one.code, verdict(one), figure(one.value), figure(one.limit), one.detail) for one in decision.checks],
    )


def _champions(page: HtmlPage, card: ModelCard) -> None:
    page.section("Champions")
    moves = [move for move in card.moves if move.alias == "champion"]
    page.table(
        ("Since", "Champion", "Before", "By", "Reason"),
        [
            (moment(move.at), _version(move.version), _version(move.previous), move.actor, move.reason or move.cause)
            for move in moves
        ],
        empty="No version has been champion yet.",
    )


def _version(number: int | None) -> str:
    return NOTHING if number is None else f"v{number}"


def _drift(page: HtmlPage, card: ModelCard) -> None:
    page.section("Columns")
    drift = [check for check in card.newest_checks if check.check == FEATURE_DRIFT and check.feature]
    drift.sort(key=lambda check: -(check.value or 0.0))
    rows = [
        (_column(check), (check.value or 0.0) / check.limit, check.verdict is CheckVerdict.SHIFTED)
        for check in drift[:_COLUMNS]
        if check.limit
    ]
    page.picture(pictures.bars(rows, "Drift of each column as a multiple of its limit", mark=1.0))
    others = [check for check in card.newest_checks if check.check not in _OF_OUTCOMES]
    page.table(
        ("Check", "Column", "Verdict", "Value", "Limit", "Rows", "Message"),
        map(_check, others),
        empty="No check has run yet.",
    )


def _check(check: CheckResult) -> tuple[str, ...]:
    verdict = "inconclusive" if check.verdict is CheckVerdict.UNKNOWN else check.verdict.value
    rows = count(check.rows)
    return (check.check, _column(check), verdict, figure(check.value), figure(check.limit), rows, check.message)


def _column(check: CheckResult) -> str:
    """The column, and where its rows are those of predictions."""
    served = "" if check.source == "data" else "of predictions"
    return " ".join(one for one in (check.feature, served) if one)


def _segments(page: HtmlPage, card: ModelCard) -> None:
    if card.run is not None and card.run.segments:
        page.section("Segments")
        page.table(
            ("Segment", "Rows", "Score", "Served by"),
            [
                (
                    one.segment,
                    count(one.rows),
                    figure(one.score),
                    f"the pooled model: {one.fallback}" if one.fallback else "",
                )
                for one in card.run.segments
            ],
        )


def _value(page: HtmlPage, card: ModelCard) -> None:
    report = card.value
    if report is None:
        return
    page.section("Value")
    page.facts(
        [
            ("realised", f"{money(report.total, report.unit)} on {counted(report.rows, 'row')}"),
            ("constant answer", _money(report.baseline, report.unit)),
            ("planned per row", _money(report.planned_per_row, report.unit)),
            ("note", report.note),
        ]
    )
    page.picture(pictures.bars([(one.period, one.value, one.value < 0) for one in report.points], "Value by period"))


def _money(amount: float | None, unit: str) -> str:
    return NOTHING if amount is None else money(amount, unit)


def _alerts(page: HtmlPage, card: ModelCard) -> None:
    page.section("Alerts")
    page.table(
        ("Alert", "Opened", "Severity", "State", "Message"),
        [(one.id, moment(one.opened_at), one.severity, one.state, _told(one)) for one in card.alerts],
        empty="No alert has been opened.",
    )


def _told(alert: AlertRecord) -> str:
    closed = f" Resolved {moment(alert.resolved_at)}." if alert.state is AlertState.RESOLVED else ""
    return f"{alert.message}{f' {alert.cause}' if alert.cause else ''}{closed}"


def _lineage(page: HtmlPage, card: ModelCard) -> None:
    if card.why is not None:
        page.section("From the data to the decision")
        page.lines(_tree(card.why))


def _tree(why: Explanation) -> Iterator[str]:
    for branch, words in lines(why):
        yield f"{branch}{words}"


def _test_score(page: HtmlPage, found: ModelTestScore) -> None:
    page.section("ML Test Score")
    page.text(f"{exact(found.score)}: {found.reading}")
    sums = [(name, total, total == found.score) for name, total in found.sections.items()]
    page.picture(pictures.bars(sums, "Points of each section, of 7"))
    page.table(
        ("Test", "Score", "What", "By", "Evidence"),
        [(one.code, exact(one.score), one.title, one.answered_by, one.evidence) for one in found.tests],
    )
