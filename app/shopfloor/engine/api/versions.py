"""Answers about versions of a dataset: what one holds, what changed between two, and going back."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.dataset import ColumnProfile, DatasetVersion, VersionDiff
from shopfloor.domain.errors import NotFoundError, RefusedError, ShopfloorError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.job import JobKind
from shopfloor.domain.requests.datasets import DatasetDiff, DatasetProfile, DatasetProfileShow, DatasetRollback
from shopfloor.duck.sandbox import Sandbox
from shopfloor.engine.api.datasets import named, resolve
from shopfloor.engine.services import EngineServices
from shopfloor.lake.diff import diff as compare
from shopfloor.lake.locations import part_files
from shopfloor.lake.records import DiffAnswer, DiffSpec, ProfileAnswer, ProfileSpec, Side
from shopfloor.lake.tasks import compare_versions, profile_version
from shopfloor.runtime import damage
from shopfloor.runtime.line import VersionCommitted
from shopfloor.runtime.task import WorkerTask
from shopfloor.store import datasets, jobs
from shopfloor.store.transaction import Transaction

_SECONDS = 600.0
_MOST_EXAMPLES = 1000


def profile(services: EngineServices, request: DatasetProfileShow) -> DatasetProfile:
    """Statistics of every column; only parts without cached statistics are read."""
    found = services.context.store.read(lambda query: resolve(query, request.ref))
    answer = profile_of(services, found, _SECONDS)
    return DatasetProfile(
        dataset=found.dataset,
        version=found.version,
        rows=found.rows,
        columns=answer.columns,
        parts=len(found.parts),
        parts_read=answer.parts_read,
    )


def profile_of(services: EngineServices, version: DatasetVersion, seconds: float) -> ProfileAnswer:
    """Statistics of the version's columns, by a worker within `seconds`."""
    spec = ProfileSpec(
        sandbox=_sandbox(services), cache=str(services.context.layout.statistics), side=_side(services, version)
    )
    return convert(services.pool.light_adhoc.ask(WorkerTask(profile_version, spec), seconds=seconds), ProfileAnswer)


def profile_of_column(services: EngineServices, dataset: str, name: str, seconds: float) -> ColumnProfile | None:
    """Statistics of one column of the newest version; None without rows, or where that takes too long."""
    try:
        newest = services.context.store.read(lambda query: resolve(query, dataset))
        columns = tuple(column for column in newest.columns if column.name == name)
        found = profile_of(services, msgspec.structs.replace(newest, columns=columns), seconds).columns
    except ShopfloorError:
        return None
    return found[0] if found else None


def diff(services: EngineServices, request: DatasetDiff) -> VersionDiff:
    """What changed between two versions."""
    left, right = services.context.store.read(
        lambda query: (resolve(query, request.left), resolve(query, request.right))
    )
    if left.dataset != right.dataset:
        raise UsageError(
            f"{left.dataset} and {right.dataset} are different datasets.",
            hint="Compare two versions of one dataset.",
            code="two_datasets",
        )
    spec = DiffSpec(
        sandbox=_sandbox(services),
        cache=str(services.context.layout.statistics),
        left=_side(services, left),
        right=_side(services, right),
        rows=request.rows,
        key=_key(services, request, left, right),
        limit=min(max(request.limit, 0), _MOST_EXAMPLES),
    )
    answer = convert(services.pool.light_adhoc.ask(WorkerTask(compare_versions, spec), seconds=_SECONDS), DiffAnswer)
    return msgspec.structs.replace(compare(left, right), columns=answer.columns, row_diff=answer.rows)


def _key(
    services: EngineServices, request: DatasetDiff, left: DatasetVersion, right: DatasetVersion
) -> tuple[str, ...]:
    """The requested key; else the contract's key, where both versions have its columns."""
    if request.key is not None:
        return request.key
    contract = services.context.contract(right.dataset)
    key = contract.key if contract is not None else ()
    names = {column.name for column in left.columns} & {column.name for column in right.columns}
    return key if names.issuperset(key) else ()


def _sandbox(services: EngineServices) -> Sandbox:
    scratch = services.context.layout.staging / f"look-{ulid()}"
    return Sandbox(scratch=str(scratch), memory_mb=services.context.settings.intake.memory_mb)


def _side(services: EngineServices, version: DatasetVersion) -> Side:
    return Side(parts=part_files(services.context.layout, version.parts), columns=version.columns)


def rollback(services: EngineServices, request: DatasetRollback) -> DatasetVersion:
    """A new version with the content of an earlier one; the newest one itself when it has that content.

    Its parts are read before. Outside the transaction, because all of them are.
    """
    with suppress(NotFoundError):  # said below, unless the request is a repeated one
        old = services.context.store.read(lambda query: resolve(query, request.ref))
        damage.refuse_damaged_rows(services.context, old)
    return services.mutate(request, lambda transaction: go_back(services, transaction, request.ref, request.reason))


def go_back(services: EngineServices, transaction: Transaction, ref: str, reason: str) -> DatasetVersion:
    """The newest version gets the content of `ref`, by the transaction's actor."""
    old = resolve(transaction, ref)
    _refuse_derived(services, old)
    record = named(transaction, old.dataset)
    newest = resolve(transaction, old.dataset)
    if old.digest == newest.digest:
        return newest  # another version would say nothing
    _refuse_during_intake(transaction, old)
    again = msgspec.structs.replace(
        old,
        version=newest.version + 1,
        added_rows=old.rows - newest.rows,
        changed_rows=0,
        files=(),
        notices=(),
        created_at=transaction.now,
        restored=old.version,
        cause=f"rollback to {old.dataset}@{old.version} by {transaction.actor}" + (f": {reason}" if reason else ""),
    )
    datasets.commit_version(transaction, again, record.mode, previous=newest.parts)
    transaction.emit(
        "dataset.committed",
        old.dataset,
        f"{old.dataset}@{again.version}: {again.cause}",
        actor=transaction.actor,
        data={"version": again.version, "rows": again.rows, "restored": old.version},
    )
    services.context.line.after(transaction, VersionCommitted(again))
    return again


def _refuse_derived(services: EngineServices, old: DatasetVersion) -> None:
    contract = services.context.contract(old.dataset)
    if contract is not None and contract.query:
        raise RefusedError(
            f"The rows of {old.dataset} are made by its query from other datasets.",
            hint="Roll one of those back; its rows are then made again.",
            code="made_by_query",
        )


def _refuse_during_intake(transaction: Transaction, old: DatasetVersion) -> None:
    """A delivery that replaces rows was read against the newest version; its commit would undo this silently."""
    if any(job.kind is JobKind.INTAKE and job.subject == old.dataset for job in jobs.running(transaction)):
        raise RefusedError(
            f"A delivery to {old.dataset} is being taken in right now.",
            hint=f"Then go back: shopfloor wait && shopfloor dataset rollback {old.dataset}@{old.version}",
            code="intake_running",
        )
