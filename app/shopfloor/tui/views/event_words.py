"""What a fact is called on screen: one short word for each kind of event, the same in every pane."""

from __future__ import annotations

from typing import Final

from shopfloor.domain.event import Event
from shopfloor.tui.theme import State

WIDTH: Final = 11
"""Cells that every word fits."""

_WORDS: Final = {
    "file.arrived": State("arrived", ""),
    "file.waiting": State("settling", ""),
    "file.staged": State("staged", ""),
    "file.committed": State("committed", "ok"),
    "file.duplicate": State("duplicate", "muted"),
    "file.quarantined": State("quarantined", "warn"),
    "file.held_again": State("held again", "warn"),
    "file.refused": State("refused", "fail"),
    "file.discarded": State("discarded", "muted"),
    "file.vanished": State("vanished", "warn"),
    "dataset.committed": State("new version", "ok"),
    "dataset.defined": State("contract", ""),
    "dataset.notice": State("notice", "warn"),
    "dataset.in_doubt": State("in doubt", "warn"),
    "dataset.trusted": State("trusted", "ok"),
    "dataset.repaired": State("repaired", "warn"),
    "model.defined": State("defined", ""),
    "model.imported": State("imported", ""),
    "model.retired": State("retired", "muted"),
    "model.withdrawn_rows": State("rows left", "warn"),
    "model.measured": State("measured", ""),
    "run.started": State("training", "run"),
    "run.finished": State("trained", "ok"),
    "run.failed": State("FAIL", "fail"),
    "run.unchanged": State("unchanged", "muted"),
    "alias.moved": State("alias", "ok"),
    "release.promote": State("promoted", "ok"),
    "release.hold": State("hold", "warn"),
    "release.reject": State("rejected", "fail"),
    "release.rejected": State("rejected", "fail"),
    "release.await_approval": State("approve?", ""),  # whether it still waits, the model's own row says
    "release.promoted": State("promoted", "ok"),
    "release.approved": State("approved", "ok"),
    "release.rolled": State("rolled back", "warn"),
    "release.requested": State("approve?", ""),
    "release.lowering_requested": State("approve?", ""),
    "retrain.train": State("retrain", "run"),
    "retrain.ask": State("train?", "warn"),
    "retrain.skip": State("no training", "muted"),
    "predictions.logged": State("predicted", ""),
    "predictions.damaged": State("damaged", "fail"),
    "alert.opened": State("alert", "warn"),
    "alert.updated": State("alert again", "warn"),
    "alert.reopened": State("open again", "warn"),
    "alert.severity_changed": State("severity", "warn"),
    "alert.acknowledged": State("acked", "muted"),
    "alert.snoozed": State("snoozed", "muted"),
    "alert.resolved": State("resolved", "ok"),
    "monitor.failed": State("FAIL", "fail"),
    "monitor.held_back": State("by chance", "muted"),
    "job.queued": State("queued", "muted"),
    "job.started": State("started", "run"),
    "job.finished": State("finished", "ok"),
    "job.failed": State("FAIL", "fail"),
    "job.lost": State("lost", "lost"),
    "job.adopted": State("adopted", "muted"),
    "job.retried": State("retried", "run"),
    "job.cancelling": State("cancelling", "muted"),
    "job.cancelled": State("cancelled", "muted"),
    "engine.started": State("engine up", "muted"),
    "engine.stopped": State("engine down", "muted"),
}


def event_word(event: Event) -> State:
    """The word and tone of an event; a kind that nobody foresaw is called by its own verb."""
    if event.kind == "alias.moved" and event.data.get("alias") == "champion":
        return State("champion", "ok")
    known = _WORDS.get(event.kind)
    if known is not None:
        return known
    noun, _, verb = event.kind.partition(".")
    both = f"{noun} {verb}".replace("_", " ")
    return State(both if len(both) <= WIDTH else verb.replace("_", " ") or noun, "")
