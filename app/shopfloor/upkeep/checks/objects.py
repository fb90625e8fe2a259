"""Stored bytes: parts, artifacts, the inference log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain import numbers
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted
from shopfloor.lake.objects import file_sha256, part_path
from shopfloor.upkeep.checks.doctor_context import DoctorContext, summed, unwell
from shopfloor.upkeep.references import Artifact


def parts(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every part of every version is there with its size; deep: with its digest."""
    held = doctor.held.parts
    users = dict(doctor.rows(_USERS))
    complaints: list[str] = []
    read = 0
    for sha256, size in held.items():
        fault = _fault(part_path(doctor.layout.objects, sha256), size)
        if not fault and doctor.deep and not doctor.late:
            read += 1
            fault = _changed(part_path(doctor.layout.objects, sha256), sha256)
        if fault:
            complaints.append(f"part {sha256[:12]} of {users.get(sha256, 'a dataset')} {fault}")
    there = counted(len(held), "is there", "are there")
    yield from summed("parts", complaints, there + _read(doctor, read, len(held)))


_USERS = """
SELECT sha256, string_agg(
    dataset || '@' || added_version || coalesce(' to @' || (removed_version - 1), ' and later'), ', '
    ORDER BY dataset, added_version
) FROM dataset_parts GROUP BY sha256
"""


def logs(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every registered part of the inference log is there; deep: with its digest."""
    held = doctor.held.logs
    complaints: list[str] = []
    read = 0
    for part in held:
        fault = _fault(part.path, 0)
        if not fault and doctor.deep and not doctor.late:
            read += 1
            fault = _changed(part.path, part.sha256)
        if fault:
            complaints.append(f"{doctor.layout.relative(part.path)} of {part.model} {fault}")
    yield from summed(
        "inference log", complaints, f"{counted(len(held), 'part')} there" + _read(doctor, read, len(held))
    )


def artifacts(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every artifact is there, signed by this workspace and about its own model; deep: every file of it."""
    held = doctor.held.artifacts
    if held and not doctor.layout.signing_key.exists():
        yield unwell("artifacts", "the signing key is gone: restore .shopfloor/signing.key, or retrain all models")
        return
    complaints: list[str] = []
    read = 0
    for artifact in held:
        deep = doctor.deep and not doctor.late
        read += deep
        try:
            _prove(doctor, artifact, deep=deep)
        except IntegrityError as error:
            complaints.append(f"{artifact.model}: {error.message}")
    there = counted(len(held), "is there and signed", "are there and signed")
    yield from summed("artifacts", complaints, there + _read(doctor, read, len(held)))


def _prove(doctor: DoctorContext, artifact: Artifact, *, deep: bool) -> None:
    key = load_or_create_key(doctor.layout.signing_key)
    file = ArtifactFile(path=str(artifact.path), sha256=artifact.sha256, model=artifact.model, version=0)
    manifest = bundle.verify(file, key)
    for name, digest in manifest.files.items():
        path = artifact.path / name
        if not path.is_file():
            raise IntegrityError(f"{name} of artifact {artifact.sha256[:12]} is missing.")
        if deep and file_sha256(path) != digest:
            raise IntegrityError(f"{name} of artifact {artifact.sha256[:12]} was changed.")


def _fault(path: Path, size: int) -> str:
    """What can be seen without reading; a size of 0 was not recorded."""
    try:
        found = path.lstat().st_size
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return f"has {numbers.count(found)} bytes instead of {numbers.count(size)}" if size and found != size else ""


def _changed(path: Path, sha256: str) -> str:
    try:
        return "" if file_sha256(path) == sha256 else "was changed on disk"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _read(doctor: DoctorContext, read: int, count: int) -> str:
    if not doctor.deep:
        return ""
    return (
        ", all bytes verified" if read == count else f", {numbers.count(read)} of them verified within the time limit"
    )
