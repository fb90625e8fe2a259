"""A model version as one file: out through an air gap, and back in where the key is the same."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import check_name
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.models import BundleReport, ModelExport, ModelImport
from shopfloor.domain.text import safe
from shopfloor.engine.api.models import resolve
from shopfloor.engine.parts import artifact_file
from shopfloor.engine.plant import Plant
from shopfloor.lake.objects import file_sha256
from shopfloor.store import models
from shopfloor.store.transaction import Transaction

_VERSION = "version.json"
_FILES = {bundle.MODEL, bundle.MANIFEST, bundle.REFERENCE, _VERSION}
_LIMIT = 4 << 30


def export(plant: Plant, request: ModelExport) -> BundleReport:
    """Write the version's signed artifact and its record as a tar file."""
    version = plant.context.store.read(lambda query: resolve(query, request.ref, "champion"))
    target = Path(request.path)
    if not target.is_absolute() or not target.parent.is_dir():
        raise UsageError(
            f"{safe(request.path)} cannot be written.", hint="Name a file in a folder that exists.", code="bad_output"
        )
    artifact = artifact_file(plant.context.layout, version.model, version.version, version.artifact.sha256)
    bundle.read_manifest(Path(artifact.path), load_or_create_key(plant.context.layout.signing_key))
    record = plant.context.layout.staging / f"{ulid()}.json"
    record.write_bytes(to_json(version))
    partial = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(partial, "w") as archive:
            for path in sorted(Path(artifact.path).iterdir()):
                archive.add(path, arcname=path.name, recursive=False)
            archive.add(record, arcname=_VERSION)
        partial.replace(target)
    finally:
        record.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
    return BundleReport(
        model=version.model,
        version=version.version,
        path=str(target),
        sha256=file_sha256(target),
        bytes=target.stat().st_size,
    )


def import_(plant: Plant, request: ModelImport) -> ModelVersion:
    """Register a bundle as a new version; its signature must be by this workspace's key."""
    staged = plant.context.layout.staging / f"import-{ulid()}"
    try:
        version = _unpack(Path(request.path), staged)
        manifest = bundle.read_manifest(staged, load_or_create_key(plant.context.layout.signing_key))
        check_name(manifest.model, "Model")
        plant.context.definition(manifest.model)
        bundle.publish(staged, plant.context.layout.objects)
    finally:
        shutil.rmtree(staged, ignore_errors=True)

    def change(transaction: Transaction) -> ModelVersion:
        known = models.version_of_artifact(transaction, manifest.model, version.artifact.sha256)
        if known is not None:
            return models.version(transaction, manifest.model, known)
        number = models.next_version(transaction, manifest.model)
        imported = ModelVersion(
            model=manifest.model,
            version=number,
            run=version.run,
            dataset_version=version.dataset_version,
            artifact=version.artifact,
            decision=version.decision,
            score=version.score,
            created_at=transaction.now,
        )
        models.put_version(transaction, imported, trained_until=manifest.trained_until)
        transaction.emit(
            "model.imported",
            manifest.model,
            f"{manifest.model}@{number} was imported",
            actor=request.actor,
            data={"version": number},
        )
        return imported

    return plant.mutate(request, change)


def _unpack(path: Path, staged: Path) -> ModelVersion:
    if not path.is_file():
        raise NotFoundError(f"There is no file {safe(path)}.", hint="Check the path.", code="file_missing")
    try:
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            if {member.name for member in members} - _FILES or not all(member.isfile() for member in members):
                raise RefusedError(
                    f"{safe(path.name)} is no model bundle.",
                    hint="Write one: shopfloor model export",
                    code="not_a_bundle",
                )
            if sum(member.size for member in members) > _LIMIT:
                raise RefusedError(
                    f"{safe(path.name)} is too large.", hint="A bundle has at most 4 GB.", code="too_large"
                )
            archive.extractall(staged, filter="data")
        return from_json((staged / _VERSION).read_bytes(), ModelVersion)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise IntegrityError(f"{safe(path.name)} cannot be unpacked: {error}.", hint="Export it again.") from error
    finally:
        (staged / _VERSION).unlink(missing_ok=True)
