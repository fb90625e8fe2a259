"""Why a file, a dataset version or anything that has no rule of its own is as it is."""

from __future__ import annotations

from shopfloor.arrival.why import outcome
from shopfloor.domain.explanation import Explained
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.numbers import change
from shopfloor.domain.text import counted, safe
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.engine.why.evidence import StoredEvidence, history, notes
from shopfloor.lineage.key import Key
from shopfloor.store import datasets, files, trust


def file(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """What became of a delivered file, how it was read, and which of its rows were left out."""
    (found,) = files.records(evidence.query, [key.name])
    facts = list(notes(found.notices))
    if found.rejected_rows:
        rejected = f"{counted(found.rejected_rows, 'row was', 'rows were')} left out."
        facts.append(Explained(kind="check", message=rejected, hint=f"shopfloor file rejects {found.id}"))
    if found.corrects is not None:
        facts.append(Explained(kind="file", ref=found.corrects, message="An earlier file has the same path."))
    return Explained(
        kind="file",
        ref=found.id,
        state=found.state.value,
        message=f"{safe(found.path, 120)}: {outcome(found)}",
        at=found.committed_at or found.seen_at,
        hint=found.reason.hint if found.reason is not None else "",
        because=(*facts, *history(evidence, found.dataset, "file", found.id)),
    )


def dataset_version(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """What a version added, and what was noticed about it."""
    found = datasets.version(evidence.query, key.name, key.number)
    assert found is not None
    because = "" if not found.cause else f": {safe(found.cause, 200)}"
    return Explained(
        kind="dataset_version",
        ref=node.ref,
        message=f"{node.ref} has {counted(found.rows, 'row')} ({change(found.added_rows)}){because}.",
        at=found.created_at,
        because=(*trust_of(evidence, key.name, key.number), *notes(found.notices)),
    )


def trust_of(evidence: StoredEvidence, dataset: str, version: int) -> tuple[Explained, ...]:
    """The verdict about what a version brought, with what speaks against it; none where nothing checked it."""
    found = trust.get(evidence.query, dataset, version)
    if found is None:
        return ()
    reasons = [
        Explained(kind="check", ref=safe(one.check, 80), message=safe(one.message), value=one.value, limit=one.limit)
        for one in found.evidence
    ]
    waits = f" Its checks for {', '.join(found.pending)} have not ended." if found.pending else ""
    verdict = Explained(
        kind="trust",
        ref=found.ref,
        state=found.trust.value,
        message=f"{safe(found.why) or 'Nothing speaks against its rows.'}{waits}",
        at=found.decided_at,
        actor=safe(found.decided_by, 80),
        hint="" if found.trust is Trust.TRUSTED else _decide(found),
        because=tuple(reasons),
    )
    return (verdict,)


def _decide(found: DeliveryTrust) -> str:
    """Both ways out: the rows are right, or they leave."""
    leave = "; or take the rows out: " + ", ".join(f"shopfloor file withdraw {file}" for file in found.files[:2])
    return f"If the rows are right: shopfloor dataset trust {found.ref}{leave if found.files else ''}"


def thing(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """A part, predictions or actuals: what lineage says of them."""
    return Explained(kind=node.kind, ref=node.ref, state=node.state, message=f"{node.label}.", at=node.at)
