"""Rows that left a dataset: which model versions learned from them, and what follows for releases and alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.release import GATE, AliasChange, ModelVersion, WithdrawnRows
from shopfloor.domain.text import counted
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.monitoring import alerts as rules
from shopfloor.monitoring import live_score
from shopfloor.release import aliases, releasing
from shopfloor.store import alerts, datasets, learned, models, runs, trust
from shopfloor.store.transaction import Transaction


def follow(transaction: Transaction, version: DatasetVersion, watching: Iterable[ModelDefinition]) -> frozenset[str]:
    """Mark what learned from rows that left with `version`, and unmark it where they came back.

    A marked version that was a challenger or awaited approval is neither any more, and `previous` names a champion
    without a mark. Alerts that only deliveries which left had caused are closed. Rows that a delivery of keyed or
    replaced rows brings anew have left only where they were in doubt. Scores on rows that left are no live scores of
    the models that are `watching`. Returns the models whose champion is marked.
    """
    changed = _changed_files(transaction, version)
    if not changed:
        return frozenset()
    models_touched = set()
    for (model, number), lost in learned.lost_rows(transaction, version.dataset, changed).items():
        _mark(transaction, version, models.version(transaction, model, number), lost)
        models_touched.add(model)
    for model in sorted(models_touched):
        _name_previous(transaction, model)
    if _leave(transaction, version):
        for definition in watching:
            live_score.find_again(transaction, definition)
    return frozenset(learned.withdrawn_champions(transaction))


def lost_meanwhile(transaction: Transaction, known: ModelVersion) -> dict[int, dict[str, int]]:
    """The rows that a version which is made just now learned from and that left while it was trained, by the
    dataset version that they left with, by file.
    """
    run = runs.get(transaction, known.run)
    if run.dataset is None or run.dataset_version is None:
        return {}
    found = {}
    for number in range(run.dataset_version + 1, datasets.current_version(transaction, run.dataset) + 1):
        version = datasets.version(transaction, run.dataset, number)
        changed = _changed_files(transaction, version) if version is not None else frozenset()
        lost = learned.lost_rows(transaction, run.dataset, changed).get((known.model, known.version), {})
        if any(lost.values()):
            found[number] = lost
    return found


def mark_late(transaction: Transaction, known: ModelVersion, lost: Mapping[int, Mapping[str, int]]) -> None:
    """Mark a version that was made just now with what `lost_meanwhile` found."""
    run = runs.get(transaction, known.run)
    for number, rows in lost.items():
        version = datasets.version(transaction, run.dataset or "", number)
        assert version is not None
        _mark(transaction, version, models.version(transaction, known.model, known.version), rows)


def _changed_files(transaction: Transaction, version: DatasetVersion) -> frozenset[str]:
    """The files of which the version has other rows than the one before; only those of a person's decision, or of
    deliveries in doubt.
    """
    if version.restored is None and not datasets.removes_parts(transaction, version.dataset, version.version):
        return frozenset()
    before = learned.rows_by_file(datasets.parts(transaction, version.dataset, version.version - 1))
    now = learned.rows_by_file(version.parts)
    changed = frozenset(
        file for file in {*before, *now} - set(version.files) if before.get(file, 0) != now.get(file, 0)
    )
    if not _replaces(transaction, version):
        return changed
    return changed & {
        file for one in trust.of_dataset(transaction, version.dataset) if _in_doubt(one) for file in one.files
    }


def _replaces(transaction: Transaction, version: DatasetVersion) -> bool:
    """Whether its rows took the place of others because they always do, and not because a person decided so."""
    dataset = datasets.get(transaction, version.dataset)
    return version.restored is None and bool(version.files) and (dataset is None or dataset.mode != Mode.APPEND)


def _in_doubt(verdict: DeliveryTrust) -> bool:
    return verdict.trust in (Trust.BROKEN, Trust.SUSPECT)


def _mark(transaction: Transaction, version: DatasetVersion, known: ModelVersion, lost: Mapping[str, int]) -> None:
    earlier = known.withdrawn.files if known.withdrawn is not None else {}
    files = {file: rows for file, rows in {**earlier, **lost}.items() if rows}
    cause = f"replaced by {version.cause}" if version.files else version.cause
    mark = WithdrawnRows(dataset_version=version.version, cause=cause, files=files) if files else None
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
        f"{ref}{held} learned from {counted(mark.rows, 'row')} that left {version.dataset}: {cause}",
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
            actor=GATE,
            cause="withdrawn",
            reason="it learned from withdrawn rows",
            at=transaction.now,
        )
        models.move_alias(transaction, change)


def _name_previous(transaction: Transaction, model: str) -> None:
    """A rollback goes back to no version that is marked."""
    state = releasing.release_state_of(transaction, model)
    action = aliases.ReleaseAction(
        actor=GATE, now=transaction.now, reason="it learned from withdrawn rows", cause="withdrawn"
    )
    for change in aliases.name_previous(state, action):
        models.move_alias(transaction, change)


def _leave(transaction: Transaction, version: DatasetVersion) -> bool:
    """Verdicts about deliveries of which no row is left, and the alerts that only they had caused; whether a delivery
    left or came back.
    """
    present = frozenset(learned.rows_by_file(version.parts))
    verdicts = trust.of_dataset(transaction, version.dataset)
    only_doubts = _replaces(transaction, version)
    gone, moved = [], False
    for verdict in verdicts:
        if only_doubts and not _in_doubt(verdict):
            continue
        is_gone = bool(verdict.files) and present.isdisjoint(verdict.files)
        if is_gone is not (verdict.withdrawn is not None):
            moved = True
            trust.put(transaction, replace(verdict, withdrawn=version.version if is_gone else None))
        gone += [verdict] if is_gone else []
    others = {alert for verdict in verdicts if verdict not in gone for alert in verdict.alerts}
    refs = {alert: verdict.ref for verdict in gone for alert in verdict.alerts if alert not in others}
    _close(transaction, refs, version)
    return moved


def _close(transaction: Transaction, caused: Mapping[str, str], version: DatasetVersion) -> None:
    for id, ref in caused.items():
        alert = alerts.get(transaction, id)
        if alert.state is AlertState.RESOLVED:
            continue
        note = f"{alert.note} The rows of {ref} left the dataset in @{version.version}: {version.cause}.".strip()
        resolved = rules.resolve(alert, note, transaction.now)
        alerts.put(transaction, resolved)
        alerts.emit(transaction, "resolved", resolved)
