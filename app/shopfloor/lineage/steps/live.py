"""deployment → predictions, predictions → actuals, and the files and jobs they came from."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.lineage.inference import actuals, predictions, producers
from shopfloor.lineage.key import COUNTED, Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, LineageStep, names
from shopfloor.store.rows import Query


def _makers_of_predictions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    wanted = set(keys)
    yield from (link for link in _answered(query, keys, scope) if link.target in wanted)


def _predictions_of_makers(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    wanted = set(keys)
    yield from (link for link in _answered(query, keys, scope) if link.source in wanted)


def _answered(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    for group, sources in producers(query, names(keys), scope).items():
        for source in sources:
            yield LineageLink(source, group, "answered")


_ORIGINS = """
SELECT DISTINCT origin, kind, model, coalesce(model_version, 0), source FROM inference_parts
WHERE kind IN ('predictions', 'actuals') AND regexp_full_match(origin, '[fj][0-9]+') AND created_at <= ?
"""


def _origins_of_answers(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_ORIGINS} AND model IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL LIMIT {MAX_ROWS}",
        [scope.until, names(keys)],
    )
    wanted = set(keys)
    yield from (link for link in map(_origin, rows) if link.target in wanted)


def _answers_of_origins(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_ORIGINS} AND origin IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL LIMIT {MAX_ROWS}",
        [scope.until, names(keys)],
    )
    yield from map(_origin, rows)


def _origin(row: tuple[str, str, str, int, str]) -> LineageLink:
    id, kind, model, version, source = row
    origin = Key(COUNTED[id[0]], id)
    if kind == "actuals":
        return LineageLink(origin, Key(NodeKind.ACTUALS, model), "brought")
    return LineageLink(origin, Key(NodeKind.PREDICTIONS, model, version, source), "scored")


def _judged(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    models = names(keys)
    judged = {group.model: group.key for group in actuals(query, models, scope)}
    for group in predictions(query, judged, scope):
        yield LineageLink(group.key, judged[group.model], "judged by")


def _predictions_of_actuals(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _judged(query, keys, scope)


def _actuals_of_predictions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    wanted = set(keys)
    yield from (link for link in _judged(query, keys, scope) if link.source in wanted)


STEPS = (
    LineageStep(
        frozenset({NodeKind.MODEL_VERSION, NodeKind.DEPLOYMENT}),
        frozenset({NodeKind.PREDICTIONS}),
        up=_makers_of_predictions,
        down=_predictions_of_makers,
    ),
    LineageStep(
        frozenset({NodeKind.FILE, NodeKind.JOB}),
        frozenset({NodeKind.PREDICTIONS, NodeKind.ACTUALS}),
        up=_origins_of_answers,
        down=_answers_of_origins,
    ),
    LineageStep(
        frozenset({NodeKind.PREDICTIONS}),
        frozenset({NodeKind.ACTUALS}),
        up=_predictions_of_actuals,
        down=_actuals_of_predictions,
    ),
)
