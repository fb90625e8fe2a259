"""The metadata store: schema, journal, counted ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shopfloor.domain.numbers import count
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted
from shopfloor.store import migrate
from shopfloor.store.journal import Journal
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.checks.doctor_context import DoctorContext, unwell, well

# A crash tears the end of a line off; a whole line with another checksum was changed on disk.
_WHOLE = re.compile(rb"^[0-9a-f]{8} \{.*\]\}\n?$", re.DOTALL)
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
        yield unwell("store", f"degraded: {held.degraded}. Free disk space and restart: shopfloor down")
        return
    schema = int(doctor.rows("SELECT value FROM meta WHERE key = 'schema'")[0][0])
    if schema != migrate.newest():
        yield unwell("store", f"schema {schema} where this program writes {migrate.newest()}")
        return
    notes = [held.salvaged] if held.salvaged else []
    notes += [f"{held.replayed} commits were restored from the journal at the start"] if held.replayed else []
    yield well("store", "; ".join([f"open, schema {schema}, event {held.last_seq}", *notes]))


def journal(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """It is not newer than the database, and no line of it was changed."""
    kept = Journal(doctor.layout.journal)
    known = kept.last_seq()
    held = doctor.context.store.last_seq
    if known > held:
        yield unwell(
            "journal",
            f"it knows event {known}, the database ends at {held}: restart the engine to restore the rows",
        )
    lines = damaged = 0
    for path in sorted(doctor.layout.journal.glob("[0-9]*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                lines += 1
                damaged += _WHOLE.match(line) is not None
    intact = sum(1 for _ in kept.entries())
    changed = max(0, damaged - intact)
    if changed:
        yield unwell(
            "journal", f"{changed} of {count(lines)} lines were changed on disk; make a backup now: shopfloor backup"
        )
    elif known <= held:
        torn = lines - intact
        yield well(
            "journal", counted(intact, "commit") + (f", {counted(torn, 'line')} torn by a crash" if torn else "")
        )


def counters(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """No id that is in use can be given out again."""
    last = dict(doctor.rows("SELECT kind, last FROM counters"))
    behind = {
        kind: number for kind, number in doctor.rows(_NUMBERS) if number is not None and number > last.get(kind, 0)
    }

    def mend(transaction: Transaction) -> None:
        for kind, number in behind.items():
            transaction.put("counters", {"kind": kind, "last": number})
        transaction.emit("store.repaired", "store", "The doctor raised the counters of ids above those in use")

    if behind:
        repaired = doctor.mend(lambda: doctor.context.store.write(mend))
        shown = ", ".join(f"{kind}{number}" for kind, number in sorted(behind.items()))
        yield unwell("counters", f"ids up to {shown} are in use but would be assigned again", repaired=repaired)
    else:
        yield well("counters", "all ids are unique")
