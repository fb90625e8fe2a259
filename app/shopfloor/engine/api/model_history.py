"""Who changed what of a model, and when: its aliases, versions with their decisions, definition and state."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from shopfloor.domain.page import Page
from shopfloor.domain.release import AliasChange, ModelChange, ModelPart, ModelVersion
from shopfloor.domain.requests.models import ModelHistory
from shopfloor.engine.api.changes import Changes, Fields, changed_rows
from shopfloor.engine.services import EngineServices
from shopfloor.store import history as rows
from shopfloor.store import models, texts
from shopfloor.store.images import Row, RowImage
from shopfloor.store.rows import Query
from shopfloor.workspace.layout import Layout

BY_HAND = "edited by hand"


def history(services: EngineServices, request: ModelHistory) -> Page[ModelChange]:
    """All changes, newest first. Moves of aliases are kept for ever, the rest as long as rows' history is."""
    services.context.definition(request.name)
    found = services.context.store.read(lambda query: list(_changes(services.context.layout, query, request)))
    found.sort(key=lambda change: (change.at, change.seq))
    found.reverse()  # of one event too
    window = found[request.offset : request.offset + request.limit]
    return Page(rows=tuple(window), total=len(found), offset=request.offset)


def _changes(layout: Layout, query: Query, request: ModelHistory) -> Iterator[ModelChange]:
    for move in models.history(query, request.name, request.as_of).rows:
        yield _moved(move)
    if request.as_of is not None:
        return
    file = f"models/{layout.definition(request.name).name}"
    images = [each for image in rows.of_rows(query, request.name, file) for each in _with_edits(image)]
    known = [image for image in images if image.table in _TOLD]
    for image, changes in changed_rows(query, known, lambda table, row: _TOLD[table].fields(row)):
        yield _changed(request.name, image, changes)


def _with_edits(image: RowImage) -> Iterator[RowImage]:
    """The change, and before it what somebody edited in the file since the engine wrote it, as nobody's change."""
    before = image.before
    if before is not None and texts.WRITTEN in before:
        written = {**before, "text": before[texts.WRITTEN]}
        yield msgspec.structs.replace(image, before=written, actor="")
    yield image


def _moved(move: AliasChange) -> ModelChange:
    return ModelChange(
        model=move.model,
        part=ModelPart.ALIAS,
        alias=move.alias,
        version=move.version,
        previous=move.previous,
        actor=move.actor,
        cause=move.cause,
        reason=move.reason,
        at=move.at,
        seq=move.seq,
        changes={"version": (move.previous, move.version)},
    )


def _changed(model: str, image: RowImage, changes: Changes) -> ModelChange:
    part = _TOLD[image.table].part
    number = image.key[1] if part is ModelPart.VERSION else None
    return ModelChange(
        model=model,
        part=part,
        version=number,
        actor=image.actor,
        cause="" if image.actor else BY_HAND,
        at=image.at,
        seq=image.seq,
        made=image.before is None,
        changes=changes,
    )


class _Told(msgspec.Struct, frozen=True):
    part: ModelPart
    fields: Callable[[Row | None], Fields]


def _version_fields(row: Row | None) -> Fields:
    if row is None:
        return {}
    version = msgspec.json.decode(row["record"], type=ModelVersion)
    decision = version.decision
    return {
        "run": version.run,
        "data": version.dataset_version,
        "score": version.score,
        "decision": decision.outcome.value if decision else None,
        "reason": decision.reason if decision else None,
        "approvals": list(version.approvals),
    }


def _state_fields(row: Row | None) -> Fields:
    return {"awaiting": None, "retired": False} | {name: row[name] for name in ("awaiting", "retired") if row}


def _settings(text: str) -> Fields:
    """A definition's settings by their dotted names; the text itself where it is no TOML."""
    try:
        return dict(_dotted("", tomllib.loads(text)))
    except tomllib.TOMLDecodeError:
        return {"text": text}


def _dotted(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


_TOLD: Mapping[str, _Told] = {
    "model_versions": _Told(ModelPart.VERSION, _version_fields),
    "models": _Told(ModelPart.STATE, _state_fields),
    "texts": _Told(ModelPart.DEFINITION, lambda row: {} if row is None else _settings(row["text"])),
}
