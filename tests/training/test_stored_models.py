"""Stored models name no module of ours: code may move, and every artifact still opens."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.numpy_pickle import NumpyUnpickler
from sklearn.linear_model import LogisticRegression
from tests.artifacts.tables import COLUMNS, mixed_frame, truth_of
from tests.training.samples import spec

from shopfloor.artifacts import bundle, stored
from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import FORMAT
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.recorded import Recorded
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import ConfigError, IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.training.adopt import adopt
from shopfloor.training.adoption import AdoptTask
from shopfloor.training.candidates.registry import built_in, fit
from shopfloor.training.prepared import prepare
from shopfloor.training.train import fit_job

FOREIGN = {"builtins", "collections", "copyreg", "_codecs", "functools", "joblib", "numpy", "scipy", "sklearn"}
ROWS = 300

RECIPE = '''
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.training.stopwatch import Stopwatch


class Same(TransformerMixin, BaseEstimator):
    """A class that only this file knows; it keeps what it was given."""

    def __init__(self, columns, task):
        self.columns, self.task = columns, task

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


def build(columns, seed, task):
    last = Ridge() if task == "regression" else LogisticRegression()
    return make_pipeline(TableEncoder(columns, "dense", seed=seed), Same(columns, task), last)


def foreign(columns, seed, task):
    made = build(columns, seed, task)
    made.steps[1][1].clock = Stopwatch()
    return made
'''

FORMATS = {
    "boolean": "feature",
    "calendar": "feature parts tables",
    "category_code": "codes feature other",
    "category_columns": "feature missing other places",
    "column": "value",
    "column_type": "value",
    "elapsed": "feature indicator scale since",
    "family": "features members pooled segment_by",
    "feature": "value",
    "level_means": "feature means missing names prior scales",
    "model": "classes encoder estimator features name recipe task",
    "number": "feature",
    "recorded": "classes estimator",
    "scale": "center knots scale",
    "scaled_number": "feature indicator kind scale",
    "table_encoder": "kept learnt params",
    "task": "value",
    "text_dimensions": "directions feature weights",
}
"""The stored format: who changes a line of it without a new version can open no artifact of before."""


class Reading(NumpyUnpickler):  # type: ignore[misc]
    """Reads an artifact without any class of ours, and notes its modules and the forms in it."""

    dispatch = NumpyUnpickler.dispatch.copy()

    def __init__(self, data: bytes) -> None:
        super().__init__("", io.BytesIO(data), ensure_native_byte_order=True)
        self.modules: set[str] = set()
        self.forms: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        assert root != "shopfloor", f"{module}.{name}"
        self.modules.add(root)
        return super().find_class(module, name)

    def persistent_load(self, form: Any) -> Any:
        assert form["version"] == 1
        self.forms[form["type"]] = " ".join(sorted(form["fields"]))
        for inner in members(form["fields"]):  # a family's members, a recipe's estimator
            found = read(inner)
            self.modules |= found.modules
            self.forms |= found.forms
        return form


def read(data: bytes) -> Reading:
    found = Reading(data)
    found.load()
    return found


def members(fields: dict[str, Any]) -> list[bytes]:
    inner = [*fields.get("members", {}).values(), fields.get("estimator")]
    return [each for each in inner if isinstance(each, bytes)]


def frame() -> pd.DataFrame:
    found = mixed_frame(ROWS)
    found["outcome"] = truth_of(found)
    found["third"] = np.arange(ROWS) % 3
    return found


TARGETS = {Task.BINARY: "outcome", Task.MULTICLASS: "third", Task.REGRESSION: "price"}


@cache
def workspace(root: Path) -> str:
    (root / "recipes").mkdir()
    (root / "recipes" / "mine.py").write_text(RECIPE)
    return str(root)


def fitted(candidate: str, task: Task, root: Path) -> FittedModel:
    rows = frame()
    columns = (*COLUMNS, *(Column(name=name, type=ColumnType.INTEGER) for name in ("outcome", "third")))
    made = spec(
        rows, root, columns, run={"workspace": workspace(root)}, target=TARGETS[task], task=task, id=None, name="m"
    )
    return fit(candidate, fit_job(made, prepare(rows, columns, made.definition))).model


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("candidate", [*built_in(), "recipes/mine.py:build"])
def test_no_candidate_stores_a_module_of_ours(candidate: str, task: Task, tmp_path: Path) -> None:
    model = fitted(candidate, task, tmp_path)
    family = FittedFamily(segment_by=["city"], members={"Bern": to_bytes(model)}, pooled=model)
    for each in (model, family):
        found = read(to_bytes(each))
        assert {name for name in found.modules if not name.startswith("shopfloor_recipe_")} <= FOREIGN
        assert found.forms.items() <= FORMATS.items()
        assert from_bytes(to_bytes(each)).predict_frame(frame()).equals(each.predict_frame(frame()))


def test_a_notebooks_model_stores_no_module_of_ours(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": np.arange(30.0)})
    estimator = LogisticRegression().fit(rows, ["no", "yes"] * 15)
    joblib.dump(estimator, tmp_path / "model.joblib")
    task = AdoptTask(
        path=str(tmp_path / "model.joblib"),
        key_path=str(tmp_path / "key"),
        staging=str(tmp_path / "staged"),
        run="r1",
        definition=ModelDefinition(name="m", dataset="orders", target="y"),
        task=Task.BINARY,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    artifact = adopt(task).artifact
    found = read((tmp_path / "staged" / bundle.MODEL).read_bytes())
    assert found.modules <= FOREIGN
    assert "recorded" in found.forms
    key = load_or_create_key(tmp_path / "key")
    file = ArtifactFile(path=str(tmp_path / "staged"), sha256=artifact.sha256, model="m", version=1)
    assert bundle.read_manifest(tmp_path / "staged", key).format == FORMAT
    probabilities = bundle.load(file, key).predict_frame(rows)["probability_yes"]
    assert np.allclose(probabilities, estimator.predict_proba(rows)[:, 1])


def test_every_stored_type_is_written_as_it_was(tmp_path: Path) -> None:
    models = [fitted(name, Task.BINARY, tmp_path) for name in ("linear", "boosting", "recipes/mine.py:build")]
    family = FittedFamily(segment_by=["city"], members={"Bern": to_bytes(models[0])}, pooled=models[1])
    forms = [read(to_bytes(each)).forms for each in (*models, family, ColumnType.TEXT, Recorded(None, 2))]
    assert {tag: fields for found in forms for tag, fields in found.items()} == FORMATS
    assert {form.tag for form in stored._TYPES.values()} == set(FORMATS)


def test_what_has_no_stored_form_is_refused_by_name(tmp_path: Path) -> None:
    model = fitted("recipes/mine.py:foreign", Task.BINARY, tmp_path)
    with pytest.raises(ConfigError, match=r"shopfloor\.training\.stopwatch\.Stopwatch, which artifacts do not store"):
        to_bytes(model)


@pytest.mark.parametrize("changed", [{"type": "hologram"}, {"version": 2}])
def test_a_form_of_a_later_version_says_so(changed: dict[str, Any]) -> None:
    form = {"type": "scale", "version": 1, "fields": {"center": 0.0, "scale": 1.0, "knots": []}} | changed
    with pytest.raises(IntegrityError, match=f"holds a {form['type']} of version {form['version']}"):
        stored.put_together(form)


@pytest.mark.parametrize("candidate", ["linear", "boosting", "recipes/mine.py:build"])
def test_the_earlier_layout_is_still_read(candidate: str, tmp_path: Path) -> None:
    model = fitted(candidate, Task.BINARY, tmp_path)
    expected = model.predict_frame(frame())
    if model.recipe is not None:
        buffer = io.BytesIO()
        joblib.dump(model.estimator, buffer)
        model.estimator = buffer.getvalue()
    model._scorer = None
    earlier = io.BytesIO()
    joblib.dump(model, earlier)
    assert b"shopfloor.artifacts" in earlier.getvalue()
    assert from_bytes(earlier.getvalue()).predict_frame(frame()).equals(expected)
