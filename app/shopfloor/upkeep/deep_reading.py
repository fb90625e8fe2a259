"""Reading every stored object, a slice at a time: what is damaged is found before somebody needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.requests.workspace import DamagedObject, DeepReading
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.lake.objects import part_path
from shopfloor.runtime import damage
from shopfloor.runtime.context import Context
from shopfloor.upkeep.references import References, references
from shopfloor.workspace.layout import Layout


@dataclass(frozen=True)
class Readable:
    """An object that is referred to, its files (an artifact's folder), and of an artifact the model."""

    stored: StoredObject
    path: Path
    model: str = ""
    size: int = 0  # as recorded; 0 where it is not

    @property
    def place(self) -> str:
        """By what objects are ordered; a slice ends with one and the next begins after it."""
        return f"{self.stored.kind}/{self.stored.sha256}/{self.model}"


def readables(held: References, layout: Layout) -> Iterator[Readable]:
    """Everything that the metadata refers to."""
    for sha256, size in held.parts.items():
        yield Readable(StoredObject(kind=ObjectKind.PART, sha256=sha256), part_path(layout.objects, sha256), size=size)
    for artifact in held.artifacts:
        stored = StoredObject(kind=ObjectKind.ARTIFACT, sha256=artifact.sha256)
        yield Readable(stored, artifact.path, artifact.model)
    for log in held.logs:
        yield Readable(StoredObject(kind=ObjectKind.LOG, sha256=log.sha256), log.path, log.model)


def read(context: Context, each: Readable, *, fresh: bool = True) -> IntegrityError | None:
    """Read one object; what is wrong with it, with what depends on it and the remedy. Opens its alert."""
    models = (each.model,) if each.stored.kind is ObjectKind.ARTIFACT else ()
    found = damage.fault(context.layout, each.stored, [each.path], models, fresh=fresh)
    return damage.explained(context, found) if found is not None else None


def read_slice(context: Context, after: str, seconds: float) -> DeepReading:
    """Read objects beyond the place `after`, for about `seconds`."""
    held = context.store.read(lambda query: references(query, context.layout))
    objects = sorted(readables(held, context.layout), key=lambda each: each.place)
    left = [each for each in objects if each.place > after]
    deadline = context.clock.monotonic() + seconds
    damaged: list[DamagedObject] = []
    place = after
    done = 0
    for each in left:
        error = read(context, each)
        if error is not None:
            damaged.append(DamagedObject(object=each.stored, message=error.message, hint=error.hint))
        place, done = each.place, done + 1
        if context.clock.monotonic() >= deadline:
            break
    over = done == len(left)
    if over:
        damage.recheck(context)
    return DeepReading(
        after="" if over else place,
        read=len(objects) - len(left) + done,
        total=len(objects),
        damaged=tuple(damaged),
    )
