"""What is lost with a stored object: versions that hold it, models that learned from it, aliases on them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from shopfloor.domain.dataset import FileSpan
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.store.rows import Query

_HOLDERS = """
SELECT dataset, added_version, removed_version, files FROM dataset_parts WHERE sha256 = ?
ORDER BY dataset, added_version, ordinal
"""
_TRAINED = """
SELECT DISTINCT v.model, v.version FROM dataset_parts p
JOIN runs r ON r.dataset = p.dataset AND r.dataset_version >= p.added_version
    AND (p.removed_version IS NULL OR r.dataset_version < p.removed_version)
JOIN model_versions v ON v.run = r.id
WHERE p.sha256 = ? ORDER BY v.model, v.version DESC
"""
_VERSIONS = "SELECT model, version FROM model_versions WHERE sha256 = ? ORDER BY model, version DESC"
_RUNS = "SELECT DISTINCT model, id FROM runs WHERE record->>'$.artifact.sha256' = ? ORDER BY ALL"
_LOGS = "SELECT DISTINCT model, kind, path FROM inference_parts WHERE sha256 = ? ORDER BY ALL"
_ALIASES = "SELECT model, version, alias FROM aliases WHERE version IS NOT NULL ORDER BY ALL"


@dataclass(frozen=True)
class Dependents:
    """`owners` are the datasets or models whose object it is, none where nothing refers to it.

    `uses` are what holds it (`flights@2 to @5`, `late@3 (champion)`), `trained` the model versions that learned
    from it, `files` the (dataset, id) of the files whose rows it has, `paths` where it lies, relative to the
    workspace, if not where its digest says. `serving` is true where an alias or a newest version depends on it.
    """

    owners: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    paths: tuple[str, ...] = ()
    serving: bool = False


def dependents(query: Query, stored: StoredObject) -> Dependents:
    """All that refers to an object, in one snapshot."""
    match stored.kind:
        case ObjectKind.PART:
            return _of_part(query, stored.sha256)
        case ObjectKind.ARTIFACT:
            return _of_artifact(query, stored.sha256)
        case ObjectKind.LOG:
            return _of_log(query, stored.sha256)


def _of_part(query: Query, sha256: str) -> Dependents:
    holders = query.all(_HOLDERS, [sha256])
    files = {
        (dataset, span.file)
        for dataset, *_, spans in holders
        for span in msgspec.json.decode(spans, type=list[FileSpan])
    }
    return Dependents(
        owners=tuple(dict.fromkeys(dataset for dataset, *_ in holders)),
        uses=tuple(dict.fromkeys(_span(dataset, first, gone) for dataset, first, gone, _ in holders)),
        trained=_named(query, query.all(_TRAINED, [sha256])),
        files=tuple(sorted(files)),
        serving=any(gone is None for _, _, gone, _ in holders),
    )


def _of_artifact(query: Query, sha256: str) -> Dependents:
    versions = query.all(_VERSIONS, [sha256])
    runs = query.all(_RUNS, [sha256])
    named = _named(query, versions)
    return Dependents(
        owners=tuple(dict.fromkeys(model for model, _ in (*versions, *runs))),
        uses=named or tuple(f"run {run}" for _, run in runs),
        serving=any("(" in name for name in named),
    )


def _of_log(query: Query, sha256: str) -> Dependents:
    rows = query.all(_LOGS, [sha256])
    return Dependents(
        owners=tuple(dict.fromkeys(model for model, _, _ in rows)),
        uses=tuple(f"the {kind} of {model}" for model, kind, _ in rows),
        paths=tuple(path for *_, path in rows),
    )


def _span(dataset: str, first: int, gone: int | None) -> str:
    if gone is None:
        return f"{dataset}@{first} and later"
    return f"{dataset}@{first}" if gone == first + 1 else f"{dataset}@{first} to @{gone - 1}"


def _named(query: Query, versions: list[tuple[str, int]]) -> tuple[str, ...]:
    """`late@3 (champion)`: versions with their aliases."""
    aliases: dict[tuple[str, int], list[str]] = {}
    for model, version, alias in query.all(_ALIASES) if versions else ():
        aliases.setdefault((model, version), []).append(alias)
    return tuple(
        f"{model}@{version}" + (f" ({', '.join(held)})" if (held := aliases.get((model, version))) else "")
        for model, version in versions
    )
