"""The workspace as a whole as text; its status in at most ten lines."""

from __future__ import annotations

from pathlib import Path

from shopfloor.cli.output.cells import count, joined, share, size, span, text
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import facts, paragraphs, sentence
from shopfloor.domain.notice import Undelivered
from shopfloor.domain.requests.workspace import (
    Backup,
    Doctor,
    DoctorFinding,
    DoctorReport,
    Gc,
    GcReport,
    IdleReport,
    Rescan,
    Undo,
    UndoReport,
)
from shopfloor.domain.status import DegradedCause, Status
from shopfloor.domain.text import counted, first_of

_NAMED = 3


def describe(status: Status, width: int | None) -> str:
    """All of `Status` that a person looks for first."""
    return facts(
        [
            ("workspace", _named(status)),
            ("engine", _engine(status)),
            ("watcher", _watcher(status)),
            ("files", _files(status)),
            ("jobs", _jobs(status)),
            ("holds", _holds(status)),
            ("alerts", f"{count(status.alerts.open)} open, {_acknowledged(status)}"),
            ("approvals", f"{count(status.approvals)} waiting for approval"),
            *([("in doubt", _in_doubt(status))] if status.in_doubt else []),
            *[("not used", text(why)) for why in list(status.unreadable.values())[:_NAMED]],
            *[("notify", _undelivered(each)) for each in status.undelivered],
            ("factory", _factory(status)),
        ],
        width,
    )


def _named(status: Status) -> str:
    """Path, and the name where the folder has another."""
    path = text(status.workspace)
    return path if status.name in ("", Path(status.workspace).name) else f"{text(status.name)}, {path}"


def unfinished(report: IdleReport) -> str:
    """What is not done yet, in words."""
    parts = [
        counted(report.unsettled_files, "file is", "files are") + " unsettled",
        counted(report.queued_jobs, "job is", "jobs are") + " queued",
        counted(report.running_jobs, "job is", "jobs are") + " running",
    ]
    numbers = (report.unsettled_files, report.queued_jobs, report.running_jobs)
    shown = [part for part, number in zip(parts, numbers, strict=True) if number]
    return ", ".join(shown) or "Nothing to do"


def _scanned(report: IdleReport, width: int | None) -> str:
    return "\n".join([*map(text, report.problems), f"{unfinished(report)}."])


def describe_doctor(report: DoctorReport, width: int | None) -> str:
    """What was checked, and the result."""
    verdict = "The workspace is healthy." if report.ok else "The workspace needs attention."
    rows = [(f"{_mark(each)} {text(each.check)}", text(each.detail)) for each in report.findings]
    return paragraphs(facts(rows, width), sentence(verdict, width))


def describe_gc(report: GcReport, width: int | None) -> str:
    """What was, or would be, removed."""
    verb = "Would remove" if report.dry_run else "Removed"
    head = f"{verb} {counted(report.objects, 'object')}, {size(report.bytes)}."
    return "\n".join([*(text(path) for path in report.paths), head])


def _mark(finding: DoctorFinding) -> str:
    return "fixed " if finding.repaired else "ok    " if finding.ok else "FAIL  "


def _in_doubt(status: Status) -> str:
    """The deliveries that wait for a person; `why` says what speaks against one and what can be done."""
    named = first_of([f"{text(one.ref)} ({one.trust})" for one in status.in_doubt], _NAMED)
    return f"{named}: shopfloor why {text(status.in_doubt[0].ref)}"


def _undelivered(rule: Undelivered) -> str:
    tries = counted(rule.attempts, "try", "tries")
    return f"rule {text(rule.rule)}: {counted(rule.events, 'event')} not delivered after {tries}: {text(rule.error)}"


def _engine(status: Status) -> str:
    engine = status.engine
    words = f"running {span(engine.uptime_s)}, pid {engine.pid}, version {text(engine.version)}"
    return "; ".join(
        [words, *(f"DEGRADED: {text(one.message)}" for one in engine.degraded if one.code is not DegradedCause.WATCHER)]
    )


def _watcher(status: Status) -> str:
    watcher = status.engine.watcher
    words = f"{text(watcher.backend)}, scan every {span(watcher.scan_seconds)}"
    detail = f": {text(watcher.detail)}" if watcher.detail else ""
    return words + detail if watcher.healthy else f"{words}; DEGRADED{detail}"


def _files(status: Status) -> str:
    files = status.files
    shown = [
        f"{count(files.waiting)} waiting",
        f"{count(files.quarantined)} quarantined",
        f"{count(files.committed)} committed",
        f"{count(files.duplicate)} duplicate",
        f"{count(files.refused)} refused",
        f"{count(files.seen)} seen",
    ]
    return ", ".join(shown)


def _jobs(status: Status) -> str:
    jobs = status.jobs
    running = f" ({joined(status.running)})" if status.running else ""
    failed = ": shopfloor job list --unresolved" if jobs.failed else ""
    return f"{count(jobs.queued)} queued, {count(jobs.running)} running{running}, {count(jobs.failed)} failed{failed}"


def _holds(status: Status) -> str:
    return (
        f"{counted(status.datasets, 'dataset')},"
        f" {counted(status.models, 'model')}, {counted(status.runs, 'run')},"
        f" {counted(status.predictions, 'prediction')}"
        f"{f' ({count(status.humility.rows)} not trusted)' if status.humility.rows else ''}"
    )


def _acknowledged(status: Status) -> str:
    return f"{count(status.alerts.acknowledged)} acknowledged"


def _factory(status: Status) -> str:
    figures = status.factory
    parts = [counted(figures.deployments_30d, "deployment") + " in 30 days"]
    if figures.lead_time_s is not None:
        parts.append(f"lead time {span(figures.lead_time_s)}")
    if figures.rollback_share is not None:
        parts.append(f"{share(figures.rollback_share)} rolled back")
    if figures.restore_time_s is not None:
        parts.append(f"time to restore {span(figures.restore_time_s)}")
    return ", ".join(parts)


def describe_undo(report: UndoReport, width: int | None) -> str:
    """The change that is taken back, what that does, and what stays."""
    title = f"{'Would undo' if report.dry_run else 'Undone'}: {text(report.message)}"
    steps = [f"  {text(step)}" for step in report.steps]
    return "\n".join([title, *steps, *(f"  {text(line)}" for line in report.stays)])


FORMATS = {
    Undo: Format(describe_undo),
    Rescan: Format(_scanned, failed=lambda report: bool(report.problems)),
    Doctor: Format(describe_doctor, failed=lambda report: not report.ok),
    Backup: Format(
        lambda report, width: text(report.path),
        done=lambda request, report: f"{size(report.bytes)}, up to event {report.seq}.",
    ),
    Gc: Format(describe_gc),
}
