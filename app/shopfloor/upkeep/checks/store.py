"""The metadata store: schema, journal, counted ids."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted
from shopfloor.store import migrate
from shopfloor.store.journal import Journal
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.checks.doctor_context import DoctorContext, failed, passed

_NUMBERS = """
SELECT kind, max(number) FROM (
    SELECT 'f' AS kind, number FROM files UNION ALL SELECT 'r', number FROM runs UNION ALL SELECT 'j', number FROM jobs
    UNION ALL SELECT 'a', number FROM alerts UNION ALL SELECT 'c', number FROM checks
    UNION ALL SELECT 'r', TRY_CAST(substr(run, 2) AS BIGINT) FROM model_versions WHERE starts_with(run, 'r')
    UNION ALL SELECT 'f', TRY_CAST(substr(unnest(from_json(files, '["VARCHAR"]')), 2) AS BIGINT) FROM dataset_versions
) GROUP BY kind
"""


def store(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """It is open, of the schema that this program writes, and not degraded."""
    held = doctor.context.store
    if held.degraded:
        yield failed("store", f"degraded: {held.degraded}. Free disk space or repair the disk; it heals by itself")
        return
    schema = int(doctor.rows("SELECT value FROM meta WHERE key = 'schema'")[0][0])
    if schema != migrate.newest():
        yield failed("store", f"schema {schema} where this program writes {migrate.newest()}")
        return
    notes = [held.recovered] if held.recovered else []
    notes += [f"{held.replayed} commits were restored from the journal"] if held.replayed else []
    yield passed("store", "; ".join([f"open, schema {schema}, event {held.last_seq}", *notes]))


def journal(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """It is not newer than the database, and no line of it was changed."""
    kept = Journal(doctor.layout.journal)
    known = kept.last_seq()
    held = doctor.context.store.last_seq
    if known > held:
        yield failed(
            "journal",
            f"it knows event {known}, the database ends at {held}: restart the engine to restore the rows",
        )
    found = kept.survey()
    if found.changed:
        yield failed(
            "journal",
            f"{counted(found.changed, 'line')} changed on disk; make a backup now: shopfloor backup",
        )
    elif known <= held:
        torn = f", {counted(found.torn, 'line')} torn by a crash" if found.torn else ""
        yield passed("journal", counted(found.commits, "commit") + torn)


def counters(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """No id that is in use can be given out again."""
    last = dict(doctor.rows("SELECT kind, last FROM counters"))
    behind = {
        kind: number for kind, number in doctor.rows(_NUMBERS) if number is not None and number > last.get(kind, 0)
    }

    def apply_repair(transaction: Transaction) -> None:
        for kind, number in behind.items():
            transaction.put("counters", {"kind": kind, "last": number})
        message = "The doctor raised the counters of ids above those in use"
        transaction.emit("store.repaired", "store", message, data={"counters": behind})

    if behind:
        repaired = doctor.apply_repair(lambda: doctor.context.store.write(apply_repair))
        shown = ", ".join(f"{kind}{number}" for kind, number in sorted(behind.items()))
        yield failed("counters", f"ids up to {shown} are in use but would be assigned again", repaired=repaired)
    else:
        yield passed("counters", "all ids are unique")
