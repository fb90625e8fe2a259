"""Answers that get a screen of their own: logs, file bytes, value, back-tests, health."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.screen import ModalScreen

from shopfloor.actions.action import Action
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.explanation import Explanation
from shopfloor.domain.numbers import money
from shopfloor.domain.record import Record
from shopfloor.domain.requests.alerts import BacktestReport
from shopfloor.domain.requests.files import FileBytes
from shopfloor.domain.requests.jobs import JobLog, JobLogText
from shopfloor.domain.requests.workspace import DoctorReport
from shopfloor.domain.text import counted
from shopfloor.domain.value import ValueComparison, ValueReport
from shopfloor.tui.app_type import App
from shopfloor.tui.ask_with_progress import ask_with_progress
from shopfloor.tui.performing import ask_inputs, show_error
from shopfloor.tui.views import words
from shopfloor.tui.views.datasets import watch_line
from shopfloor.tui.widgets.detail_pane import DetailPane, Section
from shopfloor.tui.widgets.explanation_tree import ExplanationTree
from shopfloor.tui.widgets.footer import ActionFooter, FooterItem
from shopfloor.tui.widgets.key_value import Pair

_FOLLOW_SECONDS = 10.0
_LINES = 5000


async def show_answer(app: App, action: Action, record: Record | str | None, given: dict[str, str]) -> None:
    """Ask, and show the answer."""
    inputs = await ask_inputs(app, action, record, given)
    if inputs is None:
        return
    try:
        answer = await ask_with_progress(app, action.label, action.request(record, inputs), timeout=300.0)
    except ShopfloorError as error:
        show_error(app, error, f"{action.label} was not done.")
        return
    follows = isinstance(answer, JobLogText) and not answer.ended
    if await app.turn(f"{action.label} has its answer"):
        app.push_screen(LogScreen(app, answer) if follows else AnswerScreen(sections(action, answer)))


class AnswerScreen(ModalScreen[None]):
    """Sections over the pane; escape closes."""

    DEFAULT_CSS = """
    AnswerScreen { align: center middle; }
    AnswerScreen DetailPane { width: 92%; height: 85%; border: round $border; background: $surface; padding: 1 2; }
    AnswerScreen ActionFooter { dock: bottom; }
    """
    BINDINGS = [("escape,q", "app.pop_screen", "Close")]

    def __init__(self, shown: Sequence[Section]) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        yield DetailPane(focusable=True, id="answer")
        yield ActionFooter([FooterItem("view.back", "esc", "Close")])

    async def on_mount(self) -> None:
        pane = self.query_one("#answer", DetailPane)
        await pane.show(self._shown)
        pane.focus()


class LogScreen(AnswerScreen):
    """The log of a job that has not ended, with each line as it is written."""

    def __init__(self, app: App, log: JobLogText) -> None:
        super().__init__([_log(log)])
        self._app = app
        self._log = log

    async def on_mount(self) -> None:
        await super().on_mount()
        self.follow()

    @work(exit_on_error=False)
    async def follow(self) -> None:
        """Ask for what comes next until the job has ended; a lost engine ends it, too."""
        pane = self.query_one("#answer", DetailPane)
        while not self._log.ended:
            request = JobLog(id=self._log.id, after=self._log.end, wait_s=_FOLLOW_SECONDS)
            try:
                more = await self._app.client.ask(request, timeout=2 * _FOLLOW_SECONDS)
            except ShopfloorError:
                return
            self._log = msgspec.structs.replace(more, lines=(*self._log.lines, *more.lines)[-_LINES:])
            await pane.show([_log(self._log)])
            pane.scroll_end(animate=False)


def _log(log: JobLogText) -> Section:
    note = "" if log.ended else "running"
    return Section("log", f"Log of {log.id}", "\n".join(log.lines) or "The job log is empty.", note=note)


def sections(action: Action, answer: object) -> list[Section]:
    """An answer as sections."""
    if isinstance(answer, JobLogText):
        return [_log(answer)]
    if isinstance(answer, FileBytes):
        return [
            Section(
                "bytes", f"File {answer.id}", [Pair(str(answer.first + n), line) for n, line in enumerate(answer.lines)]
            )
        ]
    if isinstance(answer, Explanation):
        return _explained(answer)
    if isinstance(answer, ValueReport):
        return _value(answer)
    if isinstance(answer, BacktestReport):
        return _backtest(answer)
    if isinstance(answer, DoctorReport):
        pairs = [Pair(found.check, found.detail, "ok" if found.ok else "fail") for found in answer.findings]
        return [Section("doctor", "No problems found" if answer.ok else "Findings", pairs)]
    pairs = [
        Pair(name.replace("_", " "), words.value_text(value)) for name, value in msgspec.to_builtins(answer).items()
    ]
    return [Section("answer", action.label, pairs)]


def _explained(found: Explanation) -> list[Section]:
    watched = [Section("watch", "New files", [watch_line(found.watcher)])] if found.watcher is not None else []
    return [Section("why", found.path or found.ref, ExplanationTree(found)), *watched]


def _value(report: ValueReport) -> list[Section]:
    pairs = [
        Pair("total", f"{money(report.total, report.unit)}", "ok" if report.total >= 0 else "fail"),
        Pair("rows", f"{counted(report.rows, 'prediction')} with actuals"),
    ]
    if report.baseline is not None:
        pairs.append(Pair("baseline", f"{money(report.baseline, report.unit)} with a constant prediction"))
    if report.planned_per_row is not None:
        pairs.append(Pair("planned", f"{money(report.planned_per_row, report.unit)} a row"))
    if report.entries:
        pairs.append(Pair("costs", money(report.costs, report.unit)))
        pairs.append(Pair("net", money(report.net or 0.0, report.unit), "ok" if (report.net or 0) >= 0 else "fail"))
    if report.payback_on is not None:
        pairs.append(Pair("paid back", f"since {report.payback_on}"))
    elif report.payback_expected is not None:
        pairs.append(Pair("paid back", f"expected on {report.payback_expected}"))
    found = [Section("value", f"Value of {report.model}", pairs)]
    if report.compared:
        compared = [
            Pair(f"{one.against} ({one.name})", f"{money(one.gain, report.unit, signed=True)} a row", _side(one))
            for one in report.compared
        ]
        found.append(Section("compared", f"The champion's {counted(report.champion_rows, 'row')} against", compared))
    if report.points:
        lines = [
            Pair(
                f"{point.period} v{point.model_version}",
                f"{money(point.value, report.unit)} on {counted(point.rows, 'row')}",
            )
            for point in report.points
        ]
        found.append(Section("points", "By period and version", lines))
    if report.note:
        found.append(Section("note", "Note", report.note))
    return found


def _side(compared: ValueComparison) -> str:
    """Better, worse, or neither for certain."""
    low, high = compared.interval or (-1.0, 1.0)
    return "ok" if low > 0 else "fail" if high < 0 else ""


def _backtest(report: BacktestReport) -> list[Section]:
    lines = [
        Pair(
            f"@{one.dataset_version}",
            ("ALERT  " if one.fired else "quiet  ") + (", ".join(one.shifted[:6]) or "no drift"),
            "warn" if one.fired else "ok",
        )
        for one in report.deliveries
    ]
    return [
        Section(
            "backtest",
            f"{counted(report.alerts, 'alert')} in {counted(len(report.deliveries), 'delivery', 'deliveries')}"
            f" against v{report.model_version}",
            lines,
        )
    ]
