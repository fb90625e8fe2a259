"""The report about a model or a dataset: what the other answers know, on one page."""

from __future__ import annotations

from contextlib import suppress

from shopfloor.domain.errors import NotFoundError, ShopfloorError
from shopfloor.domain.names import did_you_mean, split_ref
from shopfloor.domain.requests.datasets import DatasetProfileShow
from shopfloor.domain.requests.models import ModelShow, ValueShow
from shopfloor.domain.requests.reports import ReportPage, ReportShow
from shopfloor.domain.run import RunRecord
from shopfloor.domain.text import safe
from shopfloor.domain.value import ValueReport
from shopfloor.engine.api import datasets as about_datasets
from shopfloor.engine.api import measures
from shopfloor.engine.api import models as about_models
from shopfloor.engine.api import versions as about_versions
from shopfloor.engine.api.scores import scored
from shopfloor.engine.report.dataset import DatasetCard, dataset_page
from shopfloor.engine.report.model import ModelCard, model_page
from shopfloor.engine.services import EngineServices
from shopfloor.engine.why.tree import explain
from shopfloor.store import alerts, datasets, files, models, runs
from shopfloor.store.rows import Query

_CHECKS = 2000
_ALERTS = 50
_VERSIONS = 50
_FILES = 50


def report(services: EngineServices, request: ReportShow) -> ReportPage:
    """The page about a model where one has the name, else about the dataset. Raises `NotFoundError`."""
    kind, colon, rest = request.ref.partition(":")
    ref = rest if colon and kind in ("model", "dataset") else request.ref
    name = split_ref(ref)[0]
    known_models = {definition.name for definition in services.context.all_models()}
    known_datasets = {
        row.name for row in services.context.store.read(lambda query: datasets.listing(query, "", 10_000, 0)).rows
    }
    if name in known_models and not (colon and kind == "dataset"):
        also = f"dataset:{name}" if name in known_datasets and not colon else ""
        return ReportPage(kind="model", name=name, html=_model(services, ref), also=also)
    if ref in known_datasets and (not colon or kind == "dataset"):
        return ReportPage(kind="dataset", name=name, html=_dataset(services, name))
    kinds = {"model": known_models, "dataset": known_datasets}
    wanted = {kind: kinds[kind]} if colon and kind in kinds else kinds
    raise NotFoundError(
        f"There is no {' or '.join(wanted)} {safe(ref, 64)!r}.",
        hint=did_you_mean(name, set().union(*wanted.values()))
        or f"List them: {', '.join(f'shopfloor {each} list' for each in wanted)}",
        code="ref_not_found",
    )


def _model(services: EngineServices, ref: str) -> str:
    name, wanted = split_ref(ref)
    record = about_models.show(services, ModelShow(name=name))
    definition = services.context.definition(name)
    contract, definitions = services.context.contract(definition.dataset), services.context.all_models()
    now = services.context.clock.now()
    value = _value(services, name) if definition.value is not None else None

    def gather(query: Query) -> ModelCard:
        found = models.versions(query, name, 1, 0)
        newest = next(iter(found.rows), None)
        version = about_models.resolve(query, ref, "champion") if wanted or record.champion else newest
        return ModelCard(
            record=record,
            definition=definition,
            version=version,
            run=_run(query, version.run) if version is not None else None,
            versions=found.total,
            moves=models.history(query, name).rows,
            checks=alerts.check_history(query, name, _CHECKS).rows,
            newest_checks=alerts.newest_checks(query, name),
            alerts=alerts.listing(query, subject=name, state="", text="", limit=_ALERTS, offset=0).rows,
            value=value,
            why=explain(query, f"model:{name}@{version.version}", definitions, now) if version is not None else None,
            test_score=scored(query, definition, contract),
            made_at=now,
        )

    return model_page(services.context.store.read(gather))


def _run(query: Query, id: str) -> RunRecord | None:
    """None for an imported version: its run is elsewhere."""
    with suppress(NotFoundError):
        return runs.get(query, id)
    return None


def _value(services: EngineServices, name: str) -> ValueReport | None:
    """None where it cannot be computed; a report without it is still a report."""
    with suppress(ShopfloorError):
        return measures.value(services, ValueShow(model=name))
    return None


def _dataset(services: EngineServices, name: str) -> str:
    record = services.context.store.read(lambda query: about_datasets.named(query, name))
    profile = about_versions.profile(services, DatasetProfileShow(ref=name)) if record.version else None

    def gather(query: Query) -> DatasetCard:
        return DatasetCard(
            record=record,
            profile=profile,
            versions=datasets.versions(query, name, _VERSIONS, 0).rows,
            files=files.listing(query, dataset=name, state="", purpose="", text="", limit=_FILES, offset=0).rows,
            made_at=services.context.clock.now(),
        )

    return dataset_page(services.context.store.read(gather))
