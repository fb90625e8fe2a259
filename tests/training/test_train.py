"""A whole training: choice, report, and bad input that gets a clear answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.training.samples import COLUMNS, deliveries, silent, spec

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Split, Task
from shopfloor.domain.errors import ConfigError, DataError, IntegrityError
from shopfloor.statistics import metrics
from shopfloor.statistics.predictions import from_scores
from shopfloor.training.train import train
from shopfloor.training.trained import Trained

FRAME = deliveries(600)


def test_a_run_reports_what_it_did(tmp_path: Path) -> None:
    seen: list[tuple[float, str]] = []
    trained = train(spec(FRAME, tmp_path), lambda share, stage: seen.append((share, stage)))
    record = trained.record
    assert (record.task, record.metric, record.classes, record.positive) == (
        Task.BINARY, "roc_auc", ("ok", "late"), "late",
    )  # fmt: skip
    assert [one.name for one in record.candidates] == ["linear", "boosting", "dummy"]
    best = max(record.candidates, key=lambda one: one.metrics["roc_auc"] or 0.0)
    assert record.chosen == best.name != "dummy"
    assert record.metrics == best.metrics
    assert (record.metrics["roc_auc"] or 0) > 0.7
    assert record.candidates[-1].metrics["roc_auc"] == 0.5
    assert (record.train_rows, record.holdout_rows, record.blocks, record.split) == (600, 300, 3, Split.TIME)
    assert record.trained_until == record.holdout_to
    assert record.holdout_from == datetime(2024, 1, 13, 12, tzinfo=UTC)
    for one in record.candidates:
        assert one.metrics["roc_auc"] == pytest.approx(sum(value or 0.0 for value in one.blocks) / 3)
    assert record.holdout_to == datetime(2024, 1, 25, 23, tzinfo=UTC)
    assert record.params["candidate"] == record.chosen
    assert record.features[0].name in {"x", "shop"}
    assert record.features[0].importance > 0.02
    assert {one.name for one in record.features} <= {"at", "shop", "x", "z"}
    assert record.environment["scikit-learn"]
    assert set(record.seconds) >= {"read", "encode", "fit", "score"}
    assert seen[0][0] == 0.0
    assert seen[-1][0] == 1.0
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)


def test_the_rows_it_was_judged_on(tmp_path: Path) -> None:
    """Each block is answered by a model of the rows before it; the one that is released has learned all."""
    linear = {"candidates": ("linear",)}
    trained = train(spec(FRAME, tmp_path, training=linear), silent)
    assert list(trained.predictions.index) == list(trained.holdout.index) == list(trained.truth.index)
    assert trained.truth.tolist() == trained.holdout["outcome"].tolist()
    assert list(trained.rows.index) == list(FRAME.index)
    assert trained.block.tolist() == [0] * 100 + [1] * 100 + [2] * 100
    assert trained.record.chosen == "linear"
    scores = trained.predictions[["probability_ok", "probability_late"]].to_numpy()
    truth = (trained.truth == "late").to_numpy().astype(int)
    for block, told in enumerate(trained.record.candidates[0].blocks):
        rows = np.flatnonzero(trained.block == block)
        assert metrics.find("roc_auc").score(from_scores(Task.BINARY, truth[rows], scores[rows])) == told
        before = FRAME.loc[: trained.holdout.index[rows[0]] - 1]
        alone = train(spec(before, tmp_path / str(block), training=linear), silent)
        answers = alone.model.predict_frame(trained.holdout.iloc[rows])
        pd.testing.assert_frame_equal(answers, trained.predictions.iloc[rows])


def test_the_released_model_knows_the_newest_rows(tmp_path: Path) -> None:
    """A shop that opened lately: what had not learned the newest rows is far from it, the released model is not."""
    opened = np.arange(600) >= 520
    frame = FRAME[["id", "at", "x"]].assign(
        shop=FRAME["shop"].where(~opened, "d"), y=100 + FRAME["x"] + np.where(opened, 50, 0)
    )
    columns = (*(one for one in COLUMNS if one.name in frame), Column(name="y", type=ColumnType.NUMBER))
    trained = train(spec(frame, tmp_path, columns, target="y", training={"candidates": ("boosting",)}), silent)
    newest = trained.holdout.tail(50)
    unseen = trained.predictions["prediction"].tail(50)
    away = [float((said - newest["y"]).abs().mean()) for said in (_answers(trained, newest), unseen)]
    assert away[0] < 0.5 * away[1]


def _answers(trained: Trained, rows: pd.DataFrame) -> pd.Series:
    return trained.model.predict_frame(rows)["prediction"]


def test_numbers_and_classes(tmp_path: Path) -> None:
    columns = tuple(column for column in COLUMNS if column.name != "outcome")
    frame = FRAME.assign(amount=FRAME["x"] * 3 + FRAME["z"], size=np.digitize(FRAME["x"], [-0.5, 0.5]))
    columns += (Column(name="amount", type=ColumnType.NUMBER), Column(name="size", type=ColumnType.INTEGER))
    amount = train(spec(frame, tmp_path / "a", columns, target="amount", exclude=("size",)), silent)
    assert amount.record.task is Task.REGRESSION
    assert (amount.record.metrics["r2"] or 0) > 0.95
    assert amount.predictions.columns.tolist() == ["prediction"]
    size = train(spec(frame, tmp_path / "s", columns, target="size", exclude=("amount",)), silent)
    assert size.record.classes == ("0", "1", "2")
    assert size.truth.tolist() == size.holdout["size"].astype(str).tolist()
    assert any("regression" in note for note in size.record.notes)


def test_a_date_that_others_are_counted_from_is_an_input(tmp_path: Path) -> None:
    """A week of days has no calendar part worth learning, but ages are counted back from it."""
    rng = np.random.default_rng(0)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(400) // 60, unit="D")
    age = rng.integers(0, 30, 400)
    frame = pd.DataFrame(
        {
            "at": pd.Series(at).astype("datetime64[us]"),
            "signed": pd.Series(at - pd.to_timedelta(age, unit="D")).astype("datetime64[us]"),
            "outcome": pd.Series(np.where(age > 15, "late", "ok"), dtype=object),
        }
    )
    types = {"at": ColumnType.DATE, "signed": ColumnType.DATE, "outcome": ColumnType.TEXT}
    columns = tuple(Column(name=name, type=one) for name, one in types.items())
    trained = train(spec(frame, tmp_path, columns, id=None), silent)
    assert [one.name for one in trained.model.features] == ["at", "signed"]
    assert (trained.record.metrics["roc_auc"] or 0) > 0.99
    again = trained.model.predict_frame(trained.holdout)
    assert again["prediction"].tolist() == trained.truth.tolist()


def test_the_same_ids_are_held_out_with_any_seed(tmp_path: Path) -> None:
    plain = train(spec(FRAME, tmp_path, time=None), silent).record
    other = train(spec(FRAME, tmp_path, time=None, run={"seed": 7}), silent).record
    assert plain.split is Split.HASH
    assert plain.holdout_digest == other.holdout_digest
    fewer = train(spec(FRAME.head(500), tmp_path, time=None), silent).record
    assert fewer.holdout_digest != plain.holdout_digest


@pytest.mark.parametrize(
    ("rows", "definition", "training", "message"),
    [
        (3, {}, {}, "3 rows of orders are too few to train m; at least 40"),
        (600, {"target": "outcom"}, {}, "no column 'outcom'"),
        (600, {"time": "att"}, {}, "'att'"),
        (600, {"exclude": ("at", "shop", "x", "z")}, {}, "No feature columns are left"),
        (600, {"target": "at"}, {}, "dates and times cannot be predicted"),
    ],
)
def test_data_that_cannot_be_learned(
    tmp_path: Path, rows: int, definition: dict[str, Any], training: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        train(spec(FRAME.head(rows), tmp_path, training=training, **definition), silent)
    assert message in caught.value.message
    assert caught.value.hint


def test_targets_without_variety(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all 600 rows have the class 'ok'"):
        train(spec(FRAME.assign(outcome="ok"), tmp_path), silent)
    with pytest.raises(DataError, match="empty in every row"):
        train(spec(FRAME.assign(outcome=pd.Series([None] * 600, dtype=object)), tmp_path), silent)
    late = FRAME.assign(outcome=["ok"] * 500 + ["late"] * 100)
    with pytest.raises(DataError, match="only occur in the holdout"):
        train(spec(late, tmp_path), silent)
    mostly = FRAME.assign(outcome=[None] * 590 + ["ok", "late"] * 5)
    with pytest.raises(DataError, match=r"10 rows .* too few .*590 more have no target"):
        train(spec(mostly, tmp_path), silent)


@pytest.mark.parametrize(
    ("training", "run", "message", "hint"),
    [
        ({"candidates": ("boost",)}, {}, "'boost' is unknown", "'boosting'"),
        ({"candidates": ()}, {}, "names no candidates", "linear"),
        ({"metric": "auc"}, {}, "'auc' is unknown", "'roc_auc'"),
        ({}, {"backend": "loki"}, "'loki' is unknown", "'loky'"),
    ],
)
def test_wrong_settings(tmp_path: Path, training: dict[str, Any], run: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        train(spec(FRAME, tmp_path, training=training, run=run), silent)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_changed_bytes_of_a_part_are_never_learned_from(tmp_path: Path) -> None:
    made = spec(FRAME, tmp_path)
    path = Path(made.parts[0].path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityError):
        train(made, silent)


def test_a_metric_that_the_holdout_cannot_tell(tmp_path: Path) -> None:
    frame = FRAME.assign(outcome=np.where(np.arange(600) < 300, FRAME["outcome"], "ok"))
    record = train(spec(frame, tmp_path), silent).record
    assert record.metrics["roc_auc"] is None
    assert any("undefined on the holdout" in note for note in record.notes)
    best = max(record.candidates[:2], key=lambda one: one.metrics["neg_log_loss"] or -9.0)
    assert record.chosen in {best.name, "dummy"}


def test_nothing_beats_the_dummy_on_noise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    found = set()
    for seed in range(6):
        frame = deliveries(300, seed).assign(outcome=rng.choice(["ok", "late"], 300))
        trained = train(spec(frame, tmp_path / str(seed), training={"metric": "neg_log_loss"}), silent)
        found.add(trained.record.chosen)
        if trained.record.chosen == "dummy":
            assert any("No candidate beats" in note for note in trained.record.notes)
            assert len(set(trained.predictions["probability_late"])) == 1
            assert isinstance(trained.model, FittedModel)
            row = {"at": None, "shop": "a", "x": 1.0, "z": 1.0}
            assert trained.model.predict_row(row)["prediction"] in {"ok", "late"}
    assert "dummy" in found


def test_search_looks_at_training_rows_only(tmp_path: Path) -> None:
    record = train(spec(FRAME, tmp_path, training={"budget_seconds": 0.4, "candidates": ("linear",)}), silent).record
    assert any("best of" in note and "parameter settings" in note for note in record.notes)
    assert record.params["C"] > 0


def test_a_window_and_a_seed_are_reported(tmp_path: Path) -> None:
    record = train(spec(FRAME, tmp_path, training={"window_days": 10}), silent).record
    assert (record.train_rows, record.holdout_rows) == (240, 48)
    assert record.params["window_days"] == 10
