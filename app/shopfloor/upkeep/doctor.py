"""The health of a workspace: check everything, report what is wrong and what to do, repair what is safe."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.requests.workspace import DoctorFinding, DoctorReport
from shopfloor.domain.streaming import StreamStatus
from shopfloor.runtime.context import Context
from shopfloor.upkeep.checks import environment, ledger, objects, releases, store, streams
from shopfloor.upkeep.checks.doctor_context import Check, DoctorContext
from shopfloor.upkeep.rebuilding import Ask
from shopfloor.upkeep.references import references

READING_SECONDS = 300.0

# Rights and folders first: other checks need what they repair.
CHECKS: tuple[Check, ...] = (
    environment.settings,
    environment.definitions,
    environment.rights,
    environment.folders,
    store.store,
    store.journal,
    store.counters,
    ledger.files,
    ledger.quarantined,
    ledger.datasets,
    streams.streams,
    objects.parts,
    objects.artifacts,
    objects.logs,
    releases.aliases,
    releases.champions,
    environment.leftovers,
    environment.lock,
    environment.disk,
    environment.engine,
    environment.notify,
)


def examine(
    context: Context,
    *,
    repair: bool = False,
    deep: bool | None = None,
    stream_status: Sequence[StreamStatus] = (),
    ask: Ask | None = None,
) -> DoctorReport:
    """Every check's findings; `ok` when nothing is wrong that was not repaired.

    `deep` (with `repair` by default) reads every stored byte and compares digests, newest parts first, for at
    most five minutes. `repair` corrects what can be derived again: counters, what is shown of datasets, deployment
    files, rights, missing drop folders, leftovers in staging; and, where there is a worker to `ask`, parts whose
    originals are in the archive. It never removes data or changes a version. `stream_status` is what only the
    running engine knows.
    """
    reading = repair if deep is None else deep
    deadline = context.clock.monotonic() + READING_SECONDS
    held = context.store.read(lambda query: references(query, context.layout))
    doctor = DoctorContext(
        context=context, held=held, deep=reading, repair=repair, deadline=deadline, streams=stream_status, ask=ask
    )
    findings: list[DoctorFinding] = [finding for check in CHECKS for finding in check(doctor)]
    return DoctorReport(ok=all(found.ok or found.repaired for found in findings), findings=tuple(findings))
