"""Models, their versions, aliases and the append-only history of aliases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import ConflictError, NotFoundError
from shopfloor.domain.page import Page
from shopfloor.domain.release import AliasChange, ModelVersion
from shopfloor.domain.text import safe
from shopfloor.store.rows import Query, aware, page, stored_time
from shopfloor.store.transaction import Transaction, naive

_FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 (the store keeps UTC without zone)


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of a model beyond its definition."""

    name: str
    task: str | None = None
    metric: str | None = None
    live_score: float | None = None
    live_rows: int = 0
    predictions: int = 0
    value: float | None = None
    retired: bool = False
    awaiting: int | None = None
    segments: int = 0
    live_known: int = 0
    live_of: int = 0


_STATE = ", ".join(ModelState.__struct_fields__)


def state(query: Query, name: str) -> ModelState:
    """A model's state; fresh when it was never written."""
    row = query.one(f"SELECT {_STATE} FROM models WHERE name = ?", [name])
    return ModelState(name=name) if row is None else _state(row)


def _state(row: tuple[Any, ...]) -> ModelState:
    return ModelState(**dict(zip(ModelState.__struct_fields__, row, strict=True)))


def awaiting(query: Query) -> set[str]:
    """Models of which a version waits for a person's word."""
    return {row[0] for row in query.all("SELECT name FROM models WHERE awaiting IS NOT NULL")}


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of a model at a glance. `aliases` are versions, `score` is the champion's."""

    state: ModelState
    aliases: dict[str, int]
    versions: int = 0
    score: float | None = None
    champion_since: datetime | None = None


def summaries(query: Query, names: Sequence[str]) -> dict[str, ModelSummary]:
    """How each of `names` stands, by a few queries for all of them: a factory has hundreds."""
    states = {row[0]: _state(row) for row in query.all(f"SELECT {_STATE} FROM models")}
    newest = dict(query.all("SELECT model, max(version) FROM model_versions GROUP BY model"))
    aliases: dict[str, dict[str, int]] = {}
    moved: dict[str, datetime | None] = {}
    for model, alias, version, at in query.all(
        "SELECT model, alias, version, moved_at FROM aliases WHERE version IS NOT NULL"
    ):
        aliases.setdefault(model, {})[alias] = version
        if alias == "champion":
            moved[model] = aware(at)
    scores = dict(
        query.all(
            "SELECT v.model, TRY_CAST(v.record ->> 'score' AS DOUBLE) FROM model_versions v "
            "JOIN aliases a ON a.model = v.model AND a.version = v.version WHERE a.alias = 'champion'"
        )
    )
    return {
        name: ModelSummary(
            state=states.get(name) or ModelState(name=name),
            aliases=aliases.get(name, {}),
            versions=newest.get(name, 0),
            score=scores.get(name),
            champion_since=moved.get(name),
        )
        for name in names
    }


def unmeasured(state: ModelState) -> ModelState:
    """The state under another champion, of which no actual is known yet."""
    return msgspec.structs.replace(state, live_score=None, live_rows=0, live_known=0, live_of=0)


def put_state(transaction: Transaction, value: ModelState) -> None:
    """Insert or replace a model's state."""
    transaction.put("models", msgspec.structs.asdict(value))


def names(query: Query) -> list[str]:
    """All models that have a state."""
    return [row[0] for row in query.all("SELECT name FROM models ORDER BY name")]


def next_version(query: Query, model: str) -> int:
    """The number a new version gets."""
    row = query.one("SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE model = ?", [model])
    return int(row[0]) if row else 1


def put_version(
    transaction: Transaction,
    version: ModelVersion,
    *,
    trained_until: datetime | None = None,
    holdout: dict[str, Any] | None = None,
) -> None:
    """Register a version or replace its record; `holdout` tells which rows judged it."""
    known = transaction.row("model_versions", version.model, version.version)
    transaction.put(
        "model_versions",
        {
            "model": version.model,
            "version": version.version,
            "run": version.run,
            "sha256": version.artifact.sha256,
            "trained_until": trained_until or (known["trained_until"] if known else None),
            "holdout": to_text(holdout) if holdout is not None else (known["holdout"] if known else None),
            "created_at": version.created_at,
            "record": to_text(msgspec.structs.replace(version, aliases=())),
        },
        keep=True,
    )


_VERSION = """
SELECT v.record, coalesce(list(a.alias ORDER BY a.alias) FILTER (a.alias IS NOT NULL), [])
FROM model_versions v LEFT JOIN aliases a ON a.model = v.model AND a.version = v.version
"""


def version(query: Query, model: str, number: int) -> ModelVersion:
    """One version with its aliases; raises `NotFoundError`."""
    row = query.one(f"{_VERSION} WHERE v.model = ? AND v.version = ? GROUP BY v.record", [model, number])
    if row is None:
        raise NotFoundError(
            f"Model {safe(model, 64)} has no version {number}.",
            hint=f"List them: shopfloor model versions {safe(model, 64)}",
            code="version_not_found",
        )
    return _version(row)


def versions(query: Query, model: str, limit: int, offset: int) -> Page[ModelVersion]:
    """Versions, newest first."""
    rows = query.all(
        f"{_VERSION} WHERE v.model = ? GROUP BY v.version, v.record ORDER BY v.version DESC LIMIT ? OFFSET ?",
        [model, limit, offset],
    )
    total = query.one("SELECT count(*) FROM model_versions WHERE model = ?", [model])
    return page([_version(row) for row in rows], int(total[0]) if total else 0, offset)


def _version(row: tuple[Any, ...]) -> ModelVersion:
    return msgspec.structs.replace(msgspec.json.decode(row[0], type=ModelVersion), aliases=tuple(row[1]))


class VersionFacts(msgspec.Struct, frozen=True):
    """What the gate needs to know of an earlier version."""

    version: int
    sha256: str
    trained_until: datetime | None
    holdout: dict[str, Any]
    created_at: datetime


def facts(query: Query, model: str, number: int) -> VersionFacts | None:
    """The facts of one version."""
    row = query.one(
        "SELECT version, sha256, trained_until, holdout, created_at "
        "FROM model_versions WHERE model = ? AND version = ?",
        [model, number],
    )
    if row is None:
        return None
    return VersionFacts(
        row[0], row[1], aware(row[2]), msgspec.json.decode(row[3]) if row[3] else {}, stored_time(row[4])
    )


def version_of_artifact(query: Query, model: str, sha256: str) -> int | None:
    """The version that has these very bytes."""
    row = query.one("SELECT min(version) FROM model_versions WHERE model = ? AND sha256 = ?", [model, sha256])
    return None if row is None or row[0] is None else int(row[0])


def aliases(query: Query, model: str) -> dict[str, int]:
    """Alias to version."""
    return dict(query.all("SELECT alias, version FROM aliases WHERE model = ? AND version IS NOT NULL", [model]))


def champion_since(query: Query, model: str) -> datetime | None:
    """When the champion became it; None without one."""
    row = query.one(
        "SELECT moved_at FROM aliases WHERE model = ? AND alias = 'champion' AND version IS NOT NULL", [model]
    )
    return None if row is None else aware(row[0])


def move_alias(transaction: Transaction, change: AliasChange) -> AliasChange:
    """Point an alias at a version, with its event and its line of history.

    The expected `previous` must still hold: two people who promote at once do not both win.
    """
    row = transaction.row("aliases", change.model, change.alias)
    holds = row["version"] if row else None
    if holds != change.previous:
        raise ConflictError(
            f"{change.alias} of {change.model} was changed to version {holds} in the meantime.",
            hint="Check the model, then repeat the command if still needed.",
        )
    target = f"version {change.version}" if change.version else "nothing"
    event = transaction.emit(
        "alias.moved",
        change.model,
        f"{change.alias} of {change.model} is now {target}: {change.reason or change.cause}",
        actor=change.actor,
        data={"alias": change.alias, "version": change.version, "previous": change.previous, "cause": change.cause},
    )
    moved = msgspec.structs.replace(change, at=transaction.now, seq=event.seq)
    transaction.put(
        "aliases",
        {
            "model": change.model,
            "alias": change.alias,
            "version": change.version,
            "rev": (row["rev"] if row else 0) + 1,
            "moved_at": transaction.now,
        },
        keep=True,
    )
    transaction.add(
        "alias_history",
        {
            "seq": event.seq,
            "model": change.model,
            "alias": change.alias,
            "version": change.version,
            "previous": change.previous,
            "actor": change.actor,
            "cause": change.cause,
            "reason": change.reason,
            "happened_at": transaction.now,
        },
        keep=True,
    )
    return moved


def history(query: Query, model: str, as_of: datetime | None = None) -> Page[AliasChange]:
    """Alias changes, newest first; with `as_of` only the one of each alias that held then."""
    until = naive(as_of) if as_of else _FOREVER
    rows = query.all(
        "SELECT model, alias, version, previous, actor, cause, reason, happened_at, seq "
        "FROM alias_history WHERE model = ? AND happened_at <= ? "
        + ("QUALIFY row_number() OVER (PARTITION BY alias ORDER BY seq DESC) = 1 " if as_of else "")
        + "ORDER BY seq DESC",
        [model, until],
    )
    changes = [
        AliasChange(
            model=row[0],
            alias=row[1],
            version=row[2],
            previous=row[3],
            actor=row[4],
            cause=row[5],
            reason=row[6],
            at=stored_time(row[7]),
            seq=row[8],
        )
        for row in rows
    ]
    return page(changes, len(changes), 0)


def deployments(query: Query, since: datetime) -> Sequence[tuple[str, str, str, datetime]]:
    """(model, cause, reason, at) of champion changes since a time."""
    rows = query.all(
        "SELECT model, cause, reason, happened_at "
        "FROM alias_history WHERE alias = 'champion' AND version IS NOT NULL AND happened_at >= ? ORDER BY seq",
        [naive(since)],
    )
    return [(row[0], row[1], row[2], stored_time(row[3])) for row in rows]
