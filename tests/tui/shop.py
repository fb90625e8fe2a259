"""An engine made of records: what the screens ask is answered from memory, what they order is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.waiting import until_async
from textual.pilot import Pilot

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Volume
from shopfloor.domain.dataset import (
    ColumnChange,
    ColumnDiff,
    ColumnFigures,
    ColumnProfile,
    DatasetRecord,
    DatasetVersion,
    Part,
    RowChange,
    RowDiff,
    VersionDiff,
)
from shopfloor.domain.errors import UnreachableError, UsageError
from shopfloor.domain.event import Event
from shopfloor.domain.explanation import Explained, Explanation
from shopfloor.domain.file import FileRecord, FileState, Reason
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.monitor import AlertLook, AlertRecord, CheckResult, CheckVerdict, Severity
from shopfloor.domain.page import Page
from shopfloor.domain.reject import Reject
from shopfloor.domain.release import Decision, GateCheck, ModelChange, ModelPart, ModelRecord, ModelVersion, Outcome
from shopfloor.domain.requests.datasets import DatasetPreview, DatasetProfile
from shopfloor.domain.requests.files import FileBytes
from shopfloor.domain.requests.jobs import JobLogText
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.requests.runs import RunComparison
from shopfloor.domain.run import ArtifactRef, CandidateScore, RunRecord, RunState, SegmentScore
from shopfloor.domain.status import (
    AlertCounts,
    EngineStatus,
    FactoryFigures,
    FileCounts,
    JobCounts,
    Status,
    WatcherStatus,
)
from shopfloor.domain.streaming import FollowedFile, StreamStatus
from shopfloor.tui.app import ShopfloorApp


class Shop:
    """Records for every pane; `name` and `said` stand wherever foreign text can stand."""

    def __init__(self, name: str = "flights", said: str = "a message", count: int = 3) -> None:
        self.at = datetime.now(UTC) - timedelta(minutes=3, seconds=20)
        self.name, self.said, self.count = name, said, count

    def datasets(self) -> list[DatasetRecord]:
        names = [self.name, *(f"more{n}" for n in range(1, self.count))]
        return [
            DatasetRecord(
                name=one,
                mode="append",
                version=2,
                rows=36_000,
                columns=22,
                parts=12,
                bytes=959_000,
                files=14,
                updated_at=self.at,
                added_rows=3000,
                quarantined=1,
                used_by=(self.name,),
            )
            for one in names
        ]

    def versions(self) -> list[DatasetVersion]:
        columns = (Column(name=self.name, type=ColumnType.TEXT), Column(name="late", type=ColumnType.TEXT))
        return [
            DatasetVersion(
                dataset=self.name,
                version=n,
                digest="d" * 64,
                rows=1000 * n,
                added_rows=1000,
                columns=columns,
                parts=(Part(sha256="0" * 64, rows=1000, bytes=2048),),
                cause=self.said,
                notices=(self.said,),
                created_at=self.at,
            )
            for n in (2, 1)
        ]

    def diff(self, request: Any) -> VersionDiff:
        """What changed, with an example of each kind; rows only where they were asked for."""
        rows = RowDiff(
            key=("flight",),
            added=2,
            removed=1,
            changed=1,
            unchanged=996,
            examples=(
                RowChange(change="changed", key={"flight": "17"}, old={self.name: self.said}, new={self.name: None}),
                RowChange(change="removed", key={"flight": "18"}, old={self.name: self.said}),
                RowChange(change="added", key={"flight": "19"}, new={self.name: self.said}, copies=2),
            ),
        )
        return VersionDiff(
            dataset=self.name,
            left=1,
            right=2,
            rows_left=1000,
            rows_right=1001,
            added_rows=2,
            removed_rows=1,
            added_columns=("late",),
            columns=(
                ColumnDiff(
                    name=self.name,
                    change=ColumnChange.SAME,
                    left_type="text",
                    right_type="text",
                    changed_rows=1,
                    left=ColumnFigures(missing=0, distinct=3, min="a", max=self.said),
                    right=ColumnFigures(missing=1, distinct=3, min="a", max=self.said),
                ),
                ColumnDiff(
                    name="late",
                    change=ColumnChange.ADDED,
                    right_type="number",
                    right=ColumnFigures(missing=999, distinct=2, min="0.5", max="2.5", mean=1.5),
                ),
                ColumnDiff(name="same", change=ColumnChange.SAME, left_type="text", right_type="text"),
            ),
            row_diff=rows if request.rows else None,
        )

    def streams(self) -> list[StreamStatus]:
        """A stream whose followed file is stuck."""
        file = FollowedFile(
            path=f"inbox/{self.name}/{self.said}.log", offset=5, size=9, rows=3, detail=self.said, stuck=True
        )
        return [
            StreamStatus(
                dataset=self.name,
                position=12_000,
                open_rows=3,
                open_bytes=99,
                segments=1,
                keys=2,
                last_at=self.at,
                waits_since=self.at,
                part="s1.jsonl",
                part_rows=5000,
                part_at=self.at,
                version=2,
                problem=self.said,
                hint=self.said,
                followed=(file,),
            )
        ]

    def contract(self) -> Contract:
        return Contract(name=self.name, columns=self.versions()[0].columns, volume=Volume(min_rows=100))

    def files(self) -> list[FileRecord]:
        reason = Reason(code="type", message=self.said, line=2, column=self.name, hint=self.said)
        states = (FileState.COMMITTED, FileState.QUARANTINED, FileState.DUPLICATE)
        return [
            FileRecord(
                id=f"f{n}",
                dataset=self.name,
                path=f"inbox/{self.name}/{self.said}.csv",
                state=state,
                bytes=51_634,
                rows=3000 if state is FileState.COMMITTED else None,
                version=n if state is FileState.COMMITTED else None,
                reason=reason if state is FileState.QUARANTINED else None,
                rejected_rows=2 if state is FileState.QUARANTINED else 0,
                seen_at=self.at,
            )
            for n, state in enumerate(states, 1)
        ]

    def burst(self, count: int) -> list[FileRecord]:
        """As many files, newest first; the oldest waits for a person."""
        return [
            FileRecord(
                id=f"f{n}",
                dataset=self.name,
                path=f"inbox/{self.name}/part-{n}.csv",
                state=FileState.QUARANTINED if n == 1 else FileState.COMMITTED,
                bytes=100,
                seen_at=self.at,
            )
            for n in range(count, 0, -1)
        ]

    def rejects(self) -> list[Reject]:
        return [Reject(code="type", message=self.said, line=n, column=self.name, value=self.said) for n in (2, 3)]

    def bytes(self) -> FileBytes:
        return FileBytes(id="f2", first=1, lines=(self.said, self.said, "c"))

    def runs(self) -> list[RunRecord]:
        return [
            RunRecord(
                id=f"r{n}",
                model=self.name,
                dataset=self.name,
                dataset_version=n,
                state=RunState.SUCCEEDED,
                trigger=self.said,
                params={self.name: self.said},
                metrics={"accuracy": 0.9, "roc_auc": 0.6 + n / 100},
                candidates=(
                    CandidateScore(name=self.name, metrics={"roc_auc": 0.7}, seconds=1.2),
                    CandidateScore(name="bad", metrics={"roc_auc": None}, error=self.said),
                ),
                segments=(SegmentScore(segment=self.said, rows=10, score=0.5, fallback=self.said),),
                chosen=self.name,
                notes=(self.said,),
                environment={self.name: self.said},
                job=f"j{n}",
                model_version=n,
                duration_s=2.0,
                artifact=ArtifactRef(sha256="a" * 64, bytes=1000),
                created_at=self.at,
                error=self.said if n == 1 else None,
            )
            for n in range(self.count, 0, -1)
        ]

    def model(self) -> ModelRecord:
        return ModelRecord(
            name=self.name,
            dataset=self.name,
            task="binary",
            target=self.name,
            metric="roc_auc",
            champion=2,
            previous=1,
            challenger=3,
            versions=3,
            score=0.6487,
            live_score=0.64,
            live_rows=27_000,
            predictions=33_000,
            predicted_at=self.at,
            volume=(0, 0, 3000, 30_000),
            open_alerts=1,
            release_policy="approval",
            awaiting_approval=3,
            deployed_at=self.at,
            value=1234.5,
            value_unit=self.name,
        )

    def decision(self) -> Decision:
        return Decision(
            outcome=Outcome.AWAIT_APPROVAL,
            reason=self.said,
            metric="roc_auc",
            champion=2,
            challenger_score=0.73,
            champion_score=0.68,
            gain=0.05,
            interval=(0.01, 0.09),
            rows=5400,
            checks=(
                GateCheck(code="rows", passed=True, detail=self.said),
                GateCheck(code="better", passed=None, detail=self.said),
                GateCheck(code="slices", passed=False, detail=self.said),
            ),
        )

    def model_versions(self) -> list[ModelVersion]:
        return [
            ModelVersion(
                model=self.name,
                version=n,
                run=f"r{n}",
                dataset_version=n,
                artifact=ArtifactRef(sha256="a" * 64, bytes=9),
                aliases=("champion",) if n == 2 else (),
                decision=self.decision(),
                score=0.6 + n / 100,
                created_at=self.at,
            )
            for n in (3, 2, 1)
        ]

    def history(self) -> list[ModelChange]:
        return [
            ModelChange(
                model=self.name,
                part=ModelPart.ALIAS,
                alias="champion",
                version=2,
                actor=self.name,
                reason=self.said,
                at=self.at,
                changes={"version": (1, 2)},
            ),
            ModelChange(
                model=self.name,
                part=ModelPart.DEFINITION,
                actor=self.name,
                at=self.at,
                changes={self.said: (self.said, self.name)},
            ),
        ]

    def checks(self) -> list[CheckResult]:
        evidence = {"labels": [self.name, "b"], "reference": [0.5, 0.5], "current": [0.1, 0.9]}
        return [
            CheckResult(
                model=self.name,
                check="feature_drift",
                feature=self.name,
                verdict=CheckVerdict.SHIFTED,
                value=0.3 + n / 10,
                limit=0.1,
                rows=3000,
                importance=0.5,
                message=self.said,
                evidence=evidence,
                at=self.at,
            )
            for n in range(3)
        ]

    def alerts(self) -> list[AlertRecord]:
        return [
            AlertRecord(
                id=f"a{n}",
                subject=self.name,
                check="feature_drift",
                feature=self.name,
                severity=severity,
                count=3,
                value=0.31,
                limit=0.1,
                message=self.said,
                cause=self.said,
                opened_at=self.at,
                updated_at=self.at,
                note=self.said,
                actions=(self.said,),
                looks=(AlertLook(at=self.at, severity=severity, message=self.said, value=0.2),),
            )
            for n, severity in enumerate((Severity.CRITICAL, Severity.WARNING), 1)
        ]

    def jobs(self) -> list[JobRecord]:
        return [
            JobRecord(
                id="j7",
                kind=JobKind.TRAIN,
                subject=self.name,
                state=JobState.RUNNING,
                progress=0.62,
                stage=self.said,
                trigger=self.said,
                created_at=self.at,
                started_at=self.at,
                pid=7,
            ),
            JobRecord(
                id="j6",
                kind=JobKind.TRAIN,
                subject=self.name,
                state=JobState.FAILED,
                error=self.said,
                created_at=self.at,
                finished_at=self.at,
                result={self.name: self.said},
            ),
        ]

    def events(self) -> list[Event]:
        kinds = ("file.duplicate", "file.duplicate", "release.hold", "run.finished", "alert.opened", "strange.kind")
        return [
            Event(
                seq=n,
                at=self.at,
                kind=kind,
                subject=self.name,
                actor=self.name,
                message=self.said,
                data={"x": self.said},
            )
            for n, kind in enumerate(kinds, 1)
        ]

    def graph(self, ref: str) -> LineageGraph:
        kinds = ("file", "dataset_version", "run", "model_version", "predictions", "alert")
        nodes = tuple(
            LineageNode(kind=kind, ref=f"n{n}", label=self.said, at=self.at, state=self.name, data={"x": self.said})
            for n, kind in enumerate(kinds)
        )
        edges = tuple(LineageEdge(source=f"n{n}", target=f"n{n + 1}", relation="made") for n in range(len(kinds) - 1))
        return LineageGraph(root="n3", direction="both", nodes=nodes, edges=edges)

    def explanation(self, ref: str) -> Explanation:
        policy = Explained(kind="policy", ref="min_new_rows", message=self.said, value=12, limit=100, hint=self.said)
        return Explanation(kind="model", ref=ref, state="waiting", message=f"{ref}: {self.said}", because=(policy,))

    def status(self) -> Status:
        watcher = WatcherStatus(backend="inotify", healthy=True, scan_seconds=2.0)
        return Status(
            workspace=self.name,
            engine=EngineStatus(pid=1, epoch=1, version="0", uptime_s=1.0, watcher=watcher),
            jobs=JobCounts(),
            files=FileCounts(committed=32, quarantined=1, seen=33),
            alerts=AlertCounts(open=2),
            models=1,
            datasets=self.count,
            runs=self.count,
            approvals=1,
            predictions=33_000,
            seq=6,
            factory=FactoryFigures(lead_time_s=4.0, deployments_30d=2, rollback_share=0.0),
            running=(self.said,),
        )


class FakeEngine:
    """Answers like an `EngineClient`. `orders` are the mutations that arrived; `down` refuses everything."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.orders: list[Mutation[Any]] = []
        self.down = threading.Event()
        self.refuse: Exception | None = None
        self.stopped: Exception | None = None

    def __call__(self, workspace: Path) -> Any:
        self._reachable()
        return self

    def ask(self, request: Any, *, timeout: float = 30.0) -> Any:
        self._reachable()
        if isinstance(request, Mutation):
            if self.refuse is not None:
                raise self.refuse
            self.orders.append(request)
            return None
        return self._answers(request)

    def _reachable(self) -> None:
        if self.stopped is not None:
            raise self.stopped
        if self.down.is_set():
            raise UnreachableError("The engine of this workspace is not running.", hint="Start it: shopfloor up")

    def _answers(self, request: Any) -> Any:
        shop, verb = self.shop, request.verb
        single = {
            "status": shop.status,
            "dataset.contract": shop.contract,
            "dataset.preview": lambda: self._preview(request.ref),
            "dataset.profile": lambda: self._profile(request.ref),
            "dataset.diff": lambda: shop.diff(request),
            "file.inspect": shop.bytes,
            "model.show": shop.model,
            "run.compare": lambda: RunComparison(
                runs=tuple(shop.runs()[:2]), rows=(("param", shop.name, (shop.said,) * 2),)
            ),
            "job.show": lambda: shop.jobs()[0],
            "job.log": lambda: JobLogText(id="j7", lines=(shop.said,)),
            "lineage": lambda: shop.graph(request.ref),
            "why": lambda: shop.explanation(request.ref),
        }
        if verb in single:
            return single[verb]()
        if verb == "event.list" and getattr(request, "wait_s", 0):
            self._wait(min(request.wait_s, 0.2))
            return Page(rows=(), total=0)
        if verb == "file.list":
            return self._files(request)
        if verb == "alert.list":
            alerts = [one for one in shop.alerts() if request.query in f"{one.id} {one.subject}"]
            window = alerts[request.offset : request.offset + request.limit]
            return Page(rows=tuple(window), total=len(alerts), offset=request.offset, seq=6)
        if verb == "alert.show":
            return next(one for one in shop.alerts() if one.id == request.id)
        rows = self._rows(verb, request)
        return Page(rows=tuple(rows), total=len(rows), seq=6)

    def _files(self, request: Any) -> Page[FileRecord]:
        """A window of the files, as the store gives it."""
        found = [
            one
            for one in self.shop.files()
            if request.state in {"", one.state.value} and request.query.lower() in one.path.lower()
        ]
        if request.held_first:
            found.sort(key=lambda one: one.state is not FileState.QUARANTINED)
        places = {one.id: place for place, one in enumerate(found)}
        first = max(0, places[request.around] - request.limit // 2) if request.around in places else request.offset
        return Page(rows=tuple(found[first : first + request.limit]), total=len(found), offset=first, seq=len(found))

    def _preview(self, ref: str) -> DatasetPreview:
        return DatasetPreview(
            dataset=self.shop.name, version=1, columns=("a long column name",), rows=((ref,),), total=1
        )

    def _profile(self, ref: str) -> DatasetProfile:
        column = ColumnProfile(
            name=self.shop.name, type="text", rows=9, missing=0, distinct=5000, top=((f"value of {ref}", 2),),
            approximate=("distinct",),
        )  # fmt: skip
        return DatasetProfile(dataset=self.shop.name, version=1, rows=9, columns=(column,))

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.down.is_set():
            self.down.wait(0.02)
        self._reachable()

    def _rows(self, verb: str, request: Any) -> Sequence[Any]:
        shop = self.shop
        state = getattr(request, "state", "")
        if verb == "job.list":
            wanted = {"failed", "lost"} if getattr(request, "unresolved", False) else {state}
            return [one for one in shop.jobs() if not wanted - {""} or one.state.value in wanted]
        if verb == "run.list":
            if request.query == "acu>1":
                raise UsageError("Runs have no field 'acu'.", hint="Did you mean auc?")
            return [one for one in shop.runs() if request.query in f"{one.id} {one.model}"]
        found = {
            "dataset.list": shop.datasets,
            "file.rejects": shop.rejects,
            "stream.list": shop.streams,
            "dataset.versions": shop.versions,
            "model.list": lambda: [shop.model()],
            "model.versions": shop.model_versions,
            "model.history": shop.history,
            "alert.list": shop.alerts,
            "check.list": shop.checks,
            "event.list": shop.events,
        }
        for key, make in found.items():
            if key == verb:
                return make()
        return shop.checks()


def app_on(engine: FakeEngine, folder: Path) -> ShopfloorApp:
    """The terminal face over `engine`."""
    (folder / ".shopfloor" / "run").mkdir(parents=True, exist_ok=True)
    return ShopfloorApp(folder, engine)


async def until(pilot: Pilot[int], ready: Any, seconds: float = 60.0) -> None:
    """Wait for a condition, without guessing how long it takes."""
    await until_async(ready, seconds, said=lambda: picture(pilot.app), between=pilot.pause)


def picture(app: Any) -> str:
    """What is on the screen, as text."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text.ljust(width)[:width] for strip in lines[:height])
