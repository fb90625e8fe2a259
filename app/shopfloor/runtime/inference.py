"""Parts of a model's predictions and actuals: placed under their digest, registered in the store."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from shopfloor.domain.handles import PartFile
from shopfloor.runtime.context import Context
from shopfloor.store import inference
from shopfloor.store.transaction import Transaction


def place_predictions(context: Context, model: str, part: PartFile) -> None:
    """Publish a part of a model's predictions under the name of its content; again, nothing happens."""
    _place(Path(part.path), _predictions(context, model, part.sha256))


def place_actuals(context: Context, model: str, part: PartFile) -> None:
    """Publish a part of a model's actuals under the name of its content; again, nothing happens."""
    _place(Path(part.path), _actuals(context, model, part.sha256))


def note_predictions(
    context: Context,
    transaction: Transaction,
    model: str,
    version: int,
    part: PartFile,
    *,
    source: str,
    origin: str,
    between: tuple[datetime | None, datetime | None],
) -> bool:
    """Register a published part, whose predictions lie `between` two times; False when it was known.

    `origin` is the job or log segment of its `source`.
    """
    return inference.put(
        transaction,
        inference.InferencePart(
            sha256=part.sha256,
            model=model,
            kind="predictions",
            path=context.layout.relative(_predictions(context, model, part.sha256)),
            model_version=version,
            rows=part.rows,
            source=source,
            origin=origin,
            first_at=between[0],
            last_at=between[1],
        ),
    )


def note_actuals(
    context: Context, transaction: Transaction, model: str, part: PartFile, *, source: str, origin: str
) -> bool:
    """Register a published part; False when it was known. `origin` is the file or job of its `source`."""
    return inference.put(
        transaction,
        inference.InferencePart(
            sha256=part.sha256,
            model=model,
            kind="actuals",
            path=context.layout.relative(_actuals(context, model, part.sha256)),
            model_version=None,
            rows=part.rows,
            source=source,
            origin=origin,
            first_at=transaction.now,
            last_at=transaction.now,
        ),
    )


def _predictions(context: Context, model: str, sha256: str) -> Path:
    return context.layout.inference / model / f"{sha256}.parquet"


def _actuals(context: Context, model: str, sha256: str) -> Path:
    return context.layout.inference / model / "actuals" / f"{sha256}.parquet"


def _place(staged: Path, target: Path) -> None:
    """Rename a finished part to its place; a repeated job finds it there."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if staged.exists():
        os.replace(staged, target)
