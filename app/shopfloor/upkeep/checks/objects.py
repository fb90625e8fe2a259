"""Stored bytes: parts, artifacts, the inference log."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_key
from shopfloor.domain import numbers
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.stored_object import ObjectKind
from shopfloor.domain.text import counted
from shopfloor.runtime import damage
from shopfloor.store import alerts
from shopfloor.store.rows import Query
from shopfloor.upkeep.checks.doctor_context import DoctorContext, failed, summed
from shopfloor.upkeep.deep_reading import Readable, read, readables


def parts(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every part of every version is there with its size; deep: with its digest."""
    yield from _objects(doctor, "parts", ObjectKind.PART, ("is there", "are there"))


def logs(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every registered part of the inference log is there; deep: with its digest."""
    yield from _objects(doctor, "inference log", ObjectKind.LOG, ("part is there", "parts are there"))


def artifacts(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every artifact is there, signed by this workspace and about its own model, its files unchanged."""
    if doctor.held.artifacts and not doctor.layout.signing_key.exists():
        yield failed("artifacts", "the signing key is gone: restore .shopfloor/signing.key, or retrain all models")
        return
    yield from _objects(doctor, "artifacts", ObjectKind.ARTIFACT, ("is there and signed", "are there and signed"))


def _objects(doctor: DoctorContext, check: str, kind: ObjectKind, words: tuple[str, str]) -> Iterator[DoctorFinding]:
    held = [each for each in readables(doctor.held, doctor.layout) if each.stored.kind is kind]
    known = {damage.stored_of(alert) for alert in doctor.context.store.read(_damaged)}
    problems: list[str] = []
    late = 0
    for each in held:
        deep = doctor.deep or each.stored in known
        late += deep and doctor.late
        seen = _fault(doctor, each)
        if seen is not None:
            error = damage.explained(doctor.context, seen)
        elif (found := read(doctor.context, each) if deep and not doctor.late else None) is not None:
            error = found
        else:
            continue
        if kind is ObjectKind.PART and doctor.rebuilt(each.stored):
            yield failed(check, f"{error.message} It was made again from its originals.", repaired=True)
        else:
            problems.append(f"{error.message} {error.hint}".strip())
    damage.recheck(doctor.context)
    yield from summed(check, problems, counted(len(held), *words) + _read(doctor, len(held) - late, len(held)))


def _damaged(query: Query) -> list[AlertRecord]:
    return alerts.unresolved_of(query, damage.CHECK)


def _fault(doctor: DoctorContext, each: Readable) -> IntegrityError | None:
    """What can be seen without reading all."""
    if each.stored.kind is ObjectKind.ARTIFACT:
        return _unsigned(doctor, each)
    try:
        found = each.path.lstat().st_size
    except OSError as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
    else:
        why = f"has {numbers.count(found)} bytes instead of {numbers.count(each.size)}"
        if not each.size or found == each.size:
            return None
    return IntegrityError(f"The stored {each.stored} {why}.", code="part_damaged", stored=each.stored)


def _unsigned(doctor: DoctorContext, each: Readable) -> IntegrityError | None:
    file = ArtifactFile(path=str(each.path), sha256=each.stored.sha256, model=each.model, version=0)
    try:
        manifest = bundle.verify(file, load_key(doctor.layout.signing_key))
    except IntegrityError as error:
        return error
    missing = [name for name in manifest.files if not (each.path / name).is_file()]
    why = f"{', '.join(missing)} of artifact {each.stored.sha256[:12]} is missing."
    return IntegrityError(why, code="artifact_missing", stored=each.stored) if missing else None


def _read(doctor: DoctorContext, read: int, count: int) -> str:
    if not doctor.deep:
        return ""
    return (
        ", all bytes verified" if read == count else f", {numbers.count(read)} of them verified within the time limit"
    )
