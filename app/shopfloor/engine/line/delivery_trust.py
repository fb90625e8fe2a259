"""What a training learns from: the rows that nothing speaks against, and what it has to say of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from msgspec.structs import replace

from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.run import RunRecord
from shopfloor.domain.text import counted
from shopfloor.domain.trust import MONITORING, DeliveryTrust, Trust
from shopfloor.monitoring.delivery_verdict import by_evidence, judged
from shopfloor.release.data_trust import is_in_doubt
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import DeliveryTrusted
from shopfloor.store import datasets, jobs, models, runs, trust
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

PATIENCE = timedelta(minutes=30)
"""So long a training waits for the verdict of the deliveries that it would learn; then it does without."""


def await_verdict(transaction: Transaction, version: DatasetVersion, checked: Sequence[str]) -> None:
    """Nothing is known of a delivery that has still to be `checked`, by these models. A person's word stands."""
    if not checked:
        return
    known = trust.get(transaction, version.dataset, version.version)
    if known is None:
        known = DeliveryTrust(
            dataset=version.dataset, version=version.version, files=version.files, decided_at=transaction.now
        )
    waiting = replace(known, pending=tuple(dict.fromkeys((*known.pending, *checked))))
    trust.put(transaction, waiting if waiting.decided_by != MONITORING else by_evidence(waiting, transaction.now))


def expect_no_verdict(context: Context, transaction: Transaction, definition: ModelDefinition) -> None:
    """A model that is out of service checks no delivery any more; what the others found decides."""
    for before in trust.awaiting(transaction, definition.dataset, definition.name):
        verdict = judged(before, definition.name, (), (), transaction.now)
        trust.put(transaction, verdict)
        if before.trust is Trust.UNKNOWN and verdict.trust is Trust.TRUSTED:
            trigger = f"{definition.name} is retired and checks {verdict.ref} no more"
            context.line.after(transaction, DeliveryTrusted(verdict.dataset, verdict.version, trigger))


def holds_back(context: Context, query: Query) -> Callable[[JobRecord], bool]:
    """Which trainings wait for a verdict: a delivery of their dataset is being checked."""
    checked = jobs.datasets_being_checked(query)
    waiting = {definition.name for dataset in checked for definition in context.models_of(dataset)}
    now = context.clock.now()
    return lambda job: job.kind is JobKind.TRAIN and job.subject in waiting and now - job.created_at < PATIENCE


def excluded_files(query: Query, definition: ModelDefinition, version: DatasetVersion) -> tuple[str, ...]:
    """The files of broken deliveries whose rows a training leaves out, as the definition says.

    Only where rows are added, never replaced: there a part holds what one delivery brought. What shares a part with
    other rows stays, and so does everything where nothing else would be left.
    """
    if not definition.training.exclude_broken:
        return ()
    dataset = datasets.get(query, version.dataset)
    if dataset is None or dataset.mode != Mode.APPEND:
        return ()
    present = {file for part in version.parts for file in _files(part)}
    broken = [one for one in trust.in_doubt(query, version.dataset, present) if one.trust is Trust.BROKEN]
    wanted = {file for one in broken for file in one.files} & present
    left = {file for part in version.parts if not _files(part) <= wanted for file in _files(part)}
    return tuple(sorted(wanted - left)) if left else ()


def without(parts: Iterable[Part], files: Iterable[str]) -> tuple[Part, ...]:
    """The parts but those that hold rows of `files` only."""
    out = frozenset(files)
    return tuple(part for part in parts if not out or not _files(part) or not _files(part) <= out)


def _files(part: Part) -> frozenset[str]:
    return frozenset(span.file for span in part.files)


def learned_files(query: Query, run: RunRecord) -> frozenset[str]:
    """The files whose rows a run learned from."""
    if run.dataset is None or run.dataset_version is None:
        return frozenset()
    parts = datasets.parts(query, run.dataset, run.dataset_version)
    return frozenset(file for part in parts for file in _files(part)) - frozenset(run.excluded)


def doubts(query: Query, run: RunRecord) -> list[DeliveryTrust]:
    """The deliveries in doubt that a run learned from, as things stand now."""
    return trust.in_doubt(query, run.dataset, learned_files(query, run)) if run.dataset is not None else []


def concerns(query: Query, model: str, dataset: str, number: int) -> bool:
    """Whether the model's newest version left rows of a delivery out, or learned them while it was in doubt."""
    versions = models.versions(query, model, 1, 0).rows
    delivery = trust.get(query, dataset, number)
    if not versions or delivery is None:
        return False
    run = runs.get(query, versions[0].run)
    if frozenset(delivery.files) & frozenset(run.excluded):
        return True
    return is_in_doubt(versions[0].decision) and not learned_files(query, run).isdisjoint(delivery.files)


def notes(query: Query, run: RunRecord) -> tuple[str, ...]:
    """What a run says of the rows that it left out."""
    if run.dataset is None or not run.excluded:
        return ()
    left = frozenset(run.excluded)
    return tuple(
        f"{counted(len(left.intersection(one.files)), 'file')} of {one.ref} "
        f"({', '.join(file for file in one.files if file in left)}) left out: {one.trust}, {one.why}"
        for one in trust.of_dataset(query, run.dataset)
        if left.intersection(one.files)
    )
