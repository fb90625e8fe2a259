"""Parts of a model's predictions, actuals and losses: published under their digest, registered in the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.handles import LossPart, PartFile
from shopfloor.domain.humility import HumilityCounts
from shopfloor.lake import objects
from shopfloor.runtime.context import Context
from shopfloor.store import inference
from shopfloor.store.inference import LogKind
from shopfloor.store.transaction import Transaction

DELIVERY = "delivery"
"""The source of what a delivery brought; the id is that of the job which checked it."""


class Origin(NamedTuple):
    """Where rows came from: over `rest`, from a `batch` file, a `file` of actuals, a `delivery` or a `holdout`; and the
    id of the log segment, file or job.
    """

    source: str
    id: str


def publish(context: Context, model: str, kind: LogKind, part: PartFile) -> None:
    """Put a part under the name of its content, durably; again, nothing happens.

    Raises `IntegrityError` when its bytes are not those that were written.
    """
    objects.publish(Path(part.path), part.sha256, _place(context, model, kind, part))


def register(
    context: Context,
    transaction: Transaction,
    model: str,
    kind: LogKind,
    part: PartFile,
    origin: Origin,
    *,
    version: int | None = None,
    between: tuple[datetime | None, datetime | None] | None = None,
    humility: HumilityCounts | None = None,
) -> bool:
    """Register a published part; False when it was known.

    Predictions are of a `version` of the model and lie `between` two times, some of them noted by its `humility`;
    actuals count from now.
    """
    first, last = between or (transaction.now, transaction.now)
    return inference.put(
        transaction,
        inference.InferencePart(
            sha256=part.sha256,
            model=model,
            kind=kind,
            path=context.layout.relative(_place(context, model, kind, part)),
            model_version=version,
            rows=part.rows,
            source=origin.source,
            origin=origin.id,
            first_at=first,
            last_at=last,
            humility=humility if humility is not None and humility.rows else None,
        ),
    )


def publish_losses(context: Context, model: str, losses: Iterable[LossPart]) -> None:
    """`publish` parts of losses."""
    for one in losses:
        publish(context, model, LogKind.LOSSES, one.part)


def register_losses(
    context: Context, transaction: Transaction, model: str, losses: Iterable[LossPart], origin: Origin
) -> None:
    """`register` published parts of losses, each of which says its version."""
    for one in losses:
        register(context, transaction, model, LogKind.LOSSES, one.part, origin, version=one.version)


def _place(context: Context, model: str, kind: LogKind, part: PartFile) -> Path:
    folder = context.layout.inference / model
    return (folder if kind is LogKind.PREDICTIONS else folder / kind.value) / f"{part.sha256}.parquet"
