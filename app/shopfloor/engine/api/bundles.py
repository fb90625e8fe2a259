"""A model version as one file: out through an air gap, and back in where the key is the same."""

from __future__ import annotations

import io
import shutil
import tarfile
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_key, load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import check_name, split_ref
from shopfloor.domain.release import Decision, ModelVersion, Outcome
from shopfloor.domain.requests.models import BundleReport, ModelExport, ModelImport
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.text import safe
from shopfloor.engine.api.models import resolve, write_definition
from shopfloor.engine.services import EngineServices
from shopfloor.lake.locations import artifact_file
from shopfloor.store import models, runs
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.digests import file_sha256

_VERSION = "version.json"
_DEFINITION = "definition.json"
_FILES = {bundle.MODEL, bundle.MANIFEST, bundle.REFERENCE, _VERSION, _DEFINITION}
_LIMIT = 4 << 30


def export(services: EngineServices, request: ModelExport) -> BundleReport:
    """Write the version's signed artifact, its record and the model's definition as a tar file."""
    services.context.definition(split_ref(request.ref)[0])
    version = services.context.store.read(lambda query: resolve(query, request.ref, "champion"))
    target = Path(request.path)
    if not target.is_absolute() or not target.parent.is_dir():
        raise UsageError(
            f"{safe(request.path)} cannot be written.", hint="Name a file in a folder that exists.", code="bad_output"
        )
    artifact = artifact_file(services.context.layout, version.model, version.version, version.artifact.sha256)
    bundle.prove(artifact, load_or_create_key(services.context.layout.signing_key))
    records = {_VERSION: to_json(version), _DEFINITION: to_json(services.context.definition(version.model))}
    partial = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(partial, "w") as archive:
            for path in sorted(Path(artifact.path).iterdir()):
                archive.add(path, arcname=path.name, recursive=False)
            for name, data in records.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return BundleReport(
        model=version.model,
        version=version.version,
        path=str(target),
        sha256=file_sha256(target),
        bytes=target.stat().st_size,
    )


def import_(services: EngineServices, request: ModelImport) -> ModelVersion:
    """Register a bundle as a new version, and its model where there is none of that name.

    Its signature must be by this workspace's key or by the one that the request trusts. Raises
    `RefusedError` for any other.
    """
    staged = services.context.layout.staging / f"import-{ulid()}"
    try:
        version, definition = _unpack(Path(request.path), staged)
        manifest = _verified(services, request, staged)
        check_name(manifest.model, "Model")
        known = manifest.model in {model.name for model in services.context.all_models()}
        if not known and (definition is None or definition.name != manifest.model):
            raise NotFoundError(
                f"There is no model {manifest.model!r} here, and the bundle does not define it.",
                hint="Export it again, or define the model first: shopfloor model define",
                code="model_not_found",
            )
        bundle.publish(staged, services.context.layout.objects)
    finally:
        shutil.rmtree(staged, ignore_errors=True)

    def change(transaction: Transaction) -> ModelVersion:
        same = models.version_of_artifact(transaction, manifest.model, version.artifact.sha256)
        if same is not None:
            return models.version(transaction, manifest.model, same)
        if not known and definition is not None:
            write_definition(services, transaction, definition, request.actor)
        return _register(transaction, version, manifest, request.actor)

    return services.mutate(request, change)


def _register(transaction: Transaction, version: ModelVersion, manifest: ArtifactManifest, actor: str) -> ModelVersion:
    """The next version of the model, with a run that says where it came from."""
    number = models.next_version(transaction, manifest.model)
    run = runs.create(transaction, _run_of(version, number, actor, transaction.now))
    imported = ModelVersion(
        model=manifest.model,
        version=number,
        run=run.id,
        dataset_version=None,
        artifact=version.artifact,
        decision=_decision_of(version, models.aliases(transaction, manifest.model).get("champion")),
        score=version.score,
        created_at=transaction.now,
    )
    models.put_version(transaction, imported, trained_until=manifest.trained_until)
    transaction.emit(
        "model.imported",
        manifest.model,
        f"{manifest.model}@{number} was imported",
        actor=actor,
        data={"version": number},
    )
    return imported


def _run_of(version: ModelVersion, number: int, actor: str, now: datetime) -> RunRecord:
    """The run that stands for the training elsewhere: numbers of runs and data hold in one workspace only."""
    data = f" on version {version.dataset_version} of its data" if version.dataset_version else ""
    return RunRecord(
        id="",
        model=version.model,
        state=RunState.SUCCEEDED,
        trigger=f"imported by {actor}",
        artifact=version.artifact,
        model_version=number,
        notes=(f"Trained in another workspace: {version.model}@{version.version}, run {version.run}{data}.",),
        started_at=now,
        duration_s=0.0,
    )


def _decision_of(version: ModelVersion, champion: int | None) -> Decision | None:
    """The evidence of there, held here: it compares with a champion and on rows of another workspace."""
    if version.decision is None:
        return None
    reason = f"Imported: promoting it needs a person. Decision in its own workspace: {version.decision.reason}"
    checks = tuple(check for check in version.decision.checks if check.code != "policy")
    return msgspec.structs.replace(
        version.decision, outcome=Outcome.HOLD, champion=champion, reason=reason, checks=checks
    )


def _verified(services: EngineServices, request: ModelImport, staged: Path) -> ArtifactManifest:
    """The manifest; what a trusted key signed is signed with this workspace's own from here on."""
    ours = load_or_create_key(services.context.layout.signing_key)
    if request.key:
        bundle.resign(staged, load_key(Path(request.key)), ours)
    try:
        return bundle.read_manifest(staged, ours)
    except IntegrityError as error:
        if error.code != "foreign_signature":
            raise
        raise RefusedError(
            f"{safe(Path(request.path).name)} was signed with another workspace's key.",
            hint="If you trust that workspace, copy its key here over a secure channel and name it: "
            "shopfloor model import FILE --key signing.key (there: .shopfloor/signing.key)",
            code="foreign_signature",
        ) from None


def _unpack(path: Path, staged: Path) -> tuple[ModelVersion, ModelDefinition | None]:
    if not path.is_file():
        raise NotFoundError(f"There is no file {safe(path)}.", hint="Check the path.", code="file_missing")
    try:
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            if {member.name for member in members} - _FILES or not all(member.isfile() for member in members):
                raise RefusedError(
                    f"{safe(path.name)} is not a model bundle.",
                    hint="Write one: shopfloor model export",
                    code="not_a_bundle",
                )
            if sum(member.size for member in members) > _LIMIT:
                raise RefusedError(
                    f"{safe(path.name)} is too large.", hint="A bundle has at most 4 GB.", code="too_large"
                )
            archive.extractall(staged, filter="data")
        text = staged / _DEFINITION  # not in the bundles of earlier versions
        definition = from_json(text.read_bytes(), ModelDefinition) if text.exists() else None
        return from_json((staged / _VERSION).read_bytes(), ModelVersion), definition
    except (tarfile.TarError, OSError, ValueError) as error:
        raise IntegrityError(
            f"{safe(path.name)} cannot be unpacked as a model bundle.",
            hint="Write one with shopfloor model export, and copy it whole.",
        ) from error
    finally:
        for name in (_VERSION, _DEFINITION):
            (staged / name).unlink(missing_ok=True)
