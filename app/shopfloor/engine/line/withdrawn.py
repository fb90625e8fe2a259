"""Rows that left a dataset: which model versions learned from them, and what follows for releases and alerts."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.release import AliasChange, ModelVersion, WithdrawnRows
from shopfloor.domain.text import counted
from shopfloor.monitoring import alerts as rules
from shopfloor.store import alerts, datasets, learned, models, trust
from shopfloor.store.transaction import Transaction


def follow(transaction: Transaction, version: DatasetVersion) -> frozenset[str]:
    """Mark what learned from rows that left with `version`, and unmark it where they came back.

    A marked version that was a challenger or awaited approval is neither any more. Alerts that only deliveries which
    left had caused are closed. Rows that a delivery of keyed or replaced rows brings anew have not left. Returns the
    models whose champion is marked.
    """
    changed = _changed_files(transaction, version)
    if not changed:
        return frozenset()
    for (model, number), lost in learned.lost_rows(transaction, version.dataset, changed).items():
        _mark(transaction, version, models.version(transaction, model, number), lost)
    _leave(transaction, version)
    return frozenset(learned.withdrawn_champions(transaction))


def _changed_files(transaction: Transaction, version: DatasetVersion) -> frozenset[str]:
    """The files of which the version has other rows than the one before; only those of a person's decision."""
    if version.restored is None and not datasets.removes_parts(transaction, version.dataset, version.version):
        return frozenset()
    before = learned.rows_by_file(datasets.parts(transaction, version.dataset, version.version - 1))
    now = learned.rows_by_file(version.parts)
    if version.restored is None and version.files:
        dataset = datasets.get(transaction, version.dataset)
        if dataset is None or dataset.mode != Mode.APPEND:
            return frozenset()
    return frozenset(file for file in {*before, *now} - set(version.files) if before.get(file, 0) != now.get(file, 0))


def _mark(transaction: Transaction, version: DatasetVersion, known: ModelVersion, lost: Mapping[str, int]) -> None:
    earlier = known.withdrawn.files if known.withdrawn is not None else {}
    files = {file: rows for file, rows in {**earlier, **lost}.items() if rows}
    mark = WithdrawnRows(dataset_version=version.version, cause=version.cause, files=files) if files else None
    if files == earlier:
        return
    marked = replace(known, withdrawn=mark)
    models.put_version(transaction, marked)
    if mark is None:
        return
    ref = f"{known.model}@{known.version}"
    held = f" ({', '.join(known.aliases)})" if known.aliases else ""
    transaction.emit(
        "model.withdrawn_rows",
        known.model,
        f"{ref}{held} learned from {counted(mark.rows, 'row')} that left {version.dataset}: {version.cause}",
        data={"version": known.version, "rows": mark.rows, "files": sorted(files), "dataset_version": version.version},
    )
    _release(transaction, marked)


def _release(transaction: Transaction, marked: ModelVersion) -> None:
    """It is no candidate any more; a champion stays until another replaces it."""
    state = models.state(transaction, marked.model)
    if state.awaiting == marked.version:
        models.put_state(transaction, replace(state, awaiting=None))
    if "challenger" in marked.aliases:
        change = AliasChange(
            model=marked.model,
            alias="challenger",
            version=None,
            previous=marked.version,
            actor="gate",
            cause="withdrawn",
            reason="it learned from withdrawn rows",
            at=transaction.now,
        )
        models.move_alias(transaction, change)


def _leave(transaction: Transaction, version: DatasetVersion) -> None:
    """Verdicts about deliveries of which no row is left, and the alerts that only they had caused."""
    present = frozenset(learned.rows_by_file(version.parts))
    verdicts = trust.of_dataset(transaction, version.dataset)
    gone = []
    for verdict in verdicts:
        is_gone = bool(verdict.files) and present.isdisjoint(verdict.files)
        if is_gone is not (verdict.withdrawn is not None):
            trust.put(transaction, replace(verdict, withdrawn=version.version if is_gone else None))
        gone += [verdict] if is_gone else []
    others = {alert for verdict in verdicts if verdict not in gone for alert in verdict.alerts}
    refs = {alert: verdict.ref for verdict in gone for alert in verdict.alerts if alert not in others}
    _close(transaction, refs, version)


def _close(transaction: Transaction, caused: Mapping[str, str], version: DatasetVersion) -> None:
    for id, ref in caused.items():
        alert = alerts.get(transaction, id)
        if alert.state is AlertState.RESOLVED:
            continue
        note = f"{alert.note} The rows of {ref} left the dataset in @{version.version}: {version.cause}.".strip()
        resolved = rules.resolve(alert, note, transaction.now)
        alerts.put(transaction, resolved)
        alerts.emit(transaction, "resolved", resolved)
