"""Which model, version, job or thing a selected row is about."""

from __future__ import annotations

from shopfloor.domain.dataset import DatasetRecord, DatasetVersion
from shopfloor.domain.file import FileRecord
from shopfloor.domain.job import JobRecord
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.run import RunRecord


def model_of(record: Record) -> str:
    """The name of the model, empty when the row is about none."""
    match record:
        case ModelRecord():
            return record.name
        case ModelVersion() | RunRecord():
            return record.model
        case AlertRecord():
            return record.subject
        case _:
            return ""


def version_of(record: Record) -> str:
    """`NAME@V` of a version, a run's version, or a model's challenger; else the model's name."""
    match record:
        case ModelVersion():
            return f"{record.model}@{record.version}"
        case RunRecord(model_version=int(version)):
            return f"{record.model}@{version}"
        case ModelRecord(challenger=int(version)):
            return f"{record.name}@{version}"
        case _:
            return model_of(record)


def awaiting_of(record: Record) -> str:
    """`NAME@V` of the version that waits for approval."""
    if isinstance(record, ModelRecord) and record.awaiting_approval is not None:
        return f"{record.name}@{record.awaiting_approval}"
    return version_of(record)


def champion_of(record: Record) -> str:
    """`NAME@V` of a version, or of a model's champion."""
    if isinstance(record, ModelRecord) and record.champion is not None:
        return f"{record.name}@{record.champion}"
    return version_of(record)


def job_of(record: Record) -> str:
    """The id of the job, empty when there is none (a notebook recorded the run)."""
    match record:
        case JobRecord():
            return record.id
        case RunRecord():
            return record.job or ""
        case _:
            return ""


def lineage_ref(record: Record) -> str:
    """How the lineage pane and `shopfloor lineage` find the thing.

    A dataset and a model may share a name, so theirs says which of the two is meant.
    """
    match record:
        case FileRecord() | RunRecord() | AlertRecord() | JobRecord():
            return record.id
        case DatasetRecord():
            return f"dataset:{record.name}" + (f"@{record.version}" if record.version else "")
        case DatasetVersion():
            return f"dataset:{record.dataset}@{record.version}"
        case ModelRecord() | ModelVersion():
            return f"model:{champion_of(record)}"
        case LineageNode():
            return record.ref
        case _:
            return ""


def explained_ref(record: Record) -> str:
    """How `shopfloor why` finds the thing: a model by its name, which asks about its training, all else as lineage."""
    return f"model:{record.name}" if isinstance(record, ModelRecord) else lineage_ref(record)
