"""Every question and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shopfloor.domain.requests import alerts as ask_alerts
from shopfloor.domain.requests import datasets as ask_datasets
from shopfloor.domain.requests import files as ask_files
from shopfloor.domain.requests import jobs as ask_jobs
from shopfloor.domain.requests import models as ask_models
from shopfloor.domain.requests import runs as ask_runs
from shopfloor.domain.requests import streams as ask_streams
from shopfloor.domain.requests import workspace as ask_workspace
from shopfloor.domain.requests.request import Request
from shopfloor.engine.api import (
    alerts,
    bundles,
    contracts,
    datasets,
    files,
    jobs,
    measures,
    models,
    notebook,
    rejects,
    release,
    rows,
    runs,
    status,
    versions,
    workspace,
)

Answer = Callable[[Any, Any], Any]


def _waits(services: Any, request: Any) -> Any:
    raise AssertionError(f"{type(request).__name__} is answered on the event loop")


def routes() -> dict[type[Request[Any]], Answer]:
    """Request type to answer; `_waits` marks the ones that wait on the event loop."""
    return {
        ask_workspace.StatusShow: status.show,
        ask_workspace.AwaitIdle: _waits,
        ask_workspace.Rescan: status.rescan,
        ask_workspace.Shutdown: status.shutdown,
        ask_workspace.LineageShow: workspace.lineage,
        ask_workspace.SqlQuery: workspace.sql,
        ask_workspace.Doctor: workspace.doctor,
        ask_workspace.Backup: workspace.backup,
        ask_workspace.Gc: workspace.gc,
        ask_files.FileList: files.listing,
        ask_files.FileShow: files.show,
        ask_files.FileInspect: files.inspect,
        ask_files.FileRejects: rejects.listing,
        ask_files.FileRejectsExport: rejects.export,
        ask_files.FileRetry: files.retry,
        ask_files.FileAccept: files.accept,
        ask_files.FileDiscard: files.discard,
        ask_files.FileWithdraw: files.withdraw,
        ask_files.FileSupersede: files.supersede,
        ask_files.FileWhy: files.why,
        ask_datasets.DatasetList: datasets.listing,
        ask_datasets.DatasetShow: datasets.show,
        ask_datasets.DatasetContract: contracts.show,
        ask_datasets.DatasetRevisions: contracts.history,
        ask_datasets.DatasetVersions: datasets.versions,
        ask_datasets.DatasetVersionShow: datasets.version,
        ask_datasets.DatasetDiff: versions.diff,
        ask_datasets.DatasetProfileShow: versions.profile,
        ask_datasets.DatasetPreviewShow: datasets.preview,
        ask_datasets.DatasetFilesShow: datasets.parts,
        ask_datasets.DatasetDefine: contracts.define,
        ask_datasets.DatasetRollback: versions.rollback,
        ask_streams.StreamList: rows.listing,
        ask_models.ModelList: models.listing,
        ask_models.ModelShow: models.show,
        ask_models.ModelDefinitionShow: models.definition,
        ask_models.ModelVersions: models.versions,
        ask_models.ModelHistory: models.history,
        ask_models.ModelDefine: models.define,
        ask_models.ModelTrain: models.train,
        ask_models.ModelRetire: models.retire,
        ask_models.ModelPromote: release.promote,
        ask_models.ModelApprove: release.approve,
        ask_models.ModelReject: release.reject,
        ask_models.ModelRollback: release.rollback,
        ask_models.ModelExport: bundles.export,
        ask_models.ModelImport: bundles.import_,
        ask_models.Predict: _waits,
        ask_models.ValueShow: measures.value,
        ask_runs.RunList: runs.listing,
        ask_runs.RunShow: runs.show,
        ask_runs.RunCompare: runs.compare,
        ask_runs.RunStart: runs.start,
        ask_runs.RunLog: runs.log,
        ask_runs.RunModel: notebook.register,
        ask_runs.RunFinish: runs.finish,
        ask_jobs.JobList: jobs.listing,
        ask_jobs.JobShow: jobs.show,
        ask_jobs.JobCancel: jobs.cancel,
        ask_jobs.JobRetry: jobs.retry,
        ask_jobs.JobLog: jobs.log,
        ask_jobs.EventList: _waits,
        ask_alerts.AlertList: alerts.listing,
        ask_alerts.AlertShow: alerts.show,
        ask_alerts.AlertAck: alerts.acknowledge,
        ask_alerts.AlertSnooze: alerts.snooze,
        ask_alerts.AlertResolve: alerts.resolve,
        ask_alerts.CheckList: alerts.checks,
        ask_alerts.MonitorRun: alerts.monitor,
        ask_alerts.MonitorBacktest: measures.backtest,
    }
