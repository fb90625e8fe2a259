"""One record of each kind, with every field that a screen or list shows filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Condition, Contract, Freshness, Mode, Rule, RuleSeverity, Volume
from shopfloor.domain.dataset import (
    ColumnChange,
    ColumnDiff,
    ColumnFigures,
    ColumnProfile,
    DatasetRecord,
    DatasetVersion,
    FileSpan,
    Part,
    RowChange,
    RowDiff,
    VersionDiff,
)
from shopfloor.domain.definition import ModelDefinition, Task, Value
from shopfloor.domain.event import Event
from shopfloor.domain.explanation import Explained, Explanation
from shopfloor.domain.file import FileRecord, FileState, Reason
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.monitor import (
    AlertChange,
    AlertLook,
    AlertRecord,
    AlertState,
    CheckResult,
    CheckVerdict,
    FleetLook,
    Severity,
)
from shopfloor.domain.reject import Reject
from shopfloor.domain.release import (
    Decision,
    GateCheck,
    ModelChange,
    ModelPart,
    ModelRecord,
    ModelVersion,
    Outcome,
    PendingApproval,
)
from shopfloor.domain.requests.alerts import BacktestDelivery, BacktestReport
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetPreview, DatasetProfile
from shopfloor.domain.requests.files import FileBytes, RejectsFile
from shopfloor.domain.requests.jobs import JobLogText
from shopfloor.domain.requests.models import BundleReport, PredictReport
from shopfloor.domain.requests.runs import RunComparison
from shopfloor.domain.requests.workspace import (
    BackupReport,
    DoctorFinding,
    DoctorReport,
    GcReport,
    IdleReport,
    QueryTable,
    UndoReport,
)
from shopfloor.domain.revision import ContractCause, ContractRevision
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
from shopfloor.domain.test_score import ModelTestScore, ScoredTest, ScoreSection
from shopfloor.domain.value import (
    CostEntry,
    CostKind,
    ThresholdChange,
    ThresholdPoint,
    ThresholdReport,
    ValuePoint,
    ValueReport,
)


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A time in June 2026."""
    return datetime(2026, 6, day, hour, minute, 30, tzinfo=UTC)


SHA = "3f" * 32
ARTIFACT = ArtifactRef(sha256="a1" * 32, bytes=48_213)

FILES = (
    FileRecord(
        id="f3",
        dataset="flights",
        path="inbox/flights/2026-06.csv",
        sha256=SHA,
        bytes=1_204_551,
        rows=None,
        state=FileState.QUARANTINED,
        reason=Reason(
            code="bad_value",
            message="Line 1042 has 'n/a' in column delay, which is a number.",
            line=1042,
            column="delay",
            hint="Correct it and retry: shopfloor file retry f3",
        ),
        seen_at=at(3),
    ),
    FileRecord(
        id="f2",
        dataset="flights",
        path="inbox/flights/2026-05 again.csv",
        sha256=SHA,
        bytes=998_001,
        rows=21_000,
        state=FileState.DUPLICATE,
        duplicate_of="f1",
        seen_count=2,
        seen_at=at(2),
    ),
    FileRecord(
        id="f1",
        dataset="flights",
        path="inbox/flights/2026-05.csv",
        sha256=SHA,
        bytes=998_001,
        rows=21_000,
        rejected_rows=12,
        state=FileState.COMMITTED,
        version=2,
        notices=("The file mixes line endings; they were normalised.", "Read as missing: '?' in 'delay' (12 values)."),
        seen_at=at(1),
        committed_at=at(1, 9, 1),
    ),
)

COLUMNS = (
    Column(name="origin", type=ColumnType.TEXT, nullable=False),
    Column(name="delay", type=ColumnType.NUMBER),
    Column(name="at", type=ColumnType.TIMESTAMP),
)
PART = Part(sha256=SHA, rows=21_000, bytes=412_000, files=(FileSpan(file="f1", first=0, rows=21_000),))

DATASET = DatasetRecord(
    name="flights",
    mode="append",
    version=2,
    rows=42_000,
    columns=3,
    parts=2,
    bytes=812_000,
    files=2,
    updated_at=at(1, 9, 1),
    added_rows=21_000,
    quarantined=1,
    used_by=("late-arrival",),
)
EMPTY_DATASET = DatasetRecord(name="customers", mode="upsert", version=0, rows=0, columns=0, parts=0, bytes=0, files=0)
VERSION = DatasetVersion(
    dataset="flights",
    version=2,
    digest="d9" * 32,
    rows=42_000,
    added_rows=21_000,
    columns=COLUMNS,
    parts=(PART, PART),
    files=("f1",),
    cause="1 file",
    notices=("12 rows were rejected.",),
    created_at=at(1, 9, 1),
)
CONTRACT = Contract(
    name="flights",
    mode=Mode.APPEND,
    key=("flight",),
    time="at",
    columns=COLUMNS,
    rules=(
        Rule(column="delay", min=-60, max=1500, severity=RuleSeverity.REJECT_ROW),
        Rule(column="origin", values=("JFK", "LGA"), not_null=True),
    ),
    conditions=(Condition(name="in order", sql="arrival >= at", severity=RuleSeverity.WARN),),
    volume=Volume(min_rows=100, band=0.5),
    freshness=Freshness(hours=26),
    reject_budget=0.01,
    revision=3,
)
REVISIONS = (
    ContractRevision(
        dataset="flights",
        revision=2,
        cause=ContractCause.EDITED,
        actor="ann",
        changes=("rule of delay joined", "reject_budget: 0.0 -> 0.01"),
        text="# ours\n",
        at=at(2),
    ),
    ContractRevision(
        dataset="flights",
        revision=1,
        cause=ContractCause.INFERRED,
        actor="engine",
        changes=("new, 4 columns",),
        at=at(1),
    ),
)
REJECTS = (
    Reject(
        code="rule",
        message="Line 7, column 'delay': '9999' breaks the rule max = 1500.",
        line=7,
        row=6,
        column="delay",
        value="9999",
        record="JFK,9999,2026-05-01",
    ),
    Reject(code="condition", message="Row 12 breaks the condition 'in order'.", row=12, record='{"origin":"LGA"}'),
)
REJECTS_FILE = RejectsFile(path="/tmp/rejects.csv", rows=2, total=12)
DIFF = VersionDiff(
    dataset="flights",
    left=1,
    right=2,
    rows_left=21_000,
    rows_right=42_000,
    added_rows=21_000,
    removed_rows=0,
    added_columns=("gate",),
    removed_columns=("terminal",),
    retyped_columns=("delay",),
    files_added=("f1",),
)
ROW_DIFF = VersionDiff(
    dataset="flights",
    left=1,
    right=2,
    rows_left=21_000,
    rows_right=21_001,
    added_rows=1,
    removed_rows=0,
    columns=(
        ColumnDiff(
            name="flight",
            change=ColumnChange.SAME,
            left_type="integer",
            right_type="integer",
            changed_rows=0,
            left=ColumnFigures(missing=0, distinct=21_000, min="1", max="21000", mean=10_500.5, median="10500"),
            right=ColumnFigures(missing=0, distinct=21_001, min="1", max="21001", mean=10_501.0, median="10501"),
        ),
        ColumnDiff(
            name="gate",
            change=ColumnChange.ADDED,
            right_type="text",
            right=ColumnFigures(missing=21_000, distinct=1, min="B22", max="B22"),
        ),
        ColumnDiff(
            name="origin",
            change=ColumnChange.SAME,
            left_type="text",
            right_type="text",
            changed_rows=1,
            left=ColumnFigures(missing=0, distinct=3, min="EWR", max="LGA"),
            right=ColumnFigures(missing=1, distinct=3, min="EWR", max="LGA"),
        ),
    ),
    added_columns=("gate",),
    row_diff=RowDiff(
        key=("flight",),
        added=1,
        removed=0,
        changed=1,
        unchanged=20_999,
        examples=(
            RowChange(change="changed", key={"flight": "17"}, old={"origin": "JFK"}, new={"origin": None}),
            RowChange(change="added", key={"flight": "21001"}, new={"origin": "LGA \\e[31m" + "x" * 90}),
        ),
        truncated=True,
        parts_read=3,
    ),
)
WHOLE_ROWS = VersionDiff(
    dataset="flights",
    left=1,
    right=2,
    rows_left=4,
    rows_right=5,
    added_rows=3,
    removed_rows=2,
    row_diff=RowDiff(
        added=3,
        removed=2,
        unchanged=2,
        examples=(
            RowChange(change="removed", old={"origin": "JFK", "delay": None}, copies=2),
            RowChange(change="added", new={"origin": "LGA", "delay": "3"}, copies=3),
        ),
    ),
)
PROFILE = DatasetProfile(
    dataset="flights",
    version=2,
    rows=42_000,
    columns=(
        ColumnProfile(
            name="origin",
            type="text",
            rows=42_000,
            missing=0,
            distinct=3,
            min="EWR",
            max="LGA",
            top=(("EWR", 15_000), ("JFK", 14_000), ("LGA", 13_000)),
        ),
        ColumnProfile(
            name="delay",
            type="number",
            rows=42_000,
            missing=840,
            distinct=5120,
            min="-43",
            max="1301",
            mean=12.6391,
            deviation=44.7,
            quantiles=((0.25, "-5"), (0.5, "-2"), (0.75, "14")),
            approximate=("distinct", "quantiles"),
        ),
    ),
)
PREVIEW = DatasetPreview(
    dataset="flights",
    version=2,
    columns=("origin", "delay", "at"),
    rows=(("JFK", "-4", "2026-05-01 06:00:00"), ("EWR", None, "2026-05-01 06:05:00")),
    total=42_000,
)
PARTS = DatasetFiles(
    dataset="flights",
    version=2,
    columns=COLUMNS,
    parts=(PartFile(path="/ws/.shopfloor/objects/parts/3f/x.parquet", sha256=SHA, rows=21_000),),
)

DECISION = Decision(
    outcome=Outcome.HOLD,
    reason="The gain of 0.0011 is below the 0.0020 that counts.",
    checks=(
        GateCheck(code="gain", passed=False, value=0.0011, limit=0.002, detail="95 % sure above -0.001"),
        GateCheck(code="slices", passed=None, value=None, limit=0.01, detail="too few rows in 2 of 9"),
        GateCheck(code="size", passed=True, value=48_213, limit=500e6, blocking=False),
    ),
    metric="roc_auc",
    champion=2,
    challenger_score=0.8123,
    champion_score=0.8112,
    gain=0.0011,
    interval=(-0.0011, 0.0033),
    rows=8_400,
    decided_at=at(2, 10),
)
MODEL_VERSION = ModelVersion(
    model="late-arrival",
    version=3,
    run="r7",
    dataset_version=2,
    artifact=ARTIFACT,
    aliases=("challenger",),
    decision=DECISION,
    score=0.8123,
    approvals=("ann",),
    created_at=at(2, 10),
)
CHAMPION = ModelVersion(
    model="late-arrival",
    version=2,
    run="r5",
    dataset_version=1,
    artifact=ARTIFACT,
    aliases=("champion", "blue"),
    decision=Decision(outcome=Outcome.PROMOTE, reason="It is the first version."),
    score=0.8112,
    created_at=at(1, 10),
)
MODEL = ModelRecord(
    name="late-arrival",
    dataset="flights",
    task="binary",
    target="late",
    metric="roc_auc",
    segments=0,
    champion=2,
    challenger=3,
    previous=1,
    versions=3,
    score=0.8112,
    live_score=0.7944,
    live_rows=5_120,
    live_known=5_120,
    live_of=7_400,
    predictions=12_345,
    open_alerts=1,
    release_policy="approval",
    awaiting_approval=3,
    deployed_at=at(1, 10, 1),
    value=8123.5,
    value_unit="EUR",
)
LOWERED_MODEL = msgspec.structs.replace(
    MODEL,
    pending=(
        PendingApproval(
            model="late-arrival",
            what="approvals 2 → 1",
            asked_by="ann",
            asked_at=at(1, 10, 1),
            needed=2,
            approved_by=("ann",),
            missing=1,
        ),
    ),
)
NEW_MODEL = ModelRecord(name="churn", dataset="customers", task=None)
DEFINITION = ModelDefinition(
    name="late-arrival",
    dataset="flights",
    target="late",
    task=Task.BINARY,
    time="at",
    exclude=("tail_number",),
    value=Value(unit="EUR", true_positive=4.0, false_positive=-1.0),
)
HISTORY = (
    ModelChange(
        model="late-arrival",
        part=ModelPart.DEFINITION,
        cause="edited by hand",
        at=at(3, 8),
        seq=45,
        changes={"training.seed": (7, 9), "release.policy": ("approval", None)},
    ),
    ModelChange(
        model="late-arrival",
        part=ModelPart.ALIAS,
        alias="champion",
        version=2,
        previous=1,
        actor="you",
        cause="rollback",
        reason="Late trains went unseen.",
        at=at(2, 12),
        seq=41,
        changes={"version": (1, 2)},
    ),
    ModelChange(
        model="late-arrival",
        part=ModelPart.VERSION,
        version=2,
        actor="ada",
        at=at(2, 11),
        seq=40,
        changes={"approvals": ([], ["ada"])},
    ),
    ModelChange(
        model="late-arrival",
        part=ModelPart.VERSION,
        version=2,
        actor="engine",
        at=at(2, 10),
        seq=38,
        made=True,
        changes={"run": (None, "r7"), "score": (None, 0.8125), "decision": (None, "await_approval")},
    ),
    ModelChange(
        model="late-arrival",
        part=ModelPart.ALIAS,
        alias="champion",
        version=1,
        actor="gate",
        cause="r3",
        at=at(1, 10),
        seq=12,
        changes={"version": (None, 1)},
    ),
)
VALUE = ValueReport(
    model="late-arrival",
    unit="EUR",
    rows=5_120,
    total=8123.5,
    per_row=1.5866,
    baseline=6100.0,
    planned_per_row=1.7,
    points=(
        ValuePoint(period="2026-05", model_version=1, rows=2_000, value=3000.0, baseline=2500.0),
        ValuePoint(period="2026-06", model_version=2, rows=3_120, value=5123.5, baseline=3600.0),
    ),
)

COST = CostEntry(id="c1", model="late-arrival", kind=CostKind.PEOPLE, amount=12.5, spent_at=at(1, 10))
THRESHOLDS = ThresholdReport(
    model="late-arrival",
    unit="EUR",
    version=2,
    threshold=0.5,
    proposed=0.3,
    reason="+0.20 EUR a row on the holdout; 0 known outcomes cannot confirm it yet.",
    points=(ThresholdPoint(threshold=0.5, promised=1.5),),
)
THRESHOLD = ThresholdChange(model="late-arrival", version=2, previous=None, threshold=0.3)
RUN = RunRecord(
    id="r7",
    model="late-arrival",
    dataset="flights",
    dataset_version=2,
    state=RunState.SUCCEEDED,
    trigger="flights@2",
    params={"candidates": ["linear", "boosting"], "seed": 0},
    metrics={"roc_auc": 0.8123, "neg_log_loss": -0.4312},
    candidates=(
        CandidateScore(name="linear", metrics={"roc_auc": 0.7901, "neg_log_loss": -0.46}, seconds=1.2),
        CandidateScore(name="boosting", metrics={"roc_auc": 0.8123}, seconds=8.75),
        CandidateScore(name="recipes/x.py:build", metrics={}, error="No module named 'x'"),
    ),
    segments=(
        SegmentScore(segment="JFK", rows=14_000, score=0.82),
        SegmentScore(segment="HPN", rows=12, fallback="too few rows"),
    ),
    chosen="boosting",
    started_at=at(2, 9, 58),
    duration_s=62.4,
    artifact=ARTIFACT,
    model_version=3,
    environment={"python": "3.11.7", "scikit-learn": "1.9.1"},
    notes=("Holdout: the last 20 % by at.",),
    job="j9",
    created_at=at(2, 9, 57),
)
FAILED_RUN = RunRecord(
    id="r8",
    model="late-arrival",
    dataset="flights",
    dataset_version=3,
    state=RunState.FAILED,
    trigger="you",
    error="The target has one class only.",
    created_at=at(3, 9, 57),
)
COMPARISON = RunComparison(
    runs=(RUN, FAILED_RUN),
    rows=(("run", "data", ("flights@2", "flights@3")), ("metric", "roc_auc", ("0.8123", ""))),
)

ALERT = AlertRecord(
    id="a2",
    subject="late-arrival",
    check="feature_drift",
    feature="origin",
    severity=Severity.WARNING,
    state=AlertState.OPEN,
    count=14,
    value=0.2213,
    limit=0.1,
    message="origin shifted: JFK fell from 33 % to 11 % of rows.",
    cause="flights@3 (f3)",
    opened_at=at(2, 11),
    updated_at=at(3, 11),
    note="looked at",
    actions=("shopfloor model train late-arrival",),
    looks=(
        AlertLook(at=at(2, 12), severity=Severity.WARNING, value=0.19, limit=0.1, message="origin shifted again."),
        AlertLook(at=at(3, 11), severity=Severity.CRITICAL, value=0.03, limit=0.01, message="roc_auc fell to 0.61."),
    ),
)
RESOLVED_ALERT = msgspec.structs.replace(
    ALERT, id="a1", state=AlertState.RESOLVED, resolved_at=at(3), feature=None, check="performance"
)
FLEET = (
    FleetLook(
        model="late-arrival", at=at(3, 11), p_value=3.2e-12, level=0.0000012, found=True, shifted=("origin", "distance")
    ),
    FleetLook(model="churn", at=at(3, 12), p_value=0.0021, level=0.0000012, found=False, shifted=("tenure",)),
    FleetLook(model="fraud", at=at(3, 12), p_value=1.0, level=0.0013, found=False),
)
CHECKS = (
    CheckResult(
        model="late-arrival",
        model_version=2,
        check="feature_drift",
        feature="origin",
        verdict=CheckVerdict.SHIFTED,
        value=0.2213,
        limit=0.1,
        p_value=0.00001,
        rows=21_000,
        importance=0.31,
        message="JFK fell from 33 % to 11 %.",
        at=at(3, 11),
    ),
    CheckResult(
        model="late-arrival",
        check="performance",
        verdict=CheckVerdict.UNKNOWN,
        rows=12,
        message="12 rows with truth; 100 are needed.",
        at=at(3, 11),
    ),
)
BACKTEST = BacktestReport(
    model="late-arrival",
    model_version=2,
    deliveries=(
        BacktestDelivery(dataset_version=2, rows=21_000),
        BacktestDelivery(
            dataset_version=3, rows=20_500, shifted=("origin", "delay"), fired=True, performance=0.61, fell=True
        ),
    ),
    alerts=1,
    rule={"min_effect": 0.1, "persistence": [2, 3]},
    fired=1,
    measured=1,
    fell=1,
)
COMPARED = msgspec.structs.replace(
    BACKTEST,
    other=BacktestReport(
        model="late-arrival",
        model_version=2,
        deliveries=(
            BacktestDelivery(dataset_version=2, rows=21_000),
            BacktestDelivery(dataset_version=3, rows=20_500, shifted=("origin",), performance=0.61, fell=True),
        ),
        alerts=0,
        rule={"min_effect": 0.5, "persistence": [2, 3]},
        missed=1,
    ),
)

JOB = JobRecord(
    id="j9",
    kind=JobKind.TRAIN,
    subject="late-arrival",
    state=JobState.RUNNING,
    attempts=1,
    progress=0.62,
    stage="boosting",
    trigger="flights@2",
    pid=4711,
    created_at=at(2, 9, 57),
    started_at=at(2, 9, 58),
)
FAILED_JOB = JobRecord(
    id="j8",
    kind=JobKind.INTAKE,
    subject="flights",
    state=JobState.FAILED,
    attempts=3,
    error="The worker was killed.",
    created_at=at(2, 8),
    finished_at=at(2, 8, 5),
)
EVENTS = (
    Event(seq=40, at=at(2, 10), kind="run.finished", subject="late-arrival", message="r7 is done"),
    Event(
        seq=41,
        at=at(2, 12),
        kind="alias.moved",
        subject="late-arrival",
        actor="you",
        message="champion is v2",
        data={"version": 2},
    ),
)

STATUS = Status(
    workspace="/ws",
    engine=EngineStatus(
        pid=4242,
        epoch=3,
        version="0.1.0",
        uptime_s=7_815.0,
        watcher=WatcherStatus(backend="inotify", healthy=True, scan_seconds=5.0),
    ),
    jobs=JobCounts(queued=1, running=1, failed=2),
    files=FileCounts(waiting=0, quarantined=1, committed=2, duplicate=1, seen=4),
    alerts=AlertCounts(open=1, acknowledged=2),
    models=2,
    datasets=1,
    runs=8,
    approvals=1,
    predictions=12_345,
    seq=41,
    factory=FactoryFigures(lead_time_s=133.0, deployments_30d=4, rollback_share=0.25, restore_time_s=None),
    running=("train late-arrival 62 %",),
)
IDLE = IdleReport(idle=True, unsettled_files=0, queued_jobs=0, running_jobs=0)
BUSY = IdleReport(idle=False, unsettled_files=1, queued_jobs=0, running_jobs=2)
DOCTOR = DoctorReport(
    ok=False,
    findings=(
        DoctorFinding(check="store", ok=True, detail="41 events, verified"),
        DoctorFinding(check="journal", ok=True, detail="1 record replayed", repaired=True),
        DoctorFinding(check="objects", ok=False, detail="part 3f3f… is missing"),
    ),
)
BACKUP = BackupReport(path=".shopfloor/backups/41.duckdb", bytes=1_200_000, seq=41)
GC = GcReport(dry_run=True, objects=2, bytes=824_000, paths=("parts/ab.parquet", "parts/cd.parquet"))
ALERT_HISTORY = (
    AlertChange(seq=17, at=at(2), actor="ada", changes={"state": ("open", "acknowledged"), "note": ("", "mine")}),
    AlertChange(seq=23, at=at(3), actor="engine", changes={"count": (1, 2)}),
)
UNDONE = UndoReport(
    seq=12,
    verb="model.promote",
    message="late-arrival@2 promoted by ada: better on the newest flights",
    at=at(3),
    steps=("challenger of late-arrival: none → v2", "champion of late-arrival: v2 → v1"),
    stays=("Predictions that were served meanwhile stay.",),
)
BUNDLE = BundleReport(model="late-arrival", version=2, path="/x/m.shopfloor", sha256=SHA, bytes=9)
PREDICTED = PredictReport(
    model="late-arrival", model_version=2, rows=100, output="/x/out.csv", ignored_columns=("note",)
)
TABLE = QueryTable(
    columns=("model", "n", "n", "share"),
    rows=(("late-arrival", 12, 1, 0.5), ("churn", None, 2, 0.25)),
)
BYTES = FileBytes(id="f3", first=1041, lines=("JFK,4", "EWR,n/a", ""), truncated=True)
EXPLAINED = Explanation(
    kind="model_version",
    ref="late-arrival@4",
    state="held",
    message="late-arrival@4: the gain is not sure yet.",
    at=at(2, 10),
    actor="gate",
    hint="Overrule the gate: shopfloor model promote late-arrival@4 --reason WHY",
    because=(
        Explained(
            kind="check",
            ref="paired_test",
            state="inconclusive",
            message="It may be chance.",
            value=0.0013,
            limit=0.002,
        ),
        Explained(
            kind="run",
            ref="r7",
            state="succeeded",
            message="r7 trains late-arrival on flights@2; it chose boosting.",
            because=(Explained(kind="job", ref="j9", message="train job j9 of late-arrival (trigger: flights@2)."),),
        ),
    ),
)
TEST_SCORE = ModelTestScore(
    model="late-arrival",
    score=1.5,
    sections={"data": 3.5, "model": 2.5, "infrastructure": 1.5, "monitoring": 4.0},
    tests=(
        ScoredTest(
            code="D1",
            section=ScoreSection.DATA,
            title="Feature expectations are captured in a schema",
            score=1.0,
            evidence="The contract pins 12 columns; every delivery is held to it.",
            answered_by="store",
        ),
        ScoredTest(
            code="D5",
            section=ScoreSection.DATA,
            title="The data pipeline has appropriate privacy controls",
            score=0.5,
            evidence="Reviewed in March.",
            answered_by="ann",
            at=at(1),
        ),
    ),
    reading="There has been a first pass at basic productionization.",
)
LOG = JobLogText(id="j9", lines=("reading 2 parts", "boosting: 62 %"))

LINEAGE = LineageGraph(
    root="r7",
    direction="both",
    nodes=(
        LineageNode(kind="run", ref="r7", label="boosting", at=at(2, 10), state="succeeded"),
        LineageNode(kind="dataset_version", ref="flights@2", label="42,000 rows", at=at(1, 9)),
        LineageNode(kind="part", ref="3f3f3f3f", label="21,000 rows"),
        LineageNode(kind="file", ref="f1", label="2026-05.csv", at=at(1), state="committed"),
        LineageNode(kind="model_version", ref="late-arrival@3", label="roc_auc 0.8123"),
        LineageNode(kind="alert", ref="a2", label="feature_drift origin", state="open", at=at(2)),
    ),
    edges=(
        LineageEdge(source="f1", target="3f3f3f3f", relation="became"),
        LineageEdge(source="3f3f3f3f", target="flights@2", relation="is in"),
        LineageEdge(source="flights@2", target="r7", relation="trained"),
        LineageEdge(source="r7", target="late-arrival@3", relation="registered"),
        LineageEdge(source="late-arrival@3", target="a2", relation="raised"),
    ),
)

HOSTILE = "\x1b]52;c;ZXZpbA==\x07[red]\u202egnp.exe\u200b\n\r\t\x9b2J\udc80/漢字"


def hostile(value: Any, text: str = HOSTILE) -> Any:
    """The same record with every free text replaced by `text`."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(hostile(each, text) for each in value)
    if isinstance(value, list):
        return [hostile(each, text) for each in value]
    if isinstance(value, dict):
        return {f"{text}{index}": hostile(each, text) for index, each in enumerate(value.values())}
    if isinstance(value, msgspec.Struct):
        names = [field.name for field in msgspec.structs.fields(value)]
        return type(value)(**{name: hostile(getattr(value, name), text) for name in names})
    return value
