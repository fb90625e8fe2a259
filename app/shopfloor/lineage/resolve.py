"""From what a person writes to the thing that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.names import is_name, nearest
from shopfloor.domain.text import safe
from shopfloor.lineage.deployments import deployments
from shopfloor.lineage.key import COUNTED, ORDER, SHOWN_DIGITS, Key, NodeKind, ref
from shopfloor.lineage.nodes import load
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

_PREFIXES: dict[str, NodeKind] = {
    "dataset": NodeKind.DATASET_VERSION,
    "model": NodeKind.MODEL_VERSION,
    "file": NodeKind.FILE,
    "part": NodeKind.PART,
    "run": NodeKind.RUN,
    "job": NodeKind.JOB,
    "alert": NodeKind.ALERT,
}
_NAMESAKES = {NodeKind.DATASET_VERSION, NodeKind.MODEL_VERSION}
_TABLES = {NodeKind.FILE: "files", NodeKind.RUN: "runs", NodeKind.ALERT: "alerts", NodeKind.JOB: "jobs"}
_COUNTED = re.compile(r"^([frja])[0-9]{1,12}$")
_DIGEST = re.compile(r"^[0-9a-f]{8,64}$")
_NUMBER = re.compile(r"^v?([0-9]{1,9})$")
_HELP = (
    "Write a file (f12), dataset (flights@3), run (r5), model (late@2), job (j7), alert (a3) or the start of a digest."
)


def resolve(query: Query, text: str, scope: LineageScope) -> tuple[Key, ...]:
    """What `text` means at the moment of the trace: one thing, or a dataset version and a model version.

    A model is often called as its dataset is: `churn@2` then means both, and neither is kept back.
    Raises `NotFoundError` with the nearest reference, and `UsageError` when other things match.
    """
    word = text.strip()
    found = load(query, dict.fromkeys(_candidates(query, word, scope)), scope)
    if len(found) == 1 or {key.kind for key in found} == _NAMESAKES:
        return tuple(sorted(found, key=lambda key: ORDER[NodeKind(key.kind)]))
    if found:
        raise _ambiguous(word, sorted(found))
    raise NotFoundError(
        f"There is nothing called {safe(word, 80)!r}{' by that time' if scope.limited else ''}.",
        hint=_nearest(query, word, scope),
        code="ref_not_found",
    )


def _candidates(query: Query, word: str, scope: LineageScope) -> Iterator[Key]:
    """Every reading of `word`; most name things that do not exist."""
    prefix, colon, rest = word.partition(":")
    if colon and prefix in _PREFIXES:
        yield from (key for key in _plain(query, rest, scope) if key.kind is _PREFIXES[prefix])
    if colon:
        yield from _live(query, word, scope)
    yield from _plain(query, word, scope)


def _plain(query: Query, word: str, scope: LineageScope) -> Iterator[Key]:
    counted = _COUNTED.match(word)
    if counted:
        yield Key(COUNTED[counted.group(1)], word)
    if _DIGEST.match(word):
        yield from _by_digest(query, word)
    name, _, version = word.partition("@")
    if is_name(name):
        yield from _dataset(query, name, version, scope)
        yield from _model(query, name, version, scope)


def _by_digest(query: Query, word: str) -> Iterator[Key]:
    """Everything that `--json` shows with a digest: parts, files, dataset versions and artifacts.

    Of several files with one content the first is meant: the others are its duplicates.
    """
    for (sha256,) in query.all(
        "SELECT DISTINCT sha256 FROM dataset_parts WHERE starts_with(sha256, ?) ORDER BY sha256 LIMIT 10", [word]
    ):
        yield Key(NodeKind.PART, sha256)
    for (id,) in query.all(
        "SELECT arg_min(id, number) FROM files WHERE starts_with(sha256, ?) GROUP BY sha256 ORDER BY 1 LIMIT 10", [word]
    ):
        yield Key(NodeKind.FILE, id)
    for kind, name, version in query.all(
        "SELECT 'dataset', dataset, version FROM dataset_versions WHERE starts_with(digest, $1) UNION ALL "
        "SELECT 'model', model, version FROM model_versions WHERE starts_with(sha256, $1) ORDER BY ALL LIMIT 10",
        [word],
    ):
        yield Key(_PREFIXES[kind], name, version)


def _dataset(query: Query, name: str, version: str, scope: LineageScope) -> Iterator[Key]:
    number = _NUMBER.match(version)
    if number:
        yield Key(NodeKind.DATASET_VERSION, name, int(number.group(1)))
    elif version in ("", "latest") and name in scope.datasets:
        row = query.one(
            "SELECT max(version) FROM dataset_versions WHERE dataset = ? AND created_at <= ?", [name, scope.until]
        )
        if row and row[0]:
            yield Key(NodeKind.DATASET_VERSION, name, row[0])


def _model(query: Query, name: str, version: str, scope: LineageScope) -> Iterator[Key]:
    number = _NUMBER.match(version)
    if number:
        yield Key(NodeKind.MODEL_VERSION, name, int(number.group(1)))
    elif name in scope.models:
        held = _alias(query, name, version or "champion", scope)
        if held is None and version in ("", "latest"):
            row = query.one(
                "SELECT max(version) FROM model_versions WHERE model = ? AND created_at <= ?", [name, scope.until]
            )
            held = row[0] if row else None
        if held is not None:
            yield Key(NodeKind.MODEL_VERSION, name, held)


def _alias(query: Query, model: str, alias: str, scope: LineageScope) -> int | None:
    row = query.one(
        "SELECT arg_max(coalesce(version, 0), seq) FROM alias_history "
        "WHERE model = ? AND alias = ? AND happened_at <= ?",
        [model, alias, scope.until],
    )
    return row[0] or None if row else None


def _live(query: Query, word: str, scope: LineageScope) -> Iterator[Key]:
    """`late:champion`, `late:champion#57`, `late:actuals`, `late@2:batch`."""
    subject, _, what = word.rpartition(":")
    subject = subject.removeprefix("model:")
    name, _, version = subject.partition("@")
    number = _NUMBER.match(version)
    if number:
        yield Key(NodeKind.PREDICTIONS, name, int(number.group(1)), what)
    elif what == "actuals":
        yield Key(NodeKind.ACTUALS, name)
    elif what.startswith("champion#") and what[9:].isdecimal():
        yield Key(NodeKind.DEPLOYMENT, name, int(what[9:][:18]))
    elif what == "champion":
        yield from [held.key for held in deployments(query, [name], scope) if held.until is None]


def _ambiguous(word: str, found: list[Key]) -> UsageError:
    kinds = {kind: prefix for prefix, kind in _PREFIXES.items()}
    shown = [
        key.name[: max(len(word) + 8, SHOWN_DIGITS)] if key.kind is NodeKind.PART else f"{kinds[key.kind]}:{ref(key)}"
        for key in found
    ]
    return UsageError(
        f"{safe(word, 80)!r} is more than one thing.", hint=f"Write one of: {', '.join(shown)}.", code="ref_ambiguous"
    )


def _nearest(query: Query, word: str, scope: LineageScope) -> str:
    counted = _COUNTED.match(word)
    if counted:
        kind = COUNTED[counted.group(1)]
        row = query.one(f"SELECT arg_max(id, number) FROM {_TABLES[kind]}")
        return f"The newest {kind} is {row[0]}." if row and row[0] else f"There is no {kind} yet."
    name, at, version = word.removeprefix("dataset:").removeprefix("model:").partition("@")
    if name in scope.datasets | scope.models:
        return _versions_of(query, name, scope)
    close = nearest(name, sorted(scope.datasets | scope.models))
    return f"Did you mean {close}{at}{version}?" if close and is_name(close) else _HELP


def _versions_of(query: Query, name: str, scope: LineageScope) -> str:
    row = query.one(
        "SELECT max(version), min(created_at) FROM (SELECT version, created_at FROM dataset_versions WHERE dataset = ? "
        "UNION ALL SELECT version, created_at FROM model_versions WHERE model = ?)",
        [name, name],
    )
    if not row or row[0] is None:
        return f"{name} has no version yet."
    first = naive(row[1])
    if scope.limited and first is not None and first > scope.until:
        return f"The first version of {name} came at {first:%Y-%m-%dT%H:%M:%SZ}."
    return f"The newest version of {name} is {name}@{row[0]}."
