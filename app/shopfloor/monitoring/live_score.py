"""The score by which a champion is shown to do now, found again where what it was of has left or is vouched for."""

from __future__ import annotations

from msgspec.structs import replace

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import CheckResult
from shopfloor.monitoring.preparing import known_history
from shopfloor.monitoring.records import PERFORMANCE
from shopfloor.store import alerts, models
from shopfloor.store.transaction import Transaction


def find_again(transaction: Transaction, definition: ModelDefinition) -> None:
    """The newest score of the champion on rows that count; that of no rows where there is none.

    What was served says more than what would have been, where one look scored both. A look at rows that do not count
    is none at served ones either: it knew their labels.
    """
    state = models.state(transaction, definition.name)
    champion = models.aliases(transaction, definition.name).get("champion")
    if champion is None or not state.live_rows:
        return
    scored = [
        result
        for result in alerts.checks_of(transaction, definition.name, PERFORMANCE)
        if result.model_version == champion and result.value is not None
    ]
    counting = {(result.at, result.evidence.get("data")) for result in known_history(transaction, definition)}
    out = {result.at for result in scored if (result.at, result.evidence.get("data")) not in counting}
    usable = [result for result in scored if result.at not in out]
    newest = max(usable, key=lambda result: (result.at, result.evidence.get("source") == "inference"), default=None)
    models.put_state(transaction, models.unmeasured(state) if newest is None else _with(state, newest))


def _with(state: models.ModelState, scored: CheckResult) -> models.ModelState:
    known, of = (int(scored.evidence.get(name) or 0) for name in ("matched", "predictions"))
    return replace(state, live_score=scored.value, live_rows=scored.rows, live_known=known, live_of=of)
