"""deployment → predictions, predictions → actuals, and the files and jobs they came from."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.lineage.answers import actuals, makers, predictions
from shopfloor.lineage.key import COUNTED, Key, Kind
from shopfloor.lineage.scope import MAX_ROWS, Scope
from shopfloor.lineage.steps.step import Link, Step, names
from shopfloor.store.rows import Query


def _makers_of_predictions(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    wanted = set(keys)
    yield from (link for link in _answered(query, keys, scope) if link.target in wanted)


def _predictions_of_makers(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    wanted = set(keys)
    yield from (link for link in _answered(query, keys, scope) if link.source in wanted)


def _answered(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    for group, sources in makers(query, names(keys), scope).items():
        for source in sources:
            yield Link(source, group, "answered")


_ORIGINS = """
SELECT DISTINCT origin, kind, model, coalesce(model_version, 0), source FROM inference_parts
WHERE regexp_full_match(origin, '[fj][0-9]+') AND created_at <= ?
"""


def _origins_of_answers(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    rows = query.all(
        f"{_ORIGINS} AND model IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL LIMIT {MAX_ROWS}",
        [scope.until, names(keys)],
    )
    wanted = set(keys)
    yield from (link for link in map(_origin, rows) if link.target in wanted)


def _answers_of_origins(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    rows = query.all(
        f"{_ORIGINS} AND origin IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL LIMIT {MAX_ROWS}",
        [scope.until, names(keys)],
    )
    yield from map(_origin, rows)


def _origin(row: tuple[str, str, str, int, str]) -> Link:
    id, kind, model, version, source = row
    origin = Key(COUNTED[id[0]], id)
    if kind == "actuals":
        return Link(origin, Key(Kind.ACTUALS, model), "brought")
    return Link(origin, Key(Kind.PREDICTIONS, model, version, source), "scored")


def _judged(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    models = names(keys)
    judged = {group.model: group.key for group in actuals(query, models, scope)}
    for group in predictions(query, judged, scope):
        yield Link(group.key, judged[group.model], "judged by")


def _predictions_of_actuals(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    yield from _judged(query, keys, scope)


def _actuals_of_predictions(query: Query, keys: list[Key], scope: Scope) -> Iterator[Link]:
    wanted = set(keys)
    yield from (link for link in _judged(query, keys, scope) if link.source in wanted)


STEPS = (
    Step(
        frozenset({Kind.MODEL_VERSION, Kind.DEPLOYMENT}),
        frozenset({Kind.PREDICTIONS}),
        up=_makers_of_predictions,
        down=_predictions_of_makers,
    ),
    Step(
        frozenset({Kind.FILE, Kind.JOB}),
        frozenset({Kind.PREDICTIONS, Kind.ACTUALS}),
        up=_origins_of_answers,
        down=_answers_of_origins,
    ),
    Step(
        frozenset({Kind.PREDICTIONS}),
        frozenset({Kind.ACTUALS}),
        up=_predictions_of_actuals,
        down=_actuals_of_predictions,
    ),
)
