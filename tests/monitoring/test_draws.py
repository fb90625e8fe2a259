"""Deliveries drawn from one population, and the same with one fault: few false alarms, and each fault told at once.

Sixteen columns, two of them with thousands of levels; 200 to 5,000 rows a delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests import soak

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict
from shopfloor.monitoring import baseline_history
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.baseline_history import untold
from shopfloor.monitoring.check_context import CheckContext, InputRows, KnownOutcomes, Sample
from shopfloor.monitoring.records import Joined, Reference
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.frames import read_predictions

TYPES = {"n": ColumnType.NUMBER, "i": ColumnType.INTEGER, "c": ColumnType.TEXT, "t": ColumnType.TEXT}
NAMES = [f"{kind}{one}" for kind, many in (("n", 6), ("i", 4), ("c", 4), ("t", 2)) for one in range(many)]
COLUMNS = [Column(name=name, type=TYPES[name[0]]) for name in NAMES]
FIXED = [Column(name="k", type=ColumnType.NUMBER)]
DEFINITION = ModelDefinition(name="m", dataset="d", target="y", task=Task.BINARY)
CLASSES = ("no", "yes")
START = datetime(2026, 1, 1, tzinfo=UTC)
POPULARITY = np.arange(8000, 0, -1.0) / np.arange(8000, 0, -1.0).sum()

Rng = np.random.Generator
Fault = Callable[[pd.DataFrame, Rng], pd.DataFrame]


def rows(count: int, rng: Rng, popularity: np.ndarray = POPULARITY) -> pd.DataFrame:
    def one_of(levels: list[str], weights: list[float] | None = None) -> np.ndarray:
        return np.array(rng.choice(levels, count, p=weights), dtype=object)

    zipf = 1 / np.arange(1, 31)
    frame = pd.DataFrame(
        {
            "n0": rng.normal(0, 1, count),
            "n1": rng.exponential(2, count),
            "n2": np.where(rng.random(count) < 0.7, 0, rng.exponential(1, count)),
            "n3": rng.uniform(0, 100, count),
            "n4": rng.normal(50, 10, count).round(),
            "n5": np.where(rng.random(count) < 0.05, np.nan, rng.normal(0, 3, count)),
            "i0": rng.integers(1, 13, count),
            "i1": rng.poisson(2, count),
            "i2": rng.choice([10, 20, 30, 45], count, p=[0.6, 0.3, 0.09, 0.01]),
            "i3": rng.geometric(0.05, count),
            "c0": one_of(list("abcde"), [0.5, 0.3, 0.1, 0.08, 0.02]),
            "c1": one_of([f"z{one}" for one in range(30)], list(zipf / zipf.sum())),
            "c2": one_of(["x", "y"], [0.97, 0.03]),
            "c3": one_of([f"s{one}" for one in range(12)]),
            "t0": np.array([f"u{one}" for one in rng.choice(8000, count, p=popularity)], dtype=object),
            "t1": np.array([f"v{one}" for one in rng.zipf(1.4, count) % 3000], dtype=object),
            "k": 5.0,
        }
    )
    score = frame["n0"] + 0.02 * frame["n3"] + rng.normal(0, 1, count)
    return frame.assign(y=np.where(score > 1.8, "yes", "no").astype(object))


def answers(frame: pd.DataFrame) -> pd.DataFrame:
    chance = (1 / (1 + np.exp(-1.2 * (frame["n0"].fillna(0) + 0.02 * frame["n3"] - 1.8)))).to_numpy()
    prediction = np.where(chance > 0.5, "yes", "no").astype(object)
    return pd.DataFrame({"prediction": prediction, "probability_no": 1 - chance, "probability_yes": chance})


@dataclass
class Watched:
    """A model and the deliveries that its checks have seen."""

    reference: Reference
    rng: Rng
    known: pd.DataFrame
    history: list[CheckResult] = field(default_factory=list)

    @staticmethod
    def learned(seed: int) -> Watched:
        rng = np.random.default_rng(seed)
        known = rows(5000, rng)
        held = known.tail(1000).reset_index(drop=True)
        reference = build_reference(
            known,
            COLUMNS,
            others=FIXED,
            model="m",
            task=Task.BINARY,
            metric="roc_auc",
            classes=CLASSES,
            positive="yes",
            target="y",
            holdout=Holdout(answers(held), held["y"], frame=held.drop(columns="y")),
            created_at=START,
        )
        return Watched(reference, rng, known)

    def deliver(self, frame: pd.DataFrame, *, keep: bool = True) -> tuple[AlertRecord, ...]:
        """The alerts that it opens; with `keep` it is part of the past from then on."""
        at = START + timedelta(days=1 + len(self.history))
        data = str(len(self.history))
        predictions = read_predictions(answers(frame), frame["y"], task=Task.BINARY, classes=CLASSES, positive="yes")
        results = check_all(
            CheckContext(
                definition=DEFINITION,
                model_version=1,
                reference=self.reference,
                at=at,
                history=self.history,
                rows=InputRows(data=data, moment=at, frame=frame),
                labelled=KnownOutcomes(
                    data=data,
                    moment=at,
                    predictions=predictions,
                    joined=Joined(predictions=len(frame), matched=len(frame)),
                    places=np.arange(len(frame)),
                ),
            )
        )
        opened = fold([], results, self.history, DEFINITION, at).opened
        if keep:
            self.history += results
        return opened


@pytest.mark.soak
def test_of_stationary_deliveries_hardly_any_opens_an_alert() -> None:
    """Nominal are 5 %: of 30 at most 5 may ring with any check."""
    for seed in range(soak.times(1, 30)):
        watched = Watched.learned(seed)
        sizes = watched.rng.choice([200, 500, 1000, 2000, 5000], soak.times(10, 30))
        fired = [watched.deliver(rows(int(size), watched.rng)) for size in sizes]
        assert sum(map(bool, fired)) <= len(sizes) / 6, fired


def _flipped(frame: pd.DataFrame, rng: Rng, share: float = 1.0) -> pd.DataFrame:
    other = np.where(frame["y"] == "yes", "no", "yes")
    return frame.assign(y=np.where(rng.random(len(frame)) < share, other, frame["y"]).astype(object))


FAULTS: dict[str, tuple[Fault, tuple[str, str | None]]] = {
    "miles to kilometres": (lambda f, r: f.assign(n3=f["n3"] * 1.609344), ("feature_drift", "n3")),
    "°F to °C": (lambda f, r: f.assign(n4=(f["n4"] - 32) / 1.8), ("feature_drift", "n4")),
    "hours to minutes": (lambda f, r: f.assign(n1=f["n1"] * 60), ("feature_drift", "n1")),
    "stuck sensor": (lambda f, r: f.assign(n0=0.7), ("feature_drift", "n0")),
    "new category": (lambda f, r: f.assign(c0=f["c0"].mask(r.random(len(f)) < 0.08, "new")), ("feature_drift", "c0")),
    "vanished category": (lambda f, r: f[f["c0"] != "c"].reset_index(drop=True), ("feature_drift", "c0")),
    "doubled null rate": (lambda f, r: f.assign(n5=f["n5"].mask(r.random(len(f)) < 0.055)), ("feature_drift", "n5")),
    "lost column": (lambda f, r: f.assign(n1=np.nan), ("feature_drift", "n1")),
    "awakened constant": (lambda f, r: f.assign(k=r.normal(5, 2, len(f))), ("feature_drift", "k")),
    "one level for all": (lambda f, r: f.assign(t0="u7"), ("feature_drift", "t0")),
    "labels flipped": (_flipped, ("target_drift", "y")),
    "labels of 40 % flipped": (lambda f, r: _flipped(f, r, 0.4), ("performance", None)),
    "one level's labels flipped": (
        lambda f, r: f.assign(y=f["y"].mask(f["c0"] == "b", f["y"].map({"yes": "no", "no": "yes"}))),
        ("slices", None),
    ),
    "vanished class": (lambda f, r: f.assign(y="no"), ("target_drift", "y")),
    "halved rate": (
        lambda f, r: f.assign(y=f["y"].mask((f["y"] == "yes") & (r.random(len(f)) < 0.5), "no")),
        ("target_drift", "y"),
    ),
}


@pytest.fixture(scope="module")
def watched() -> Watched:
    """Five deliveries have come and were in order."""
    found = Watched.learned(100)
    for _ in range(5):
        assert not found.deliver(rows(1000, found.rng))
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_named_in_the_delivery_where_it_happens(watched: Watched, fault: str) -> None:
    change, expected = FAULTS[fault]
    (alert,) = watched.deliver(change(rows(1000, watched.rng), watched.rng), keep=False)
    assert (alert.check, alert.feature) == expected


def test_rows_that_the_model_has_learned_are_no_news_nor_the_past_of_others() -> None:
    """Checked on request, or by a back-test: their levels are counted in the reference already."""
    watched = Watched.learned(3)
    for start in (0, 1000, 2000):
        assert not watched.deliver(watched.known[start : start + 1000].reset_index(drop=True))
    for _ in range(3):
        assert not watched.deliver(rows(1000, watched.rng))


JUMPS: dict[str, Fault] = {
    "half a standard deviation": lambda f, r: f.assign(n0=f["n0"] + 0.5),
    "half of a level to another": lambda f, r: f.assign(
        c0=f["c0"].mask((f["c0"] == "a") & (r.random(len(f)) < 0.5), "b")
    ),
}


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_in_small_daily_deliveries_is_found_before_it_is_the_past(jump: str) -> None:
    """None of them may be large enough to show it; a week of them is."""
    watched = Watched.learned(2)
    for _ in range(4):
        assert not watched.deliver(rows(150, watched.rng))
    found = [one for _ in range(8) for one in watched.deliver(JUMPS[jump](rows(150, watched.rng), watched.rng))]
    of_inputs = {one.feature for one in found if one.check != "calibration"}  # the labels may tell before the inputs do
    assert of_inputs == {"n0" if jump.startswith("half a ") else "c0"}


@cache
def dripped(size: int) -> Watched:
    """1,200 rows have come, so many at a time, and were in order."""
    found = Watched.learned(4)
    for _ in range(1200 // size):
        assert not found.deliver(rows(size, found.rng))
    return found


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("size", [12, 30, 60])
def test_a_drip_of_deliveries_each_too_small_to_tell_is_judged_together(size: int, jump: str) -> None:
    before = dripped(size)
    watched = replace(before, rng=deepcopy(before.rng), history=[*before.history])
    told = [one.rows for one in watched.history if one.feature == "n0" and one.verdict is CheckVerdict.OK]
    assert told
    assert min(told) >= 100
    found = [
        one for _ in range(1200 // size) for one in watched.deliver(JUMPS[jump](rows(size, watched.rng), watched.rng))
    ]
    of_inputs = {one.feature for one in found if one.check == "feature_drift"}
    assert of_inputs == {"n0" if jump.startswith("half a ") else "c0"}


def test_popularity_of_thousands_of_levels_that_turns_round_is_found(watched: Watched) -> None:
    """None of them has a share that would show by itself; a second delivery confirms it."""
    before = list(watched.history)
    fired = [watched.deliver(rows(1000, watched.rng, POPULARITY[::-1])) for _ in range(2)]
    watched.history = before
    assert [(one.check, one.feature) for one in fired[1]] == [("feature_drift", "t0")]


def test_of_deliveries_that_were_too_small_only_those_since_one_that_told_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The past grows with every delivery, and each feature of each one asks for it."""
    read: list[datetime] = []
    monkeypatch.setattr(baseline_history, "_sketch_in_bins", lambda feature, result: read.append(result.at))
    verdicts = [CheckVerdict.UNKNOWN] * 5 + [CheckVerdict.OK] + [CheckVerdict.UNKNOWN] * 2
    history = [
        CheckResult(model="m", check="feature_drift", verdict=verdict, at=START + timedelta(days=day))
        for day, verdict in enumerate(verdicts)
    ]
    feature: Any = None  # nothing is asked of it
    assert untold(feature, (), history[::-1], Sample(moment=START + timedelta(days=30))) == ()
    assert read == [history[-2].at, history[-1].at]
