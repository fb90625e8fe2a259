from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.serving import builders
from tests.serving.builders import AT

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.contract import Contract
from shopfloor.domain.errors import DataError, IntegrityError, UsageError
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.serving.records import ScoreResult, ScoreSpec
from shopfloor.serving.score import OutputWriter, output_schema, score
from shopfloor.workspace.layout import Layout


class Steps:
    """Records what progress was told."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def __call__(self, share: float, stage: str) -> None:
        assert stage
        self.shares.append(share)


def spec_for(layout: Layout, model: FittedModel | FittedFamily, file: Path, **changes: Any) -> ScoreSpec:
    fields: dict[str, Any] = {
        "artifact": builders.publish(layout, model, 3),
        "key_path": str(layout.signing_key),
        "input_path": str(file),
        "name": file.name,
        "origin": "c0ffee",
        "output_path": str(layout.outbox / "predictions.csv"),
        "inference_staging": str(layout.staging),
        "id": "flight_id",
        "at": AT,
        "contract": Contract(name="flights"),
    }
    return ScoreSpec(**{**fields, **changes})


def delivered(folder: Path, frame: pd.DataFrame, name: str = "june.csv") -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def with_ids(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(flight_id=[f"f{place}" for place in range(len(frame))], note="hello")


@pytest.mark.parametrize("name", ["june.csv", "june.parquet"])
def test_predictions_are_those_of_the_model(layout: Layout, tmp_path: Path, classifier: FittedModel, name: str) -> None:
    frame = builders.rows_frame(300, seed=9)
    steps = Steps()
    result = score(spec_for(layout, classifier, delivered(tmp_path, with_ids(frame), name)), steps)
    written = pd.read_csv(result.output_path)
    expected = classifier.predict_frame(frame)
    assert list(written.columns) == [
        "association_id",
        "model",
        "model_version",
        "segment",
        "prediction",
        "probability_no",
        "probability_yes",
    ]
    assert written["prediction"].tolist() == expected["prediction"].tolist()
    np.testing.assert_array_equal(written["probability_yes"], expected["probability_yes"])
    assert written["association_id"].tolist() == [f"f{place}" for place in range(300)]
    assert set(written["model"]) == {"late-arrival"}
    assert set(written["model_version"]) == {3}
    assert written["segment"].isna().all()
    assert result.ignored == ("note",)
    assert result.rows == 300
    assert result.made_ids == 0
    assert result.probabilities == ("probability_no", "probability_yes")
    assert (result.first_at, result.last_at) == (AT, AT)
    assert steps.shares == sorted(steps.shares)
    assert steps.shares[-1] == 1.0


def test_the_inference_part_holds_inputs_too(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    frame = builders.rows_frame(50, seed=2)
    result = score(spec_for(layout, classifier, delivered(tmp_path, with_ids(frame))), Steps())
    assert result.part is not None
    data = Path(result.part.path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == result.part.sha256
    table = pq.read_table(result.part.path)
    assert table.schema.names == [
        "association_id",
        "at",
        "model_version",
        "segment",
        "prediction",
        "model_prediction",
        "threshold",
        "humility",
        "humility_action",
        "seconds",
        "probability_no",
        "probability_yes",
        "source",
        *(f"input_{feature.name}" for feature in builders.FEATURES),
    ]
    assert table["input_distance"].to_pylist() == frame["distance"].tolist()
    assert table["input_holiday"].to_pylist() == [None if pd.isna(v) else bool(v) for v in frame["holiday"]]
    assert set(table["source"].to_pylist()) == {"batch"}
    assert set(table["at"].to_pylist()) == {AT.replace(tzinfo=None)}
    written = pd.read_csv(result.output_path)
    assert table["association_id"].to_pylist() == written["association_id"].tolist()
    # The folder it worked in and half-written files are gone.
    assert os.listdir(layout.staging) == [Path(result.part.path).name]
    assert os.listdir(layout.outbox) == ["predictions.csv"]


def test_ids_are_made_where_there_are_none_and_agree_in_both_files(
    layout: Layout, tmp_path: Path, classifier: FittedModel
) -> None:
    frame = builders.rows_frame(10).assign(flight_id=["a", None, "", *"defghij"])
    result = score(spec_for(layout, classifier, delivered(tmp_path, frame)), Steps())
    assert result.made_ids == 2
    ids = pd.read_csv(result.output_path)["association_id"].tolist()
    assert ids[0] == "a"
    assert ids[1:3] == ["c0ffee-2", "c0ffee-3"]
    assert result.part is not None
    assert pq.read_table(result.part.path)["association_id"].to_pylist() == ids
    without = score(spec_for(layout, classifier, delivered(tmp_path, builders.rows_frame(4))), Steps())
    assert without.made_ids == 4


def test_made_ids_are_the_same_in_a_second_attempt(
    layout: Layout, tmp_path: Path, classifier: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = delivered(tmp_path, builders.rows_frame(50))
    attempts = []
    for chunk in (1000, 7):
        monkeypatch.setattr("shopfloor.formats.reader.TableReader.batches.__defaults__", (chunk,))
        attempts.append(Path(score(spec_for(layout, classifier, file), Steps()).output_path).read_text())
    assert attempts[0] == attempts[1]
    assert "c0ffee-50" in attempts[0]


@pytest.mark.parametrize("named", [None, "flight_id"])
def test_a_column_called_association_id_is_one_as_over_rest(
    layout: Layout, tmp_path: Path, classifier: FittedModel, named: str | None
) -> None:
    frame = builders.rows_frame(4).assign(association_id=["a", "b", "", "d"])
    if named is not None:
        frame = frame.assign(**{named: ["f1", "", "", ""]})
    result = score(spec_for(layout, classifier, delivered(tmp_path, frame), id=named), Steps())
    ids = pd.read_csv(result.output_path)["association_id"].tolist()
    assert [ids[0], ids[1], ids[3]] == ["f1" if named else "a", "b", "d"]
    assert ids[2] == "c0ffee-3"
    assert result.made_ids == 1
    assert "association_id" not in result.ignored


def test_parquet_output(layout: Layout, tmp_path: Path, regressor: FittedModel) -> None:
    frame = builders.rows_frame(30)
    output = str(layout.outbox / "predictions.parquet")
    result = score(spec_for(layout, regressor, delivered(tmp_path, frame), output_path=output), Steps())
    written = pq.read_table(output)
    assert written.schema.names == ["association_id", "model", "model_version", "segment", "prediction"]
    np.testing.assert_array_equal(written["prediction"].to_numpy(), regressor.predict_frame(frame)["prediction"])
    assert result.probabilities == ()
    assert result.part is not None
    assert pq.read_table(result.part.path)["prediction"].to_pylist() == written["prediction"].to_pylist()


def test_a_family_names_the_segment_of_each_row(layout: Layout, tmp_path: Path, family: FittedFamily) -> None:
    frame = builders.rows_frame(40).assign(region=["north", "south", "01", None] * 10)
    result = score(spec_for(layout, family, delivered(tmp_path, frame)), Steps())
    written = pd.read_csv(result.output_path)
    expected = family.predict_frame(frame)
    assert written["segment"].tolist() == expected["segment"].tolist()
    np.testing.assert_array_equal(written["probability_yes"], expected["probability_yes"])
    assert "region" not in result.ignored
    with pytest.raises(BadFile, match="'region' is missing"):
        score(spec_for(layout, family, delivered(tmp_path, frame.drop(columns="region"))), Steps())


def test_an_id_column_that_is_a_feature_too(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    frame = builders.rows_frame(5)
    result = score(spec_for(layout, classifier, delivered(tmp_path, frame), id="distance"), Steps())
    assert pd.read_csv(result.output_path)["association_id"].tolist() == frame["distance"].tolist()


def test_chunks_make_no_difference(
    layout: Layout, tmp_path: Path, classifier: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = with_ids(builders.rows_frame(5000))
    whole = score(spec_for(layout, classifier, delivered(tmp_path, frame)), Steps())
    first = Path(whole.output_path).read_bytes()
    monkeypatch.setattr("shopfloor.formats.reader.TableReader.batches.__defaults__", (700,))
    steps = Steps()
    chunked = score(spec_for(layout, classifier, delivered(tmp_path, frame)), steps)
    assert Path(chunked.output_path).read_bytes() == first
    assert len(set(steps.shares)) > 5


def test_a_file_without_rows_gives_only_a_header(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    result = score(spec_for(layout, classifier, delivered(tmp_path, builders.rows_frame(1).head(0))), Steps())
    assert (result.rows, result.part, result.first_at) == (0, None, None)
    assert pd.read_csv(result.output_path).columns[0] == "association_id"


def test_nothing_is_left_of_a_file_with_a_fault(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    frame = builders.rows_frame(20).astype(object)
    frame.loc[17, "distance"] = "far"
    before = layout.outbox / "predictions.csv"
    before.write_text("yesterday's")
    with pytest.raises(BadFile, match=r"Line 19, column 'distance': 'far'"):
        score(spec_for(layout, classifier, delivered(tmp_path, frame)), Steps())
    assert before.read_text() == "yesterday's"
    assert os.listdir(layout.outbox) == ["predictions.csv"]
    assert os.listdir(layout.staging) == []


def test_an_output_of_another_kind_is_refused(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    file = delivered(tmp_path, builders.rows_frame(2))
    with pytest.raises(UsageError, match=r"\.csv or \.parquet"):
        score(spec_for(layout, classifier, file, output_path=str(tmp_path / "out.xlsx")), Steps())


def test_a_changed_model_is_never_opened(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    spec = spec_for(layout, classifier, delivered(tmp_path, builders.rows_frame(2)))
    stored = Path(spec.artifact.path) / "model.joblib"
    stored.chmod(0o600)
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.write_bytes(data)
    with pytest.raises(IntegrityError):
        score(spec, Steps())


def test_a_file_that_is_not_there(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        score(spec_for(layout, classifier, tmp_path / "gone.csv"), Steps())


def test_records_travel(layout: Layout, tmp_path: Path, classifier: FittedModel) -> None:
    spec = spec_for(layout, classifier, delivered(tmp_path, builders.rows_frame(2)))
    assert msgspec.json.decode(msgspec.json.encode(spec), type=ScoreSpec) == spec
    result = score(spec, Steps())
    assert msgspec.json.decode(msgspec.json.encode(result), type=ScoreResult) == result


@pytest.mark.parametrize("raw", [False, True])
def test_a_classs_label_moves_no_cursor_in_the_header_either(tmp_path: Path, raw: bool) -> None:
    written = tmp_path / "scores.csv"
    schema = output_schema(("no", "y\x1b[2Jes"))
    with OutputWriter(written, schema, raw=raw) as output:
        output.write([pa.nulls(0, field.type) for field in schema])
        output.finish()
    assert ("\x1b" in written.read_text()) is raw
    assert output.changed == (not raw)


@pytest.mark.parametrize("raw", [False, True])
def test_an_id_that_a_spreadsheet_would_run_is_made_safe_and_counted(
    layout: Layout, tmp_path: Path, classifier: FittedModel, raw: bool
) -> None:
    frame = builders.rows_frame(3).assign(flight_id=["=cmd|'/C calc'!A0", "-7", "plain"])
    result = score(spec_for(layout, classifier, delivered(tmp_path, frame), raw=raw), Steps())
    ids = pd.read_csv(result.output_path, dtype=str)["association_id"].tolist()
    assert ids == ["=cmd|'/C calc'!A0" if raw else "'=cmd|'/C calc'!A0", "-7", "plain"]
    assert result.changed == (not raw)
    assert result.part is not None
    assert pq.read_table(result.part.path)["association_id"].to_pylist()[0] == "=cmd|'/C calc'!A0"
