"""An engine client that writes down what it is asked, and answers with samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli import samples

from shopfloor.client.connection import Undoable
from shopfloor.domain.page import Page
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.requests.workspace import Inverse

ANSWERS: dict[str, Any] = {
    "status": samples.STATUS,
    "wait": samples.IDLE,
    "scan": samples.IDLE,
    "shutdown": samples.IDLE,
    "lineage": samples.LINEAGE,
    "sql": samples.TABLE,
    "doctor": samples.DOCTOR,
    "backup": samples.BACKUP,
    "gc": samples.GC,
    "undo": samples.UNDONE,
    "file.list": samples.FILES,
    "file.inspect": samples.BYTES,
    "why": samples.EXPLAINED,
    "file.rejects": samples.REJECTS,
    "file.rejects.export": samples.REJECTS_FILE,
    "file": samples.FILES[0],
    "dataset.list": (samples.DATASET, samples.EMPTY_DATASET),
    "dataset.show": samples.DATASET,
    "dataset.versions": (samples.VERSION,),
    "dataset.contract": samples.CONTRACT,
    "dataset.revisions": samples.REVISIONS,
    "dataset.define": samples.CONTRACT,
    "dataset.version": samples.VERSION,
    "dataset.rollback": samples.VERSION,
    "dataset.trust": samples.VERSION,
    "dataset.diff": samples.DIFF,
    "dataset.profile": samples.PROFILE,
    "dataset.preview": samples.PREVIEW,
    "dataset.parts": samples.PARTS,
    "model.list": (samples.MODEL, samples.NEW_MODEL),
    "model.show": samples.MODEL,
    "model.retire": samples.MODEL,
    "model.approve-lowering": samples.LOWERED_MODEL,
    "model.reject-lowering": samples.MODEL,
    "model.definition": samples.DEFINITION,
    "model.define": samples.DEFINITION,
    "model.versions": (samples.MODEL_VERSION, samples.CHAMPION),
    "model.history": samples.HISTORY,
    "model.train": samples.JOB,
    "model.export": samples.BUNDLE,
    "model.predict": samples.PREDICTED,
    "model.value": samples.VALUE,
    "model.cost": samples.COST,
    "model.thresholds": samples.THRESHOLDS,
    "model.threshold": samples.THRESHOLD,
    "model.test_score": samples.TEST_SCORE,
    "model.test_answer": samples.TEST_SCORE,
    "model": samples.MODEL_VERSION,
    "run.list": (samples.RUN, samples.FAILED_RUN),
    "run.compare": samples.COMPARISON,
    "run": samples.RUN,
    "alert.list": (samples.ALERT, samples.RESOLVED_ALERT),
    "alert.history": samples.ALERT_HISTORY,
    "alert": samples.ALERT,
    "monitor.checks": samples.CHECKS,
    "monitor.fleet": samples.FLEET,
    "monitor.run": samples.JOB,
    "monitor.backtest": samples.BACKTEST,
    "job.list": (samples.JOB, samples.FAILED_JOB),
    "job.log": samples.LOG,
    "job": samples.JOB,
    "event.list": samples.EVENTS,
}


class RecordingClient:
    """Stands where an `EngineClient` stands; `asked` holds every question in order."""

    def __init__(self, workspace: Path, answers: dict[str, Any] | None = None) -> None:
        self.workspace = workspace
        self.asked: list[Request[Any]] = []
        self.undo: Inverse | None = None
        self._answers = ANSWERS | (answers or {})

    def ask(self, request: Request[Any], *, timeout: float = 30.0) -> Any:
        self.asked.append(request)
        answer = self._answers.get(request.verb)
        if answer is None:
            answer = self._answers[request.verb.partition(".")[0]]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            return Page(rows=answer, total=len(answer))
        return answer

    def do(self, request: Mutation[Any], *, timeout: float = 30.0) -> Undoable[Any]:
        return Undoable(self.ask(request, timeout=timeout), self.undo)

    def close(self) -> None:
        pass
