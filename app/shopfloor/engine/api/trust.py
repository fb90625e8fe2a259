"""Answers about whether deliveries may be learned from."""

from __future__ import annotations

import msgspec

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.requests.datasets import DatasetTrust
from shopfloor.domain.text import safe
from shopfloor.domain.trust import Trust
from shopfloor.engine.api.datasets import resolve
from shopfloor.engine.services import EngineServices
from shopfloor.monitoring import live_score
from shopfloor.runtime.line import DeliveryTrusted
from shopfloor.store import trust
from shopfloor.store.transaction import Transaction


def declare(services: EngineServices, request: DatasetTrust) -> DatasetVersion:
    """A person's word that a delivery is right: it is learned from again. A repeated word changes nothing."""

    def change(transaction: Transaction) -> DatasetVersion:
        version = resolve(transaction, request.ref)
        before = trust.get(transaction, version.dataset, version.version)
        if before is None or before.trust is Trust.TRUSTED:
            return msgspec.structs.replace(version, trust=before)  # nothing speaks against it
        verdict = msgspec.structs.replace(
            before,
            trust=Trust.TRUSTED,
            decided_by=request.actor,
            reason=safe(request.reason, 500),
            decided_at=transaction.now,
        )
        trust.put(transaction, verdict)
        for definition in services.context.models_of(version.dataset):
            live_score.find_again(transaction, definition)
        trigger = f"{verdict.ref} declared trusted by {request.actor}"
        transaction.emit(
            "dataset.trusted",
            version.dataset,
            trigger + (f": {verdict.reason}" if verdict.reason else ""),
            actor=request.actor,
            data={"version": version.version, "was": before.trust.value},
        )
        services.context.line.after(transaction, DeliveryTrusted(version.dataset, version.version, trigger))
        return msgspec.structs.replace(version, trust=verdict)

    return services.mutate(request, change)
