"""The tree of an explanation: each thing as its teller tells it, and below it what it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.explanation import Explained, Explanation
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.text import counted
from shopfloor.engine.why import alert, data, decision, retraining, work
from shopfloor.engine.why.evidence import StoredEvidence, Teller, brief
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes import load
from shopfloor.lineage.origins import origins
from shopfloor.lineage.resolve import resolve
from shopfloor.lineage.scope import load_scope
from shopfloor.store import files
from shopfloor.store.rows import Query

_DEPTH = 6
_SIBLINGS = 5

_TELLERS: dict[NodeKind, Teller] = {
    NodeKind.FILE: data.file,
    NodeKind.PART: data.thing,
    NodeKind.DATASET_VERSION: data.dataset_version,
    NodeKind.RUN: work.run,
    NodeKind.MODEL_VERSION: decision.version,
    NodeKind.DEPLOYMENT: decision.deployment,
    NodeKind.PREDICTIONS: data.thing,
    NodeKind.ACTUALS: data.thing,
    NodeKind.ALERT: alert.alert,
    NodeKind.JOB: work.job,
}


def explain(query: Query, text: str, definitions: Iterable[ModelDefinition], now: datetime) -> Explanation:
    """Why what `text` names is as it is: a model by its name, else whatever the lineage knows by it.

    Raises `NotFoundError` with the nearest reference, and `UsageError` for an ambiguous one.
    """
    known = {definition.name: definition for definition in definitions}
    evidence = StoredEvidence(query, load_scope(query, None), known, now)
    model = _model(evidence, text.strip())
    keys = _keys(evidence, text, model)
    nodes = load(query, keys, evidence.scope)
    told = [_told(evidence, key, nodes[key], {key}, _DEPTH) for key in keys]
    root, *also = [model, *told] if model is not None else told
    paths = files.records(query, [key.name for key in keys if key.kind is NodeKind.FILE])
    return Explanation(
        **msgspec.structs.asdict(root),
        also=tuple(also),
        file=paths[0] if paths else None,
        path=paths[0].path if paths else "",
    )


def _keys(evidence: StoredEvidence, text: str, model: Explained | None) -> list[Key]:
    """What the lineage knows by `text`; a model's bare name means the model, not the version that serves."""
    try:
        found = resolve(evidence.query, text, evidence.scope)
    except NotFoundError:
        if model is None:
            raise
        return []
    return [key for key in found if model is None or key.kind is not NodeKind.MODEL_VERSION]


def _model(evidence: StoredEvidence, word: str) -> Explained | None:
    """A model by its bare name."""
    name = word.removeprefix("model:")
    return retraining.model(evidence, evidence.models[name]) if name in evidence.models else None


def _told(evidence: StoredEvidence, key: Key, node: LineageNode, seen: set[Key], depth: int) -> Explained:
    """The thing with its own facts first, then what it came from; nothing is unfolded twice."""
    fact = _TELLERS[NodeKind(key.kind)](evidence, key, node)
    if depth < _DEPTH:
        fact = brief(fact)
    if not depth:
        return fact
    found = origins(evidence.query, key, evidence.scope)
    above = {origin: found[origin] for origin in found if origin not in seen}
    seen.update(above)
    shown, rest = _few(above)
    causes = [_told(evidence, origin, above[origin], seen, depth - 1) for origin in shown]
    return msgspec.structs.replace(fact, because=(*fact.because, *causes, *rest))


def _few(above: Mapping[Key, LineageNode]) -> tuple[list[Key], Iterable[Explained]]:
    """The first few of each kind, and how many more there are."""
    counts: Counter[str] = Counter()
    shown = []
    for key in above:
        counts[key.kind] += 1
        if counts[key.kind] <= _SIBLINGS:
            shown.append(key)
    return shown, _more(counts)


def _more(counts: Counter[str]) -> Iterator[Explained]:
    for kind, number in counts.items():
        if number > _SIBLINGS:
            noun = kind.replace("_", " ")
            yield Explained(kind=kind, message=f"And {counted(number - _SIBLINGS, f'more {noun}')}.")
