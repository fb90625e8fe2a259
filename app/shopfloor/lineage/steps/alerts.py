"""predictions, actuals or the deployment → alert: what an alert is about; and the job that raised it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from shopfloor.domain.alert_commands import ACTUALS, DELIVERY, SOURCES
from shopfloor.domain.monitor import AlertRecord
from shopfloor.lineage.deployments import deployments
from shopfloor.lineage.inference import LoggedPredictions, actuals, predictions
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, LineageStep, names
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

_INFERENCE = "inference"
# Which checks needed the ground truth when alerts did not say so themselves.
_ONCE_LABELLED = frozenset({"performance", "value", "calibration", "fairness"})
_ALERTS = "SELECT record FROM alerts WHERE opened_at <= ?"


def _sources_of_alerts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(f"{_ALERTS} AND id IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)])
    yield from _links(query, rows, scope)


def _alerts_of_sources(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_ALERTS} AND (subject IN (SELECT unnest(?::VARCHAR[])) "
        f"OR record ->> '$.evidence.{DELIVERY}.dataset' IN (SELECT unnest(?::VARCHAR[]))) "
        f"ORDER BY number DESC LIMIT {MAX_ROWS}",
        [scope.until, names(keys), names(keys)],
    )
    wanted = set(keys)
    yield from (link for link in _links(query, rows, scope) if link.source in wanted)


def _links(query: Query, rows: list[tuple[str]], scope: LineageScope) -> Iterator[LineageLink]:
    alerts = [msgspec.json.decode(record, type=AlertRecord) for (record,) in rows]
    if not alerts:
        return
    evidence = _AlertEvidence.of(query, alerts, scope)
    for alert in alerts:
        for source in evidence.sources_of(alert):
            yield LineageLink(source, Key(NodeKind.ALERT, alert.id), "alerted")


class _AlertEvidence(NamedTuple):
    """What there is to raise alerts about, for all subjects of some alerts."""

    judged: dict[str, datetime]
    logged: dict[str, list[LoggedPredictions]]
    serving: dict[str, Key]
    data: dict[str, Key]
    datasets: Collection[str]

    @classmethod
    def of(cls, query: Query, alerts: list[AlertRecord], scope: LineageScope) -> _AlertEvidence:
        models = {alert.subject for alert in alerts} & scope.models
        logged: dict[str, list[LoggedPredictions]] = {}
        for group in predictions(query, models, scope):
            logged.setdefault(group.model, []).append(group)
        return cls(
            judged={group.model: group.known_at for group in actuals(query, models, scope)},
            logged=logged,
            serving=_serving_then(query, alerts, models, scope),
            data=_data_then(query, alerts, scope),
            datasets=scope.datasets,
        )

    def sources_of(self, alert: AlertRecord) -> list[Key]:
        """The delivery, the actuals or the predictions of the checked version that it is about; without any, the
        deployment or the data of that time.

        What became known after the alert was opened is no part of its evidence.
        """
        opened = naive(alert.opened_at)
        judged = self.judged.get(alert.subject)
        found: dict[Key, None] = {}
        delivery = alert.evidence.get(DELIVERY)
        if isinstance(delivery, dict) and delivery.get("dataset") in self.datasets:
            found[Key(NodeKind.DATASET_VERSION, delivery["dataset"], delivery["version"])] = None
        for source in _sources(alert):
            if source == ACTUALS and judged is not None and opened is not None and judged <= opened:
                found[Key(NodeKind.ACTUALS, alert.subject)] = None
            elif source in (ACTUALS, _INFERENCE):
                found.update(dict.fromkeys(self._predictions(alert)))
        held = self.serving.get(alert.id) or self.data.get(alert.id)
        return list(found) or ([held] if held is not None else [])

    def _predictions(self, alert: AlertRecord) -> list[Key]:
        version = alert.evidence.get("model_version")
        opened = naive(alert.opened_at)
        return [
            group.key
            for group in self.logged.get(alert.subject, [])
            if (version is None or group.version == version) and (opened is None or group.known_at <= opened)
        ]


def _sources(alert: AlertRecord) -> list[str]:
    """What the rows of an alert's checks are; an older alert says so of each check, if it has any, but not whether
    they were judged by their truth.
    """
    known = alert.evidence.get(SOURCES)
    if isinstance(known, list):
        return [str(one) for one in known]
    checks = alert.evidence.get("symptoms")
    pairs = [(one[0], one[-1]) for one in checks if isinstance(one, list) and one] if isinstance(checks, list) else []
    return [
        ACTUALS if check in _ONCE_LABELLED and source == _INFERENCE else str(source)
        for check, source in pairs or [(alert.check, _INFERENCE)]
    ]


def _serving_then(query: Query, alerts: list[AlertRecord], models: set[str], scope: LineageScope) -> dict[str, Key]:
    releases = deployments(query, models, scope)
    found: dict[str, Key] = {}
    for alert in alerts:
        opened = naive(alert.opened_at)
        for held in releases:
            if held.model == alert.subject and opened is not None and held.overlaps(opened, opened):
                found[alert.id] = held.key
    return found


def _data_then(query: Query, alerts: list[AlertRecord], scope: LineageScope) -> dict[str, Key]:
    about = [alert for alert in alerts if alert.subject in scope.datasets and alert.subject not in scope.models]
    if not about:
        return {}
    rows = query.all(
        """
        SELECT k.id, v.dataset, max(v.version) FROM dataset_versions v
        JOIN (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS dataset, unnest(?::TIMESTAMP[]) AS opened) k
        ON v.dataset = k.dataset AND v.created_at <= k.opened GROUP BY ALL
        """,
        [
            [alert.id for alert in about],
            [alert.subject for alert in about],
            [naive(alert.opened_at) for alert in about],
        ],
    )
    return {id: Key(NodeKind.DATASET_VERSION, dataset, version) for id, dataset, version in rows}


_OPENED = """
SELECT * FROM (
    SELECT id, unnest(from_json(coalesce(record->'$.result.opened', '[]'), '["VARCHAR"]')) AS alert FROM jobs
    WHERE kind = 'monitor' AND state = 'succeeded' AND created_at <= ?
)
"""


def _jobs_of_alerts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _raised(query.all(f"{_OPENED} WHERE alert IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)]))


def _alerts_of_jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _raised(query.all(f"{_OPENED} WHERE id IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)]))


def _raised(rows: list[tuple[str, str]]) -> Iterator[LineageLink]:
    for job, alert in rows:
        yield LineageLink(Key(NodeKind.JOB, job), Key(NodeKind.ALERT, alert), "raised")


STEPS = (
    LineageStep(
        frozenset({NodeKind.DATASET_VERSION, NodeKind.DEPLOYMENT, NodeKind.PREDICTIONS, NodeKind.ACTUALS}),
        frozenset({NodeKind.ALERT}),
        up=_sources_of_alerts,
        down=_alerts_of_sources,
    ),
    LineageStep(frozenset({NodeKind.JOB}), frozenset({NodeKind.ALERT}), up=_jobs_of_alerts, down=_alerts_of_jobs),
)
