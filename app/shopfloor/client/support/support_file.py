"""Gathers and writes the support file. Works without an engine, too: then it says why there was no answer."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

import shopfloor
from shopfloor.client.connection import EngineClient
from shopfloor.client.silence import engine_pid
from shopfloor.client.support.redaction import Redaction
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import RefusedError, ShopfloorError
from shopfloor.domain.job import JobRecord
from shopfloor.domain.requests.datasets import DatasetList, DatasetVersionShow
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelList
from shopfloor.domain.requests.request import Request
from shopfloor.domain.requests.workspace import Doctor, DoctorReport, StatusShow
from shopfloor.domain.status import Status
from shopfloor.workspace import settings
from shopfloor.workspace.accounts import check_owner
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.process import process_state

_JOBS = 200
_LOG_BYTES = 2_000_000
_JOB_LOG_BYTES = 100_000
_DOCTOR_SECONDS = 600.0
_README = """A support file of Shopfloor: versions, settings, status, the doctor's findings, recent jobs with their
logs, the engine's log, schemas and sizes.

Left out: rows, predictions, models, tokens, keys, commands, what people wrote. In messages and logs, whatever is not a
word of Shopfloor's own messages, a name of a dataset, model or column, or a short number is replaced by ▒.
"""


def write_support_file(workspace: Path, target: Path, client: EngineClient | None) -> None:
    """Write the file at `target`, which must not exist; `client` is None where no engine runs."""
    check_owner(workspace, "gather its logs")
    if target.exists():
        raise RefusedError(f"{target} exists already.", hint="Name another file.", code="exists")
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _Support(workspace, client).entries():
            text = content if isinstance(content, str) else msgspec.json.format(msgspec.json.encode(content)).decode()
            archive.writestr(name, text)


class _Support:
    """What goes in, name by name."""

    def __init__(self, workspace: Path, client: EngineClient | None) -> None:
        self._layout = Layout(workspace)
        self._client = client
        self._versions = self._ask_all_versions()
        self._models = self._ask(ModelList(), lambda page: [model.name for model in page.rows])
        names = [name for name in self._models if isinstance(name, str)] if isinstance(self._models, list) else []
        for version in self._versions:
            names += [version.dataset, *(column.name for column in version.columns)]
        self._redaction = Redaction(names)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Every file of the archive and its text, or what becomes JSON."""
        jobs = self._ask(JobList(limit=_JOBS), lambda page: page.rows)
        records = jobs if isinstance(jobs, tuple) else ()
        yield "README.txt", _README
        yield "versions.json", _versions()
        yield "settings.json", self._settings()
        yield "status.json", self._ask(StatusShow(), self._status)
        yield "doctor.json", self._ask(Doctor(), self._findings, timeout=_DOCTOR_SECONDS)
        yield "process.json", self._process()
        yield "schema.json", {"datasets": [_schema(version) for version in self._versions], "models": self._models}
        yield "jobs.json", [self._job(job) for job in records] if records else jobs
        yield "sizes.json", _sizes(self._layout)
        for job in records:
            path = self._layout.job_logs / f"{job.id}.log"
            if path.exists():
                yield f"jobs/{job.id}.log", self._log(path, _JOB_LOG_BYTES)
        for path in sorted(self._layout.run.glob(f"{self._layout.log.name}*")):
            yield path.name, self._log(path, _LOG_BYTES)

    def _ask(self, request: Request[Any], show: Callable[[Any], Any], timeout: float = 30.0) -> Any:
        """The answer, or why there is none."""
        if self._client is None:
            return {"error": "No engine runs."}
        try:
            return show(self._client.ask(request, timeout=timeout))
        except ShopfloorError as error:
            return {"error": error.code}

    def _ask_all_versions(self) -> list[DatasetVersion]:
        names = self._ask(DatasetList(), lambda page: [row.name for row in page.rows if row.version])
        found = [self._ask(DatasetVersionShow(ref=name), lambda version: version) for name in names]
        return [version for version in found if isinstance(version, DatasetVersion)]

    def _settings(self) -> Any:
        """Settings; of lists, such as a command, only how long they are."""
        try:
            known = msgspec.to_builtins(settings.load_settings(self._layout))
        except ShopfloorError as error:
            return {"error": self._redaction.text(error.message)}
        return self._known(known)

    def _known(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._known(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return f"{len(value)} values"
        return self._redaction.text(value) if isinstance(value, str) else value

    def _status(self, status: Status) -> Any:
        shown = msgspec.to_builtins(status)
        shown["running"] = [self._redaction.text(line) for line in status.running]
        del shown["workspace"]
        shown["pending"], shown["in_doubt"] = len(status.pending), len(status.in_doubt)
        for rule in shown["undelivered"]:
            rule["rule"], rule["error"] = "…", self._redaction.text(rule["error"])
        for cause in shown["engine"]["degraded"]:
            cause["message"] = self._redaction.text(cause["message"])
        shown["engine"]["watcher"]["detail"] = self._redaction.text(status.engine.watcher.detail)
        return shown

    def _findings(self, report: DoctorReport) -> Any:
        return [
            {**msgspec.to_builtins(found), "detail": self._redaction.text(found.detail)} for found in report.findings
        ]

    def _job(self, job: JobRecord) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.to_builtins(job)
        for name in ("payload", "unique_key", "result"):
            shown.pop(name, None)
        shown["subject"] = self._redaction.text(job.subject)
        shown["trigger"] = self._redaction.text(job.trigger)
        shown["stage"] = self._redaction.text(job.stage)
        shown["error"] = self._redaction.text(job.error or "")
        shown["files"] = len(job.payload.get("files", ()))
        return shown

    def _process(self) -> dict[str, Any]:
        pid = engine_pid(self._layout.root)
        if not pid:
            return {"pid": 0}
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        except OSError:
            status = []
        shown = dict(line.split(":\t", 1) for line in status if line.startswith(("State", "Vm", "Threads", "FDSize")))
        return {"pid": pid, "state": process_state(pid).value, **shown}

    def _log(self, path: Path, most: int) -> str:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - most))
            text = file.read(most).decode(errors="replace")
        return "\n".join(self._redaction.log(text.splitlines())) + "\n"


def _versions() -> dict[str, Any]:
    found = {str(one.metadata["Name"]): one.version for one in metadata.distributions()}
    return {
        "shopfloor": shopfloor.__version__,
        "python": sys.version,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": dict(sorted(found.items())),
    }


def _schema(version: DatasetVersion) -> dict[str, Any]:
    columns = [{"name": one.name, "type": one.type.value, "optional": one.optional} for one in version.columns]
    return {"dataset": version.dataset, "version": version.version, "rows": version.rows, "columns": columns}


def _sizes(layout: Layout) -> dict[str, Any]:
    """Bytes and number of files below each folder of the workspace, and the space that is left."""
    folders = [*layout.root.iterdir(), *layout.private.iterdir()] if layout.private.exists() else []
    found = {layout.relative(folder): _size(folder) for folder in sorted(folders) if folder.is_dir()}
    usage = shutil.disk_usage(layout.root)
    metadata_files = {path.name: _bytes(path) for path in sorted(layout.private.glob("*")) if path.is_file()}
    return {"disk": {"total": usage.total, "free": usage.free}, "folders": found, "metadata": metadata_files}


def _size(folder: Path) -> dict[str, int]:
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {"files": len(paths), "bytes": sum(map(_bytes, paths))}


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
