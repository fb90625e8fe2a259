"""Candidates: built-in ones, recipes, and what happens when one of them fails."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.training.samples import COLUMNS, deliveries, silent, spec

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.domain.errors import DataError
from shopfloor.training.train import train

FRAME = deliveries(400)

RECIPE = '''
"""Nearest neighbours on the product's own encoder."""

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from shopfloor.artifacts.encoder import TableEncoder


class Neighbours(KNeighborsClassifier):
    """A class that only this file knows."""


def build(columns, seed):
    return make_pipeline(TableEncoder(columns, style="dense", seed=seed), Neighbours(25))


def linear(task):
    return LogisticRegression()


def boosting(task):
    return HistGradientBoostingClassifier(max_iter=5)


def broken(task):
    raise RuntimeError("no licence for \\x1b[31mthis")


def plain():
    return object()
'''


def workspace(tmp_path: Path) -> Path:
    (tmp_path / "recipes").mkdir(exist_ok=True)
    (tmp_path / "recipes" / "mine.py").write_text(RECIPE)
    return tmp_path


def test_a_recipe_competes_and_can_win(tmp_path: Path) -> None:
    made = spec(
        FRAME,
        tmp_path,
        training={"candidates": ("recipes/mine.py:build",)},
        run={"workspace": str(workspace(tmp_path))},
    )
    trained = train(made, silent)
    assert trained.record.chosen == "recipes/mine.py:build"
    assert (trained.record.metrics["roc_auc"] or 0) > 0.6
    assert {one.name for one in trained.record.features} == {"at", "shop", "x", "z"}
    model = from_bytes(to_bytes(trained.model))
    assert isinstance(model, FittedModel)
    assert model.predict_frame(trained.holdout).equals(trained.model.predict_frame(trained.holdout))


@pytest.mark.parametrize("name", ["linear", "boosting"])
def test_a_recipe_may_be_a_bare_estimator_of_the_columns(tmp_path: Path, name: str) -> None:
    made = spec(
        FRAME[["x", "z", "outcome"]],
        tmp_path,
        tuple(one for one in COLUMNS if one.name in {"x", "z", "outcome"}),
        training={"candidates": (f"recipes/mine.py:{name}",)},
        run={"workspace": str(workspace(tmp_path))},
        time=None,
        id=None,
    )
    trained = train(made, silent)
    model = from_bytes(to_bytes(trained.model))
    rows = [{"x": float(row.x), "z": float(row.z)} for row in trained.holdout.head(5).itertuples()]
    assert [model.predict_row(row) for row in rows] == trained.model.predict_frame(trained.holdout.head(5)).to_dict(
        "records"
    )


def test_a_forest_scores_a_row_as_it_scores_many(tmp_path: Path) -> None:
    """Numbers beyond single precision, unknown shops and gaps included; a fit with more threads is the same."""
    trained = train(spec(FRAME, tmp_path, training={"candidates": ("forest",)}), silent)
    model = from_bytes(to_bytes(trained.model))
    assert (trained.record.metrics["roc_auc"] or 0) > 0.6
    at = pd.Timestamp("2024-01-09 08:00").to_pydatetime()
    rows = [{"at": at, "shop": shop, "x": x, "z": 0.5} for shop in ("a", "new", None) for x in (0.1, 1e300, None)]
    expected = model.predict_frame(pd.DataFrame(rows)).to_dict("records")
    assert [model.predict_row(row) for row in rows] == expected
    assert model.scorer.flat() is not None
    threads = train(spec(FRAME, tmp_path, training={"candidates": ("forest",)}, run={"workers": 2}), silent)
    assert to_bytes(threads.model) == to_bytes(trained.model)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("recipes/mine.py:broken", "RuntimeError: no licence"),
        ("recipes/mine.py:plain", "AttributeError"),
        ("recipes/mine.py:bild", "no function 'bild'"),
        ("recipes/other.py:build", "cannot be read"),
        ("../outside.py:build", "outside recipes/"),
        ("inbox/d/delivered.py:build", "outside recipes/"),
    ],
)
def test_a_candidate_that_fails_is_recorded(tmp_path: Path, name: str, error: str) -> None:
    root = workspace(tmp_path / "w") if (tmp_path / "w").mkdir() is None else tmp_path
    (tmp_path / "outside.py").write_text(RECIPE)
    made = spec(FRAME, tmp_path, training={"candidates": (name, "linear")}, run={"workspace": str(root)})
    record = train(made, silent).record
    failed = record.candidates[0]
    assert failed.name == name
    assert error in (failed.error or "")
    assert "\x1b" not in (failed.error or "")
    assert failed.metrics == {}
    assert record.chosen == "linear"


def test_all_candidates_failing_fails_the_run(tmp_path: Path) -> None:
    made = spec(
        FRAME,
        tmp_path,
        training={"candidates": ("recipes/mine.py:broken",)},
        run={"workspace": str(workspace(tmp_path))},
    )
    with pytest.raises(DataError, match=r"Every candidate failed.*no licence"):
        train(made, silent)


def test_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / "recipes" / "bad.py").write_text("def build():\n    return (\n")
    made = spec(
        FRAME, tmp_path, training={"candidates": ("recipes/bad.py:build", "linear")}, run={"workspace": str(root)}
    )
    assert "line 2" in (train(made, silent).record.candidates[0].error or "")
