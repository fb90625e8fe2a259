"""From a settled file to a new champion in service, against the bare fit of the same pipelines."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from shopfloor.client.connection import EngineClient
from shopfloor.client.deliver import deliver
from shopfloor.client.demo import months
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.requests.datasets import DatasetFilesShow
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.models import ModelDefine
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown
from shopfloor.training.records import TrainSpec
from shopfloor.training.train import train

_SAMPLES = 3
_ALLOWANCE_SECONDS = 2.0


def run() -> list[Figure]:
    """Median over fresh models; the allowance is on top of the bare fit."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        root = init_workspace(Path(folder) / "w")
        config_set(root, "intake.settle_seconds", "2.0")
        client = connect(root)
        leads, fits = [], []
        for sample in range(_SAMPLES):
            leads.append(_lead_seconds(client, root, f"d{sample}"))
            fits.append(_fit_seconds(client, f"d{sample}"))
        client.ask(Shutdown())
    lead, fit = statistics.median(leads), statistics.median(fits)
    return [
        Figure(
            "settled file to champion",
            lead,
            "s",
            fit,
            f"≤ bare fit + {_ALLOWANCE_SECONDS:.0f} s",
            lead <= fit + _ALLOWANCE_SECONDS,
        )
    ]


def _definition(dataset: str) -> ModelDefinition:
    return ModelDefinition(
        name=f"m-{dataset}", dataset=dataset, target=months.TARGET, positive="yes", time=months.TIME, id=months.ID
    )


def _lead_seconds(client: EngineClient, root: Path, dataset: str) -> float:
    (root / "inbox" / dataset).mkdir(parents=True)
    client.ask(ModelDefine(definition=_definition(dataset)))
    deliver(root, [months.delivery(month) for month in range(1, 7)], f"inbox/{dataset}")
    while not client.ask(AwaitIdle(wait_s=10.0), timeout=60.0).idle:
        pass
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
