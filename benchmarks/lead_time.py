"""From a settled file to a new champion in service, against the bare fit of the same pipelines."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient
from shopfloor.client.deliver import deliver
from shopfloor.client.demo import months
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.requests.datasets import DatasetFilesShow
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.models import ModelDefine
from shopfloor.training.records import TrainSpec
from shopfloor.training.train import train


def run(smoke: bool) -> list[Figure]:
    """Median over fresh models."""
    samples, last = (1, 1) if smoke else (3, 6)
    leads, fits = [], []
    with engine(settle_seconds="2.0") as (root, client):
        for sample in range(samples):
            leads.append(_lead_seconds(client, root, f"d{sample}", last))
            fits.append(_fit_seconds(client, f"d{sample}"))
    return [Figure("settled file to champion", statistics.median(leads), "s", statistics.median(fits), at_most=2)]


def _definition(dataset: str) -> ModelDefinition:
    return ModelDefinition(
        name=f"m-{dataset}", dataset=dataset, target=months.TARGET, positive="yes", time=months.TIME, id=months.KEY
    )


def _lead_seconds(client: EngineClient, root: Path, dataset: str, last: int) -> float:
    (root / "inbox" / dataset).mkdir(parents=True)
    client.ask(ModelDefine(definition=_definition(dataset)))
    deliver(root, [months.delivery(month) for month in range(1, last + 1)], f"inbox/{dataset}")
    idle(client)
    events = client.ask(EventList(tail=500)).rows
    settled = next(one.at for one in events if one.kind == "job.queued" and one.subject == dataset)
    deployed = next(one.at for one in events if one.kind == "alias.moved" and one.subject == f"m-{dataset}")
    return (deployed - settled).total_seconds()


def _fit_seconds(client: EngineClient, dataset: str) -> float:
    """The fits alone, as the same station reports them on the same parts."""
    parts = client.ask(DatasetFilesShow(ref=dataset))
    spec = TrainSpec(
        run="bench",
        definition=_definition(dataset),
        dataset_version=1,
        parts=parts.parts,
        columns=parts.columns,
        workers=2,
    )
    return train(spec, lambda share, stage: None).record.seconds["fit"]
