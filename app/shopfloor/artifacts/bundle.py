"""Artifact directories: staged, published under their digest, and opened only when verified.

A directory holds `model.joblib`, further files and `manifest.json`. The manifest names the sha256
of every file and is signed, so nothing that this workspace did not write is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.artifacts.manifest import READABLE, ArtifactManifest
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.signing import seal, unseal
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.run import ArtifactRef
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.workspace.digests import known_sha256
from shopfloor.workspace.durable import fsync_directory, write_new

MODEL = "model.joblib"
MANIFEST = "manifest.json"
REFERENCE = "reference.json"
_MANIFEST_LIMIT = 64 << 20


def stage(
    model: object,
    manifest: ArtifactManifest,
    directory: Path,
    key: bytes,
    extra: Mapping[str, bytes] | None = None,
) -> ArtifactRef:
    """Write a whole artifact into `directory` (made here, must not exist) and fsync it.

    `extra` maps plain file names to bytes. Returns digest and size of `model.joblib`, which name
    the artifact: the same model gives the same digest.
    """
    content = to_bytes(model)
    files = {MODEL: content, **_plain_names(extra or {})}
    digests = {name: _digest(data) for name, data in files.items()}
    signed = seal(to_json(msgspec.structs.replace(manifest, files=digests)), key)
    directory.mkdir(mode=0o700, parents=True)
    for name, data in {**files, MANIFEST: signed}.items():
        _write(directory / name, data)
    fsync_directory(directory)
    return ArtifactRef(sha256=digests[MODEL], bytes=len(content))


def publish(staged: Path, objects: Path) -> Path:
    """Move a staged artifact to `objects/artifacts/<ab>/<sha256>/` and make the move durable.

    Publishing the same model again keeps the directory that stands and drops the staged one. A
    existing directory whose bytes do not match its manifest is renamed, not trusted.
    """
    digest = _staged_digest(staged)
    target = objects / "artifacts" / digest[:2] / digest
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists() and not _intact(target):
        target.rename(target.with_name(f"{digest}.damaged-{os.urandom(4).hex()}"))
    try:
        staged.rename(target)
    except OSError:
        if not _intact(target):
            raise
        _discard(staged)
        os.utime(target)  # touched: an old orphan that is used now must not be collected as garbage
    for directory in (target.parent, target.parent.parent, objects):
        fsync_directory(directory)
    return target


def read_manifest(path: Path, key: bytes) -> ArtifactManifest:
    """The verified manifest of the artifact directory `path`; no model is opened."""
    signed = _read(path, MANIFEST, _MANIFEST_LIMIT)
    document = unseal(signed, key, f"The manifest of {path.name}")
    try:
        manifest = from_json(document, ArtifactManifest)
    except msgspec.DecodeError as error:
        raise _refused(f"The manifest of {path.name} does not fit: {error}", "format") from error
    if manifest.format not in READABLE:
        message = f"Artifact {path.name[:12]} has format {manifest.format}: a later version of Shopfloor made it."
        raise _refused(message, "artifact_format")
    return manifest


def resign(path: Path, theirs: bytes, ours: bytes) -> None:
    """Sign the artifact directory `path` with our key, once the signature by `theirs` was verified."""
    document = unseal(_read(path, MANIFEST, _MANIFEST_LIMIT), theirs, f"The manifest of {path.name}")
    (path / MANIFEST).write_bytes(seal(document, ours))


def verify(file: ArtifactFile, key: bytes) -> ArtifactManifest:
    """The manifest of `file`, when it is signed and names exactly this model and digest."""
    with _naming(file):
        return _verify(file, key)


def prove(file: ArtifactFile, key: bytes) -> ArtifactManifest:
    """`verify`, and every file beside the manifest is what that says; no model is opened.

    Bytes are read once for a process and a file's identity. Raises `IntegrityError`.
    """
    with _naming(file):
        manifest = _verify(file, key)
        for name, digest in manifest.files.items():
            _prove_file(Path(file.path) / name, digest)
        return manifest


def _prove_file(path: Path, digest: str) -> None:
    shown = f"{path.name} of artifact {path.parent.name[:12]}"
    try:
        same = stat.S_ISREG(path.lstat().st_mode) and known_sha256(path) == digest
    except OSError as error:
        raise _refused(f"{shown} cannot be opened: {error.strerror}.", "artifact_missing") from error
    if not same:
        raise _refused(f"{shown} was changed.", "digest_mismatch")


@contextmanager
def _naming(file: ArtifactFile) -> Iterator[None]:
    """Every error is about this artifact."""
    try:
        yield
    except IntegrityError as error:
        error.stored = StoredObject(kind=ObjectKind.ARTIFACT, sha256=file.sha256)
        raise


def _verify(file: ArtifactFile, key: bytes) -> ArtifactManifest:
    manifest = read_manifest(Path(file.path), key)
    if manifest.files.get(MODEL) != file.sha256:
        raise _refused(
            f"The artifact at {file.path} is another one than {file.sha256[:12]} of {file.model}.",
            "artifact_swapped",
        )
    if manifest.model != file.model:
        raise _refused(
            f"Artifact {file.sha256[:12]} belongs to model {manifest.model}, not {file.model}.",
            "artifact_swapped",
        )
    return manifest


def load(file: ArtifactFile, key: bytes) -> Any:
    """The model of `file`, unpickled only after signature and digests were checked.

    The bytes that are hashed are the bytes that are unpickled, so a swap in between changes
    nothing. Raises `IntegrityError` for a swapped, changed, missing or foreign file.
    """
    from shopfloor.artifacts import family, recorded  # noqa: F401  (they know the stored types)

    path = Path(file.path)
    with _naming(file):
        manifest = _verify(file, key)
        content = _verified(path, MODEL, manifest)
        for name in manifest.files:
            if name != MODEL:
                _verified(path, name, manifest)
    return from_bytes(content)


def _verified(path: Path, name: str, manifest: ArtifactManifest) -> bytes:
    content = _read(path, name)
    if _digest(content) != manifest.files[name]:
        raise _refused(f"{name} of artifact {path.name[:12]} was changed.", "digest_mismatch")
    return content


def _read(directory: Path, name: str, limit: int = 0) -> bytes:
    """The bytes of a regular file directly in `directory`; links are never followed."""
    try:
        root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=root)
        finally:
            os.close(root)
    except OSError as error:
        message = f"{name} of artifact {directory.name[:12]} cannot be opened: {error.strerror}."
        raise _refused(message, "artifact_missing") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or (limit and status.st_size > limit):
            raise _refused(f"{directory / name} is not a usable file.", "artifact_damaged")
        return file.read()


def _write(path: Path, data: bytes) -> None:
    write_new(path, data, 0o444)
    os.chmod(path, 0o444)  # whatever the umask


def _staged_digest(staged: Path) -> str:
    """The digest of the staged model, by its bytes: the name must never be a guess."""
    if not _intact(staged):
        raise _refused(f"The staged artifact {staged.name} is incomplete.", "artifact_damaged")
    return _digest(_read(staged, MODEL))


def _intact(directory: Path) -> bool:
    """True when every file named by the manifest has the digest it says (signature aside)."""
    try:
        outer = msgspec.json.decode(_read(directory, MANIFEST, _MANIFEST_LIMIT))
        files: dict[str, str] = outer["manifest"]["files"]
        return MODEL in files and all(_digest(_read(directory, name)) == digest for name, digest in files.items())
    except (IntegrityError, msgspec.DecodeError, KeyError, TypeError):
        return False


def _discard(staged: Path) -> None:
    for entry in staged.iterdir():
        entry.unlink()
    staged.rmdir()


def _plain_names(extra: Mapping[str, bytes]) -> dict[str, bytes]:
    for name in extra:
        if name in {MODEL, MANIFEST, "", ".", ".."} or "/" in name or "\x00" in name:
            raise ValueError(f"not a plain file name for an artifact: {name!r}")
    return dict(extra)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _refused(message: str, code: str) -> IntegrityError:
    return IntegrityError(
        message,
        hint="The model was not opened. Run `shopfloor doctor`, or roll back to another version.",
        code=code,
    )
