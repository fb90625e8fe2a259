"""The two lines over every pane: where you are, how the engine is, the panes with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shopfloor.actions.panes import PANES, Scope
from shopfloor.domain.status import DegradedCause
from shopfloor.tui.app_type import App
from shopfloor.tui.views import words
from shopfloor.tui.widgets.header import PaneTab, StatusHeader, StatusItem

if TYPE_CHECKING:
    from shopfloor.domain.status import Status


class Chrome(StatusHeader):
    """A `StatusHeader` that reads the workspace's status."""

    def show(self, app: App, scope: Scope) -> None:
        """Tabs and status as of the newest answer of the engine."""
        status = app.status
        self.set_tabs(_tabs(status), scope.value)
        self.set_status(items_of(status) if status is not None else [StatusItem("connecting")])
        if app.link_lost:
            self.set_link("stopped" if app.engine_stopped else "lost", app.link_lost)
        else:
            self.set_link("live")


def items_of(status: Status) -> Sequence[StatusItem]:
    """What the header says of the engine, the work and what waits for a person."""
    watcher = status.engine.watcher
    items = [
        StatusItem(
            "watch on" if watcher.healthy else f"scan {words.span(watcher.scan_seconds)}",
            "" if watcher.healthy else "warn",
        )
    ]
    if status.files.waiting:
        items.append(StatusItem(f"{status.files.waiting} arriving", "run", "datasets"))
    if status.running:
        more = f" +{len(status.running) - 1}" if len(status.running) > 1 else ""
        items.append(StatusItem(f"{status.running[0]}{more}", "run", "activity"))
    elif status.jobs.queued:
        items.append(StatusItem(f"{status.jobs.queued} queued", "run", "activity"))
    if status.jobs.failed:
        items.append(StatusItem(f"failed {status.jobs.failed}", "fail", "activity"))
    if status.files.quarantined:
        items.append(StatusItem(f"held {status.files.quarantined}", "warn", "datasets"))
    if status.approvals:
        items.append(StatusItem(f"approve {status.approvals}", "accent", "models"))
    if status.alerts.open:
        items.append(StatusItem(f"alerts {status.alerts.open}", "warn", "alerts"))
    # The watcher has its own item, the first one.
    degraded = [one for one in status.engine.degraded if one.code is not DegradedCause.WATCHER]
    if degraded:
        worst, *others = degraded
        more = f" +{len(others)}" if others else ""
        items.append(StatusItem(f"degraded: {worst.code.replace('_', ' ')}{more}", "fail"))
    return items


def _tabs(status: Status | None) -> list[PaneTab]:
    return [
        PaneTab(
            name=scope.value,
            key=pane.key,
            label=pane.label,
            short=pane.short,
            count="" if status is None else str(pane.count(status)),
            urgent=status is not None and pane.urgent(status) > 0,
        )
        for scope, pane in PANES.items()
    ]
