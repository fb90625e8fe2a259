"""References inside free text: `new data flights@3`, `alert a3`, a job's payload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from shopfloor.domain.job import JobRecord
from shopfloor.lineage.key import COUNTED, Key, NodeKind
from shopfloor.lineage.scope import LineageScope

# The same pattern runs in DuckDB (RE2) to find candidates and here to decide.
SPLIT = r"[.:]*[^A-Za-z0-9_.@:#-]+[.:]*|[.:]+$"
_SPLIT = re.compile(SPLIT)
_COUNTED = re.compile(r"^([frja])[0-9]{1,12}$")
_VERSION = re.compile(r"^(?:(dataset|model):)?([a-z0-9][a-z0-9_.-]{0,63})@v?([0-9]{1,9})$")
# What starts a job. A run does not: a job makes its run, and the payload may name it.
CAUSES = frozenset({NodeKind.FILE, NodeKind.DATASET_VERSION, NodeKind.MODEL_VERSION, NodeKind.ALERT, NodeKind.JOB})
_DATASET_FIELD = "dataset"
_VERSION_FIELDS = ("dataset_version", "version")


def mentioned(text: str, scope: LineageScope) -> Iterator[Key]:
    """Every thing that `text` names. A name that is a dataset and a model means the dataset."""
    for word in _SPLIT.split(text):
        key = _key(word, scope)
        if key is not None:
            yield key


def words(keys: Iterable[Key]) -> list[str]:
    """The words that mention one of `keys`."""
    found: set[str] = set()
    for key in keys:
        if key.kind in (NodeKind.DATASET_VERSION, NodeKind.MODEL_VERSION):
            plain = (f"{key.name}@{key.number}", f"{key.name}@v{key.number}")
            found.update(plain)
            found.update(f"{prefix}:{word}" for prefix in ("dataset", "model") for word in plain)
        else:
            found.add(key.name)
    return sorted(found)


def holding(table: str, id: str, text: str) -> str:
    """A subquery: the `id` of those rows of `table` whose `text` holds one of some words.

    Parameters: `SPLIT`, then the words. Its cost grows with the rows, not with the number of words.
    """
    return (
        f"SELECT id FROM (SELECT {id} AS id, unnest(regexp_split_to_array({text}, ?)) AS word FROM {table}) "
        "WHERE word IN (SELECT unnest(?::VARCHAR[]))"
    )


def job_causes(job: JobRecord, scope: LineageScope) -> set[Key]:
    """What started a job: named by its trigger, or by a top-level value of its payload."""
    found = set(mentioned(job.trigger, scope))
    for value in job.payload.values():
        for text in value if isinstance(value, list) else [value]:
            key = _key(text, scope) if isinstance(text, str) else None
            if key is not None:
                found.add(key)
    version = _payload_version(job.payload)
    if version is not None:
        found.add(version)
    return {key for key in found if key.kind in CAUSES and key.name != job.id}


def _payload_version(payload: dict[str, Any]) -> Key | None:
    dataset = payload.get(_DATASET_FIELD)
    number = next((payload[field] for field in _VERSION_FIELDS if isinstance(payload.get(field), int)), 0)
    return Key(NodeKind.DATASET_VERSION, dataset, number) if isinstance(dataset, str) and number > 0 else None


def _key(word: str, scope: LineageScope) -> Key | None:
    counted = _COUNTED.match(word)
    if counted:
        return Key(COUNTED[counted.group(1)], word)
    version = _VERSION.match(word)
    if version is None:
        return None
    prefix, name, number = version.group(1), version.group(2), int(version.group(3))
    if name in scope.datasets and prefix != "model":
        return Key(NodeKind.DATASET_VERSION, name, number)
    if name in scope.models and prefix != "dataset":
        return Key(NodeKind.MODEL_VERSION, name, number)
    return None
