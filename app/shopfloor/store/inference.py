"""The inference log's parts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.humility import HumilityCounts
from shopfloor.store.rows import Query, aware
from shopfloor.store.transaction import Transaction


class LogKind(StrEnum):
    """What the rows of a part are."""

    PREDICTIONS = "predictions"
    ACTUALS = "actuals"
    LOSSES = "losses"


class InferencePart(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of predictions, actuals or losses of a model. `origin` is the id of a file or a job, or a
    segment.
    """

    sha256: str
    model: str
    kind: LogKind
    path: str
    model_version: int | None
    rows: int
    source: str
    origin: str
    first_at: datetime | None = None
    last_at: datetime | None = None
    humility: HumilityCounts | None = None


def put(transaction: Transaction, part: InferencePart) -> bool:
    """Register a part; False when it was registered before."""
    known = transaction.one(
        "SELECT 1 FROM inference_parts WHERE sha256 = ? AND model = ? AND kind = ?",
        [part.sha256, part.model, part.kind],
    )
    if known is not None:
        return False
    transaction.put(
        "inference_parts",
        {
            **msgspec.structs.asdict(part),
            "humility": None if part.humility is None else to_text(part.humility),
            "created_at": transaction.now,
        },
        keep=True,
    )
    return True


def parts(query: Query, model: str, kind: LogKind) -> list[InferencePart]:
    """Parts of a model, oldest first."""
    rows = query.all(
        "SELECT sha256, model, kind, path, model_version, rows, source, origin, first_at, last_at, humility "
        "FROM inference_parts "
        "WHERE model = ? AND kind = ? ORDER BY created_at, sha256",
        [model, kind],
    )
    return [_part(row) for row in rows]


def _part(row: tuple[Any, ...]) -> InferencePart:
    humility = None if row[-1] is None else msgspec.json.decode(row[-1])
    fields = zip(InferencePart.__struct_fields__, (*row[:-1], humility), strict=True)
    found = msgspec.convert(dict(fields), InferencePart)
    return msgspec.structs.replace(found, first_at=aware(found.first_at), last_at=aware(found.last_at))


def predictions_by_model(query: Query) -> dict[str, int]:
    """Model to its number of logged predictions."""
    return dict(
        query.all("SELECT model, sum(rows)::BIGINT FROM inference_parts WHERE kind = 'predictions' GROUP BY model")
    )


def humility_by_model(query: Query) -> dict[str, HumilityCounts]:
    """Model to its logged predictions that it was not trusted with, for models that have any."""
    rows = query.all("SELECT model, humility FROM inference_parts WHERE humility IS NOT NULL")
    found: dict[str, HumilityCounts] = {}
    for model, counts in rows:
        found[model] = found.get(model, HumilityCounts()) + msgspec.json.decode(counts, type=HumilityCounts)
    return found


def heartbeats(query: Query, now: datetime, days: int) -> dict[str, tuple[datetime | None, tuple[int, ...]]]:
    """Model to the time of its last prediction, and its logged predictions on each of the last `days`, today last."""
    rows = query.all(
        "SELECT model, date_diff('day', last_at, ?::TIMESTAMP) AS ago, max(last_at), sum(rows)::BIGINT "
        "FROM inference_parts WHERE kind = 'predictions' GROUP BY ALL",
        [now.replace(tzinfo=None)],
    )
    newest: dict[str, datetime | None] = {}
    counts: dict[str, list[int]] = {}
    for model, ago, last, number in rows:
        of_days = counts.setdefault(model, [0] * days)
        if ago is not None and 0 <= ago < days:
            of_days[days - 1 - ago] += number
        before, at = newest.get(model), aware(last)
        newest[model] = at if before is None or (at is not None and at > before) else before
    return {model: (newest[model], tuple(of_days)) for model, of_days in counts.items()}
