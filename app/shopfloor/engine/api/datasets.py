"""Answers about datasets."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shopfloor.domain.dataset import DatasetRecord, DatasetVersion
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import did_you_mean, parse_version, split_ref
from shopfloor.domain.page import Page
from shopfloor.domain.requests.datasets import (
    DatasetFiles,
    DatasetFilesShow,
    DatasetList,
    DatasetPreview,
    DatasetPreviewShow,
    DatasetShow,
    DatasetVersions,
    DatasetVersionShow,
)
from shopfloor.domain.text import safe
from shopfloor.duck.sandbox import temporary_duckdb
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.lake.locations import part_files
from shopfloor.lake.preview import preview as window
from shopfloor.store import datasets, derived, trust
from shopfloor.store.rows import Query

_MEMORY_MB = 256
_MOST_ROWS = 1000


def listing(services: EngineServices, request: DatasetList) -> Page[DatasetRecord]:
    """Datasets by name, with the models that learn from them."""
    found = services.context.store.read(
        lambda query: datasets.listing(query, request.query, request.limit, request.offset)
    )
    users: dict[str, list[str]] = {}
    for definition in services.context.all_models():
        users.setdefault(definition.dataset, []).append(definition.name)
    rows = tuple(_completed(services, row, users.get(row.name, ())) for row in found.rows)
    return msgspec.structs.replace(found, rows=rows, seq=services.context.store.last_seq)


def show(services: EngineServices, request: DatasetShow) -> DatasetRecord:
    """One dataset."""
    name, _ = split_ref(request.name)
    record = services.context.store.read(lambda query: named(query, name))
    live.refresh(services.context, name)
    return _completed(services, record, [model.name for model in services.context.models_of(name)])


def _completed(services: EngineServices, record: DatasetRecord, users: Sequence[str]) -> DatasetRecord:
    """With what the store does not know: who uses it, and what its contract says."""
    contract = services.context.book.noticed.get(record.name)
    query = contract.query if contract is not None else ""
    made = services.context.store.read(lambda reader: derived.get(reader, record.name)) if query else None
    return msgspec.structs.replace(
        record,
        used_by=tuple(users),
        problem=_problem(services, record.name),
        query=query,
        inputs=() if made is None else made.inputs,
    )


def _problem(services: EngineServices, dataset: str) -> str:
    error = services.context.book.problems.get(dataset)
    return "" if error is None else str(error)


def named(query: Query, name: str) -> DatasetRecord:
    """The dataset of that name; raises `NotFoundError`."""
    record = datasets.get(query, name)
    if record is None:
        known = [row.name for row in datasets.listing(query, "", 1000, 0).rows]
        raise NotFoundError(
            f"There is no dataset {safe(name, 64)!r}.",
            hint=did_you_mean(name, known) or "Deliver a file: shopfloor add FILE --dataset NAME",
            code="dataset_not_found",
        )
    return record


def resolve(query: Query, ref: str) -> DatasetVersion:
    """The version that a ref names; the newest without a number. Raises `NotFoundError`."""
    name, number = split_ref(ref)
    record = named(query, name)
    wanted = parse_version(number, ref) if number else record.version
    if wanted == 0:
        raise NotFoundError(
            f"Dataset {name} has no version yet.",
            hint=f"Deliver a file: shopfloor add FILE --dataset {name}",
            code="no_version",
        )
    version = datasets.version(query, name, wanted)
    if version is None:
        raise NotFoundError(
            f"Dataset {name} has no version {wanted}.",
            hint=f"It has versions 1 to {record.version}.",
            code="version_not_found",
        )
    return version


def versions(services: EngineServices, request: DatasetVersions) -> Page[DatasetVersion]:
    """Versions, newest first."""

    def query(reader: Query) -> Page[DatasetVersion]:
        named(reader, request.name)
        found = datasets.versions(reader, request.name, request.limit, request.offset)
        known = {one.version: one for one in trust.of_dataset(reader, request.name)}
        rows = tuple(msgspec.structs.replace(row, trust=known.get(row.version)) for row in found.rows)
        return msgspec.structs.replace(found, rows=rows)

    return services.context.store.read(query)


def version(services: EngineServices, request: DatasetVersionShow) -> DatasetVersion:
    """One version."""

    def query(reader: Query) -> DatasetVersion:
        found = resolve(reader, request.ref)
        return msgspec.structs.replace(found, trust=trust.get(reader, found.dataset, found.version))

    return services.context.store.read(query)


def preview(services: EngineServices, request: DatasetPreviewShow) -> DatasetPreview:
    """Some rows as text."""
    found = services.context.store.read(lambda query: resolve(query, request.ref))
    limit = min(request.limit, _MOST_ROWS)
    scratch = services.context.layout.staging / f"look-{ulid()}"  # the metadata's connection never reads parts
    with temporary_duckdb(_MEMORY_MB, 1, scratch) as connection:
        files = part_files(services.context.layout, found.parts)
        names, rows = window(connection, files, found.columns, limit, request.offset)
    return DatasetPreview(
        dataset=found.dataset, version=found.version, columns=tuple(names), rows=tuple(rows), total=found.rows
    )


def parts(services: EngineServices, request: DatasetFilesShow) -> DatasetFiles:
    """Where the Parquet files lie."""
    found = services.context.store.read(lambda query: resolve(query, request.ref))
    return DatasetFiles(
        dataset=found.dataset,
        version=found.version,
        columns=found.columns,
        parts=part_files(services.context.layout, found.parts),
    )
