"""The life of a model: rows are served and delivered, truths follow, and every check looks on, as in a workspace.

Parts, log and artifacts are files; the checks are those of `run_checks`, the alerts those of `fold`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from tests.monitoring.test_draws import COLUMNS, rows

from shopfloor.artifacts import bundle
from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest, FeatureField
from shopfloor.domain.codec import to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Humility, HumilityAction, ModelDefinition, Monitoring, Task, Value
from shopfloor.domain.handles import ArtifactFile, PartFile
from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.service import REST, FaultCount, RequestCounts, RequestFault
from shopfloor.domain.value import ValueTerms
from shopfloor.monitoring.backtest import Replay
from shopfloor.monitoring.records import CheckSpec, ValueSpec
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import run_checks
from shopfloor.store.value import BEGINNING

START = datetime(2026, 6, 1, tzinfo=UTC)
CLASSES = ("no", "yes")
OWN = [
    Column(name="id", type=ColumnType.TEXT),
    Column(name="at", type=ColumnType.TIMESTAMP),
    Column(name="y", type=ColumnType.TEXT),
]
WORTH = Value(true_positive=10.0, false_positive=-4.0, true_negative=0.0, false_negative=-6.0)
DEFINITION = ModelDefinition(
    name="m",
    dataset="d",
    target="y",
    id="id",
    time="at",
    task=Task.BINARY,
    monitoring=Monitoring(fairness=("c3",)),
    humility=Humility(out_of_range=HumilityAction.LOG),
    value=WORTH,
)
USED = COLUMNS[:6]
DAY = timedelta(days=1)

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


class Life:
    """Day by day some rows are served, whose truth is known a day later, and others delivered with their labels."""

    def __init__(self, folder: Path, seed: int, served: int = 300) -> None:
        self.folder, self.rng, self.served = folder, np.random.default_rng(seed), served
        self.key_path = folder / "key"
        self.key = load_or_create_key(self.key_path)
        self.inference: list[str] = []
        self.actuals: list[str] = []
        self.waiting: pd.DataFrame | None = None
        learned = self.drawn(5000, START - 100 * DAY, 100 * DAY)
        # The champion's holdout are the newest rows; two versions of before know less.
        self.others = [self._version(number, learned[: 2500 + 1000 * number]) for number in (1, 2)]
        self.champion = self._version(3, learned)
        self.reference_path = Path(self.champion[0].path) / bundle.REFERENCE

    @cached_property
    def replay(self) -> Replay:
        """The alert rule over everything that was found."""
        return Replay(DEFINITION, 3, None)  # type: ignore[arg-type]

    def drawn(self, count: int, start: datetime, span: timedelta) -> pd.DataFrame:
        """Rows of a time."""
        seconds = np.sort(self.rng.random(count)) * span.total_seconds()
        at = np.datetime64(start.replace(tzinfo=None), "us") + (seconds * 1e6).astype("timedelta64[us]")
        names = [f"{start:%y%m%d}{self.rng.integers(1 << 40):x}-{place}" for place in range(count)]
        return rows(count, self.rng).drop(columns="k").assign(id=np.array(names, dtype=object), at=at)

    def day(self, number: int, delivered: int, change: Change | None = None) -> list[CheckResult]:
        """What the checks find on a day, and the alerts with it."""
        start = START + number * DAY
        served, came = self.drawn(self.served, start, DAY), self.drawn(delivered, start, DAY)
        if change is not None:
            served, came = change(served, self.rng), change(came, self.rng)
        if self.waiting is not None:
            self._known(self.waiting, start + DAY)
        self._serve(served)
        self.waiting = served
        found = run_checks(self._spec(self._part(came[[one.name for one in (*COLUMNS, *OWN)]]), start + DAY), _silent)
        self.replay.judge(number, delivered, list(found.results))
        return list(found.results)

    @property
    def fired(self) -> list[bool]:
        """Of each day, whether an alert was opened or seen again."""
        return [one.fired for one in self.replay.deliveries]

    def _spec(self, part: PartFile, now: datetime) -> CheckSpec:
        about = {
            "definition": DEFINITION,
            "task": Task.BINARY,
            "positive": "yes",
            "classes": CLASSES,
            "reference_path": str(self.reference_path),
            "columns": (*COLUMNS, *OWN),
            "data": (part,),
            "inference": tuple(self.inference),
            "actuals": tuple(self.actuals),
        }
        terms = (ValueTerms(terms=1, valid_from=BEGINNING, value=WORTH.terms),)
        return CheckSpec(
            **about,
            model_version=3,
            metric="roc_auc",
            artifact=self.champion[0],
            others=tuple(file for file, _ in self.others),
            key_path=str(self.key_path),
            history=tuple(self.replay.history),
            requests=(self._asked(now),),
            value=ValueSpec(**about, terms=terms, champion=3, arrived_at=now),
            now=now,
        )

    def _asked(self, now: datetime) -> RequestCounts:
        """Of a hundred requests one is refused, of two hundred one fails."""
        shares = {RequestFault.REFUSED: 0.01, RequestFault.FAILED: 0.005}
        faults = tuple(
            FaultCount(
                fault=fault, code=fault.value, message="what was sent", first_at=now, last_at=now,
                count=int(self.rng.binomial(self.served, share)),
            )
            for fault, share in shares.items()
        )  # fmt: skip
        answered = self.served - sum(one.count for one in faults)
        day = (now - START).days
        return RequestCounts(source=REST, answered=answered, faults=faults, after=day - 1, until=day)

    def _version(self, number: int, known: pd.DataFrame) -> tuple[ArtifactFile, FittedModel]:
        """One that learned all rows it knows but the newest thousand, which judge it."""
        learned, held = known[:-1000], known[-1000:].reset_index(drop=True)
        encoder, target = TableEncoder(columns=USED, style="dense"), (learned["y"] == "yes").to_numpy().astype(int)
        estimator = LogisticRegression(max_iter=500).fit(encoder.fit_transform(learned[_names(USED)], target), target)
        features = [FeatureField(name=one.name, kind="number", type=one.type, nullable=True) for one in USED]
        model = FittedModel(
            name="m", task=Task.BINARY, classes=CLASSES, features=features, encoder=encoder, estimator=estimator
        )
        until = learned["at"].max().to_pydatetime().replace(tzinfo=UTC)
        manifest = ArtifactManifest(
            model="m", run=f"r{number}", dataset="d", task=Task.BINARY, metric="roc_auc", target="y",
            classes=CLASSES, features=tuple(features), id="id", created_at=until,
        )  # fmt: skip
        path = self.folder / f"v{number}"
        reference = to_json(self._reference(known, held, model))
        kept = bundle.stage(model, manifest, path, self.key, {bundle.REFERENCE: reference})
        return ArtifactFile(path=str(path), sha256=kept.sha256, model="m", version=number, trained_until=until), model

    def _reference(self, known: pd.DataFrame, held: pd.DataFrame, model: FittedModel) -> object:
        return build_reference(
            known, COLUMNS, model="m", task=Task.BINARY, metric="roc_auc", classes=CLASSES, positive="yes",
            target="y", time=known["at"], created_at=START,
            importances={"n0": 0.6, "n3": 0.3},
            holdout=Holdout(model.predict_frame(held), held["y"], held["at"], held[_names(COLUMNS)]),
        )  # fmt: skip

    def _serve(self, served: pd.DataFrame) -> None:
        answers = self.champion[1].predict_frame(served)
        table = pa.table(
            {
                "association_id": pa.array(served["id"], pa.string()),
                "at": pa.array(served["at"], pa.timestamp("us")),
                "model_version": pa.array([3] * len(served), pa.int64()),
                "segment": pa.array([""] * len(served), pa.string()),
                **{name: pa.array(answers[name]) for name in answers},
                "source": pa.array(["rest"] * len(served), pa.string()),
                "seconds": pa.array(self.rng.lognormal(-4, 0.5, len(served))),
                **{f"input_{one.name}": pa.array(served[one.name], from_pandas=True) for one in COLUMNS},
            }
        )
        self.inference.append(self._written(table).path)

    def _known(self, served: pd.DataFrame, at: datetime) -> None:
        table = {"association_id": pa.array(served["id"], pa.string()), "actual": pa.array(served["y"], pa.string())}
        when = np.full(len(served), np.datetime64(at.replace(tzinfo=None), "us"))
        self.actuals.append(self._written(pa.table({**table, "arrived_at": pa.array(when, pa.timestamp("us"))})).path)

    def _part(self, frame: pd.DataFrame) -> PartFile:
        return self._written(pa.Table.from_pandas(frame, preserve_index=False))

    def _written(self, table: pa.Table) -> PartFile:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.parquet"
        pq.write_table(table, path)
        return PartFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=table.num_rows)


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]


def _silent(share: float, stage: str) -> None:
    """Nobody watches."""
