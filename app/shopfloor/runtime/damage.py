"""Damaged objects: what depends on one, how to mend it, and the alert that stays open until it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_key
from shopfloor.domain.codec import convert
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import IntegrityError, RefusedError, StoreError
from shopfloor.domain.monitor import AlertRecord, Severity
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.domain.text import first_of
from shopfloor.domain.wire import WireError
from shopfloor.lake.locations import artifact_file, part_files
from shopfloor.lake.objects import part_path, verify, verify_parts
from shopfloor.runtime.context import Context
from shopfloor.runtime.unresolved_alert import raise_alert, resolve
from shopfloor.store import alerts
from shopfloor.store.dependents import Dependents, dependents
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.digests import file_sha256
from shopfloor.workspace.layout import Layout

CHECK = "integrity"
_NAMED = 3
# Alerts about a subject's objects; a broken disk damages thousands, and `doctor --deep` lists them all.
_MOST = 10


def explained(context: Context, error: IntegrityError) -> IntegrityError:
    """The error with what depends on the object and the remedy. Opens the object's alert."""
    if error.stored is None:
        return error
    found = explain(context, error)
    report(context, found)
    return found


def explained_on_wire(context: Context, error: WireError) -> WireError:
    """`explained` for an error that came from a worker."""
    if error.stored is None:
        return error
    told = explained(context, IntegrityError(error.message, hint=error.hint, code=error.code, stored=error.stored))
    return msgspec.structs.replace(error, message=told.message, hint=told.hint)


def explain(context: Context, error: IntegrityError) -> IntegrityError:
    """The error with what depends on its object and the remedy."""
    stored = error.stored
    assert stored is not None
    held = context.store.read(lambda query: dependents(query, stored))
    told = " ".join([error.message, *_losses(stored, held)])
    return IntegrityError(told, hint=_remedy(context.layout, stored, held), code=error.code, stored=stored)


def refuse_damaged(context: Context, model: str, version: int, sha256: str) -> None:
    """Raise `RefusedError` when the artifact is not what was released: no alias may move to it."""
    file = artifact_file(context.layout, model, version, sha256)
    with _refusing(context, f"{model}@{version}"):
        try:
            bundle.prove(file, load_key(context.layout.signing_key))
        except FileNotFoundError as error:
            raise IntegrityError("The signing key of this workspace is gone.", code="key_missing") from error


def refuse_damaged_rows(context: Context, version: DatasetVersion) -> None:
    """Raise `RefusedError` when a part is not what was committed: no dataset goes back to it."""
    with _refusing(context, f"{version.dataset}@{version.version}"):
        verify_parts(part_files(context.layout, version.parts))


@contextmanager
def _refusing(context: Context, ref: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        told = explained(context, error)
        raise RefusedError(f"{ref} cannot be used: {told.message}", hint=told.hint, code=error.code) from error


def report(context: Context, error: IntegrityError) -> None:
    """Open the alert about a damaged object, once for each dataset or model that it belongs to."""
    stored = error.stored
    assert stored is not None

    def change(transaction: Transaction) -> None:
        held = dependents(transaction, stored)
        severity = Severity.CRITICAL if held.serving else Severity.WARNING
        for owner in held.owners:
            _open(transaction, owner, stored, error, severity)

    with suppress(StoreError, OSError):  # what cannot be written now is found again
        context.store.write(change)


def _open(
    transaction: Transaction, owner: str, stored: StoredObject, error: IntegrityError, severity: Severity
) -> None:
    known = [alert for alert in alerts.unresolved(transaction, owner) if alert.check == CHECK]
    if len(known) >= _MOST or any(stored_of(alert) == stored for alert in known):
        return
    raise_alert(
        transaction,
        owner,
        CHECK,
        error.message,
        error.hint,
        value=1.0,
        severity=severity,
        feature=str(stored),
        evidence=msgspec.to_builtins(stored),
    )


def stored_of(alert: AlertRecord) -> StoredObject:
    """The object that an alert of this kind is about."""
    return convert(alert.evidence, StoredObject)


def recheck(context: Context) -> None:
    """Resolve the alerts about objects that are whole again, or that nothing refers to any more."""
    unresolved = context.store.read(lambda query: alerts.unresolved_of(query, CHECK))
    mended = {stored for alert in unresolved if _whole_now(context, stored := stored_of(alert))}

    def change(transaction: Transaction) -> None:
        for alert in unresolved:
            if stored_of(alert) in mended:
                resolve(transaction, alert.subject, CHECK, feature=alert.feature)

    if mended:
        context.store.write(change)


def _whole_now(context: Context, stored: StoredObject) -> bool:
    held = context.store.read(lambda query: dependents(query, stored))
    return not held.owners or fault(context.layout, stored, places(context.layout, stored, held), held.owners) is None


def fault(
    layout: Layout, stored: StoredObject, paths: Sequence[Path], models: Sequence[str], *, fresh: bool = False
) -> IntegrityError | None:
    """What is wrong with an object that lies at `paths`; of an artifact, of which `models` it is.

    `fresh` reads the bytes, whoever has read them before.
    """
    try:
        if fresh:
            _read(paths)
        if stored.kind is ObjectKind.ARTIFACT:
            for model in models:
                bundle.prove(artifact_file(layout, model, 0, stored.sha256), load_key(layout.signing_key))
        else:
            for path in paths:
                verify(path, stored.sha256, stored.kind)
    except IntegrityError as error:
        return error if error.stored else IntegrityError(error.message, hint=error.hint, code=error.code, stored=stored)
    except OSError as error:
        why = f"The stored {stored} cannot be read: {error.strerror or error}."
        return IntegrityError(why, code="unreadable", stored=stored)
    return None


def _read(paths: Sequence[Path]) -> None:
    """Let the bytes come from the disk; a folder's files are those of an artifact."""
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                file_sha256(file)


def places(layout: Layout, stored: StoredObject, held: Dependents) -> list[Path]:
    """Where an object lies; an artifact is a folder."""
    if not held.owners:
        return []
    match stored.kind:
        case ObjectKind.PART:
            return [part_path(layout.objects, stored.sha256)]
        case ObjectKind.LOG:
            return [layout.root / path for path in held.paths]
        case ObjectKind.ARTIFACT:
            return [Path(artifact_file(layout, "", 0, stored.sha256).path)]


def _losses(stored: StoredObject, held: Dependents) -> list[str]:
    """In sentences."""
    uses = first_of(held.uses, _NAMED)
    found = [f"It holds {uses}." if stored.kind is ObjectKind.LOG else f"Used by {uses}."]
    if held.trained:
        found.append(f"Trained on it: {first_of(held.trained, _NAMED)}.")
    return found if held.uses else []


def _remedy(layout: Layout, stored: StoredObject, held: Dependents) -> str:
    where = first_of([layout.relative(path) for path in places(layout, stored, held)], _NAMED)
    copy = f"put {where} back from a copy of the workspace" if where else "nothing needs it: shopfloor gc"
    match stored.kind:
        case ObjectKind.PART if held.files and all(originals(layout, *file) for file in held.files):
            return f"Read its originals in again: shopfloor doctor --repair. Or {copy}."
        case ObjectKind.PART if held.files:
            ids = [id for _, id in held.files]
            return f"{copy.capitalize()}. Without one: shopfloor file withdraw {ids[0]}, then deliver that file again."
        case ObjectKind.ARTIFACT if held.owners:
            model = held.owners[0]
            back = f" Until then: shopfloor model rollback {model}." if held.serving else ""
            return f"Train it again: shopfloor model train {model}. Or {copy}.{back}"
        case _:
            return f"{copy.capitalize()}."


def originals(layout: Layout, dataset: str, id: str) -> list[Path]:
    """Where the archive keeps the file as it was delivered."""
    return sorted((layout.archive / "data" / dataset).glob(f"*/{id}-*"))
