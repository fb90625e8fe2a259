"""Models in memory: loaded at the first request, swapped when their deployment changes."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.clock import Clock
from shopfloor.domain.contract import Parser
from shopfloor.domain.errors import IntegrityError, NotFoundError, ShopfloorError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.names import check_name, did_you_mean
from shopfloor.domain.text import safe
from shopfloor.serving.decision import DecisionRule, rule_of
from shopfloor.serving.deployment import Deployment, deployed_models, deployment_path, read_deployment
from shopfloor.serving.rows import RowReader
from shopfloor.serving.score import Model, load_model, manifest_of

CHECK_SECONDS = 0.2
"""A deployment file is checked no more often than this."""
RETRY_SECONDS = 5.0
"""How long a model that could not be loaded is left alone."""

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Loaded:
    """A model that can answer now."""

    deployment: Deployment
    model: Model
    reader: RowReader
    rule: DecisionRule


@dataclass
class _CacheEntry:
    """What is known of one deployed model. `seen` is the state of the file that `loaded` or
    `error` came from."""

    loaded: Loaded | None = None
    error: ShopfloorError | None = None
    seen: Signature | None = None
    loading: asyncio.Task[None] | None = None
    checked_at: float = -1e9
    failed_at: float = -1e9


@dataclass(frozen=True)
class LoadedState:
    """One model as `/health` reports it."""

    model: str
    version: int
    error: str = ""


@dataclass
class ModelCache:
    """Loaded models by name, the least recently used one leaving first above `capacity`.

    While a new version loads in `executor`, the one before goes on answering; a version that
    cannot be loaded never replaces one that can. All methods run on the event loop.
    """

    directory: Path
    root: Path
    key_path: Path
    capacity: int
    clock: Clock
    executor: Executor
    swaps: int = 0
    _entries: OrderedDict[str, _CacheEntry] = field(default_factory=OrderedDict)
    _manifests: OrderedDict[str, ArtifactManifest] = field(default_factory=OrderedDict)

    async def get(self, name: str) -> Loaded:
        """The model to answer with now. Raises `NotFoundError`, or what kept it from loading."""
        entry = self._entries.get(name)
        now = self.clock.monotonic()
        if entry is not None and entry.loaded is not None and now - entry.checked_at < CHECK_SECONDS:
            self._entries.move_to_end(name)
            return entry.loaded
        entry = self._check(name, now)
        while entry.loaded is None:
            if entry.loading is None:
                # Without its old traceback, or each raise would make the kept error longer.
                raise (entry.error or _not_deployed(name, self.names())).with_traceback(None)
            await asyncio.shield(entry.loading)
        return entry.loaded

    def names(self) -> tuple[str, ...]:
        """All models in service."""
        return deployed_models(self.directory)

    def deployed_version(self, name: str) -> int | None:
        """The version in service, loaded or not; None where its deployment cannot be read."""
        try:
            return self._deployment(name).version
        except ShopfloorError:
            return None

    def states(self) -> list[LoadedState]:
        """The models in memory, and those whose last load failed; retired ones are let go."""
        for name in self._entries.keys() - set(self.names()):
            del self._entries[name]
        found: list[LoadedState] = []
        for name, entry in sorted(self._entries.items()):
            if entry.loaded is not None or entry.error is not None:
                version = entry.loaded.deployment.version if entry.loaded is not None else 0
                found.append(LoadedState(name, version, entry.error.message if entry.error is not None else ""))
        return found

    def describe(self, name: str) -> tuple[Deployment, ArtifactManifest]:
        """Deployment and verified manifest of a model, which is not loaded for that."""
        deployment = self._deployment(name)
        digest = deployment.artifact.sha256
        manifest = self._manifests.get(digest)
        if manifest is None:
            key = load_or_create_key(self.key_path)
            manifest = bundle.verify(self._artifact(deployment), key)
            self._manifests[digest] = manifest
            if len(self._manifests) > 4 * self.capacity:
                self._manifests.popitem(last=False)
        return deployment, manifest

    def _check(self, name: str, now: float) -> _CacheEntry:
        """Compare the deployment file with what is loaded; start a load where they differ."""
        signature = _signature(deployment_path(self.directory, name))
        if signature is None:
            self._entries.pop(name, None)
            raise _not_deployed(name, self.names())
        entry = self._entries.setdefault(name, _CacheEntry())
        self._entries.move_to_end(name)
        entry.checked_at = now
        rested = entry.error is not None and now - entry.failed_at >= RETRY_SECONDS
        if entry.loading is None and (signature != entry.seen or rested):
            entry.loading = asyncio.get_running_loop().create_task(self._load(name, entry, signature))
        return entry

    async def _load(self, name: str, entry: _CacheEntry, signature: Signature) -> None:
        loop = asyncio.get_running_loop()
        try:
            fresh = await loop.run_in_executor(self.executor, self._open, name)
        except ShopfloorError as error:
            entry.error = error
            entry.failed_at = self.clock.monotonic()
        except Exception as error:  # noqa: BLE001  (thread boundary: unpickling runs foreign code)
            entry.error = IntegrityError(
                f"Model {name} cannot be opened ({type(error).__name__}: {safe(error, 160)}).",
                hint="Check that its recipe and libraries are as they were in training, or roll back.",
                code="model_unusable",
            )
            entry.failed_at = self.clock.monotonic()
        else:
            self.swaps += entry.loaded is not None
            entry.loaded, entry.error = fresh, None
            self._make_room()
        finally:
            # Taken before the file was read: a change since then is seen by the next check.
            entry.seen = signature
            entry.loading = None

    def _open(self, name: str) -> Loaded:
        deployment = self._deployment(name)
        artifact = self._artifact(deployment)
        model = load_model(artifact, self.key_path)
        keys = tuple(getattr(model, "segment_by", ()))
        _warm(model, keys)
        roles = manifest_of(artifact, self.key_path).roles
        columns = tuple(map(Parser(decimal=deployment.decimal).governed, model.columns))
        reader = RowReader(columns, keys, deployment.id, roles, deployment.missing, deployment.labels)
        rule = rule_of(model, artifact, deployment.threshold, deployment.humility)
        return Loaded(deployment, model, reader, rule)

    def _deployment(self, name: str) -> Deployment:
        deployment = read_deployment(self.directory, name)
        if deployment is None:
            raise _not_deployed(name, self.names())
        return deployment

    def _artifact(self, deployment: Deployment) -> ArtifactFile:
        path = self.root / deployment.artifact.path  # an absolute path stays as it is
        return msgspec.structs.replace(deployment.artifact, path=str(path))

    def _make_room(self) -> None:
        held = [name for name, entry in self._entries.items() if entry.loaded is not None]
        for name in held[: max(0, len(held) - self.capacity)]:
            del self._entries[name]


def _signature(path: Path) -> Signature | None:
    try:
        status = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _warm(model: Model, keys: tuple[str, ...]) -> None:
    """Build what the first prediction would build, away from the first request."""
    row = dict.fromkeys((*(column.name for column in model.columns), *keys))
    try:
        model.predict_row(row)
    except Exception:  # noqa: BLE001  (a recipe may not like an empty row; a real one will tell)
        return


def _not_deployed(name: str, names: tuple[str, ...]) -> NotFoundError:
    check_name(name, "Model")
    return NotFoundError(
        f"No model {name!r} is in service.",
        hint=did_you_mean(name, names) or "Promote a version of a model first.",
        code="model_not_found",
    )
