"""Predictions over REST, in a real process."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
from tests.serving import builders

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.serving.rows import RowError, RowReader

PATH = "/v1/models/late-arrival/predict"


def good_row(**changes: Any) -> dict[str, Any]:
    row = {"distance": 900, "temp": 3.5, "holiday": False, "carrier": "AA", "departure": "2026-01-02T03:04:05"}
    return {**row, **changes}


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()["error"]
    assert set(found) == {"code", "message", "hint", "column", "row"}
    assert "Traceback" not in response.text
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 63, 64, 500])
def test_answers_are_those_of_predict_frame(client: httpx.Client, classifier: FittedModel, count: int) -> None:
    """Single row, micro-batch, frame, and a body large enough for a thread: the same numbers."""
    frame = builders.rows_frame(count, seed=count)
    rows = [{**row, "flight_id": f"f{place}"} for place, row in enumerate(builders.json_rows(frame))]
    answer = client.post(PATH, json={"rows": rows}).json()
    expected = classifier.predict_frame(frame)
    assert (answer["model"], answer["model_version"]) == ("late-arrival", 1)
    predictions = answer["predictions"]
    assert [one["association_id"] for one in predictions] == [f"f{place}" for place in range(count)]
    assert [one["prediction"] for one in predictions] == expected["prediction"].tolist()
    assert {one["segment"] for one in predictions} == {None}
    np.testing.assert_array_equal([one["probabilities"]["yes"] for one in predictions], expected["probability_yes"])
    np.testing.assert_array_equal([one["probabilities"]["no"] for one in predictions], expected["probability_no"])


def test_one_row_of_its_own(client: httpx.Client, classifier: FittedModel) -> None:
    answer = client.post(PATH, json={"row": good_row(flight_id=42)}).json()
    [one] = answer["predictions"]
    assert one["association_id"] == "42"
    assert one["probabilities"]["yes"] == classifier.predict_row(good_row())["probability_yes"]
    assert set(answer) == {"model", "model_version", "predictions"}


def test_regression(client: httpx.Client, regressor: FittedModel) -> None:
    frame = builders.rows_frame(7)
    answer = client.post("/v1/models/delay/predict", json={"rows": builders.json_rows(frame)}).json()
    assert [one["prediction"] for one in answer["predictions"]] == regressor.predict_frame(frame)["prediction"].tolist()
    assert {str(one["probabilities"]) for one in answer["predictions"]} == {"{}"}


@pytest.mark.parametrize("count", [1, 8, 80])
def test_a_family_answers_with_the_model_of_each_segment(
    client: httpx.Client, family: FittedFamily, count: int
) -> None:
    frame = builders.rows_frame(count).assign(region=(["north", "south"] * count)[:count])
    answer = client.post("/v1/models/by-region/predict", json={"rows": builders.json_rows(frame)}).json()
    expected = family.predict_frame(frame)
    assert [one["segment"] for one in answer["predictions"]] == expected["segment"].tolist()
    assert [one["probabilities"]["yes"] for one in answer["predictions"]] == expected["probability_yes"].tolist()


def test_a_family_needs_its_key(client: httpx.Client) -> None:
    found = error(client.post("/v1/models/by-region/predict", json={"row": good_row()}), 422)
    assert (found["code"], found["column"], found["row"]) == ("missing_column", "region", 0)


def test_ids_are_made_and_distinct(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"rows": [good_row(), good_row(flight_id=None), good_row(association_id="mine")]})
    ids = [one["association_id"] for one in answer.json()["predictions"]]
    assert len(ids[0]) == len(ids[1]) == 26
    assert ids[0] != ids[1]
    assert ids[2] == "mine"


def test_no_rows_give_no_predictions(client: httpx.Client) -> None:
    assert client.post(PATH, json={"rows": []}).json()["predictions"] == []


def test_unknown_fields_are_ignored_and_told(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"rows": [good_row(tail="N1", arrived_late="no"), good_row(gate=3)]}).json()
    assert answer["ignored_columns"] == ["tail", "arrived_late", "gate"]


def test_a_field_that_was_missing_in_training_may_be_left_out(client: httpx.Client, classifier: FittedModel) -> None:
    row = good_row()
    del row["temp"]
    answer = client.post(PATH, json={"row": row}).json()
    assert answer["absent_columns"] == ["temp"]
    expected = classifier.predict_row({**row, "temp": None})["probability_yes"]
    assert answer["predictions"][0]["probabilities"]["yes"] == expected


@pytest.mark.parametrize("name", ["distance", "carrier"])
def test_a_field_that_never_was_missing_may_not(client: httpx.Client, name: str) -> None:
    row = good_row()
    del row[name]
    found = error(client.post(PATH, json={"rows": [good_row(), row]}), 422)
    assert (found["code"], found["column"], found["row"]) == ("missing_column", name, 1)
    assert f"'{name}'" in found["message"]


def test_a_misspelt_field_is_not_taken_for_missing(client: httpx.Client) -> None:
    row = good_row(tempp=3.5)
    del row["temp"]
    found = error(client.post(PATH, json={"row": row}), 422)
    assert (found["code"], found["column"]) == ("missing_column", "temp")
    assert "'tempp'" in found["hint"]
    assert client.post(PATH, json={"row": {**row, "temp": None}}).status_code == 200


def test_a_field_with_a_role_is_no_misspelling() -> None:
    """`temp` is left out; `temps` is the target, so it is no misspelling of it."""
    columns = (*builders.columns(), Column(name="gate", type=ColumnType.TEXT, optional=True))
    row = good_row(temps=1, gates="A1")
    del row["temp"]
    checked = RowReader(columns, (), None, {"temps"}).read([row])
    assert (checked.absent, checked.ignored) == (("temp", "gate"), ("temps", "gates"))
    with pytest.raises(RowError, match="no field 'temp'"):
        RowReader(columns, (), None).read([row])


def test_the_models_own_target_is_no_misspelling(client: httpx.Client) -> None:
    """The served model's target is `arrived_late`; the manifest of its artifact says so."""
    row = good_row(arrived_late="no")
    del row["temp"], row["departure"]
    answer = client.post(PATH, json={"row": row}).json()
    assert answer["absent_columns"] == ["temp", "departure"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("distance", 1.5),
        ("distance", True),
        ("distance", 2**63),
        ("temp", "warm"),
        ("temp", False),
        ("temp", 10**400),
        ("temp", []),
        ("temp", "1,5"),
        ("distance", "1.5"),
        ("holiday", "maybe"),
        ("departure", 5),
        ("departure", "yesterday"),
        ("departure", "2026-02-30"),
        ("departure", "9999-12-31T23:59:59-14:00"),
        ("flight_id", "x" * 600),
    ],
)
def test_a_wrong_type_is_named_with_row_and_column(client: httpx.Client, field: str, value: Any) -> None:
    found = error(client.post(PATH, json={"rows": [good_row(), good_row(**{field: value})]}), 422)
    assert (found["code"], found["column"], found["row"]) == ("wrong_type", field, 1)
    assert f"Row 1, field '{field}'" in found["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("distance", 900.0),
        ("distance", "900"),
        ("temp", 4),
        ("temp", None),
        ("temp", "NA"),
        ("holiday", "yes"),
        ("holiday", 1),
        ("carrier", ""),
        ("carrier", 7),
        ("carrier", 1.5),
        ("carrier", True),
        ("departure", "2026-01-02"),
        ("departure", "2.1.2026"),
    ],
)
def test_a_value_that_means_the_same_is_taken(client: httpx.Client, field: str, value: Any) -> None:
    assert client.post(PATH, json={"row": good_row(**{field: value})}).status_code == 200


def test_texts_are_read_in_the_formats_that_the_dataset_pins(client: httpx.Client) -> None:
    def answered(**values: Any) -> Any:
        row = good_row(flight_id="x", **values)
        return client.post("/v1/models/pinned/predict", json={"row": row}).json()

    number = {**good_row(temp=1234.5), "departure": "2026-12-31"}
    assert answered(temp="1.234,5", departure="31/12/2026") == answered(**number)
    assert answered(temp="-", departure=" 31/12/2026 ") == answered(**{**number, "temp": None})
    assert answered(temp=8.0, departure="2026-02-01") == answered(temp="8,000", departure="01/02/2026")


def test_what_can_be_read_in_two_ways_is_refused_and_why(client: httpx.Client) -> None:
    found = error(client.post("/v1/models/pinned/predict", json={"row": good_row(temp="8.000")}), 422)
    assert found["column"] == "temp"
    assert "is not a number as 1.234,56: it can be read as 8000 and as 8.000." in found["message"]
    found = error(client.post(PATH, json={"row": good_row(departure="01/02/2026")}), 422)
    assert "the day and the month can be read in two ways" in found["message"]


def test_times_with_a_zone_are_the_same_moment(client: httpx.Client) -> None:
    def answered(departure: str) -> Any:
        return client.post(PATH, json={"row": good_row(departure=departure, flight_id="x")}).json()

    assert answered("2026-01-02T03:04:05+02:00") == answered("2026-01-02T01:04:05Z") == answered("2026-01-02T01:04:05")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"row": {"a": NaN}}', 400, "malformed_json"),
        (b'{"row": "\xff"}', 400, "malformed_json"),
        (b'{"row": "\\ud800"}', 400, "malformed_json"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "malformed_json"),
        (b'{"row": ' * 5000 + b"1" + b"}" * 5000, 400, "malformed_json"),
        (b"[]", 422, "wrong_body"),
        (b"{}", 422, "wrong_body"),
        (b'{"rows": {}}', 422, "wrong_body"),
        (b'{"instances": []}', 422, "wrong_body"),
        (b'{"row": {}, "rows": []}', 422, "wrong_body"),
        (b'{"row": [1]}', 422, "not_an_object"),
        (b'{"rows": [{"distance": 1, "carrier": "A"}, 5]}', 422, "not_an_object"),
    ],
)
def test_bodies_of_no_use(client: httpx.Client, body: bytes, status: int, code: str) -> None:
    response = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert error(response, status)["code"] == code


def test_hostile_text_in_a_value_is_shown_harmless(client: httpx.Client) -> None:
    found = error(client.post(PATH, json={"row": good_row(temp="\x1b]52;c;x\x07[red]")}), 422)
    assert "\x1b" not in found["message"]
    found = error(client.post(PATH, json={"row": {"\x1b[2J": 1}}), 422)
    assert "\x1b" not in found["hint"] + found["message"]


def test_too_large_bodies(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post(PATH, content=b" " * ((16 << 20) + 1), headers=headers)
    assert error(response, 413)["code"] == "too_large"

    def endless() -> Any:
        for _ in range(20):
            yield b" " * (1 << 20)

    response = client.post(PATH, content=endless(), headers=headers)
    assert error(response, 413)["code"] == "too_large"
    body = b'{"rows": [' + b"{}," * 100_001 + b"{}]}"
    assert error(client.post(PATH, content=body, headers=headers), 413)["code"] == "too_many_rows"


def test_a_field_in_another_case_is_the_input() -> None:
    columns = (Column(name="Temp", type=ColumnType.NUMBER, nullable=False),)
    reader = RowReader(columns, (), "Id")
    checked = reader.read([{"temp": 1, "ID": "a"}, {"TEMP": 2, "id": "b"}])
    assert [(row.id, row.values) for row in checked.rows] == [("a", {"Temp": 1.0}), ("b", {"Temp": 2.0})]
    assert (checked.ignored, checked.absent) == ((), ())
    with pytest.raises(RowError, match="differ only in case"):
        reader.read([{"Temp": 1, "temp": 2}])


def test_words_that_the_contract_declares_are_missing() -> None:
    columns = (Column(name="temp", type=ColumnType.NUMBER), Column(name="gate", type=ColumnType.TEXT))
    row = {"temp": "kaputt", "gate": " kaputt "}
    checked = RowReader(columns, (), None, missing=("kaputt",)).read([row])
    assert checked.rows[0].values == {"temp": None, "gate": None}
    with pytest.raises(RowError, match="kaputt"):
        RowReader(columns, (), None).read([row])
