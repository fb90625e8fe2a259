"""From the file that trains a model to what the model was worth, in the writing of one country."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from tests.line.factory import INPUTS, Factory, Row
from tests.serving.running import running

from shopfloor.workspace.layout import Layout

GAIN = {("ja", "ja"): 10, ("ja", "nein"): -4, ("nein", "nein"): 1, ("nein", "ja"): -6}  # of (prediction, truth)


def lines_of(path: Path) -> list[Row]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter=";"))


@pytest.fixture(scope="module")
def buyers(opened: Factory) -> Factory:
    """A model of s0: days first, decimal commas, `?` for missing, UTF-8 names."""
    assert opened.add("buyers", INPUTS / "s0_train.csv", 900)["state"] == "committed"
    opened(
        "model", "define", "kauf", "--dataset", "buyers", "--target", "kauf", "--id", "nr", "--positive", "ja",
        "--metric", "roc_auc", "--candidates", "linear", "--seed", "3", "--value-unit", "EUR", "--value-tp", "10",
        "--value-fp=-4", "--value-tn", "1", "--value-fn=-6",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", "kauf")["champion"] == 1
    return opened


def workbook(source: Path, target: Path) -> Path:
    """As a spreadsheet program saves it: numbers and days are no text."""
    book = openpyxl.Workbook()
    book.active.append(list(lines_of(source)[0]))
    for row in lines_of(source):
        book.active.append([_cell(name, text) for name, text in row.items()])
    book.save(target)
    return target


def _cell(name: str, text: str) -> str | float | date:
    if name == "datum":
        day, month, year = (int(part) for part in text.split("."))
        return date(year, month, day)
    return text if name == "name" or text == "?" else float(text.replace(",", "."))


def typed(source: Path) -> pd.DataFrame:
    """As a program holds the rows: numbers are numbers, days are moments."""
    rows = [{name: _cell(name, text) for name, text in row.items()} for row in lines_of(source)]
    return pd.DataFrame(rows).replace("?", None).astype({"datum": "datetime64[ns]", "quote": "float64"})


def test_the_same_rows_in_any_writing_get_the_same_predictions(buyers: Factory) -> None:
    source = INPUTS / "s0_score.csv"
    text = source.read_text(encoding="utf-8")
    header, *rows = text.splitlines()
    thousands = [_with_thousands(row) for row in rows]
    assert thousands != rows
    packed = buyers.folder / "packed.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    frame = typed(source)
    for name, moments in (("ns", frame["datum"]), ("tz", frame["datum"].dt.tz_localize("UTC"))):
        frame.assign(datum=moments).to_parquet(buyers.folder / f"{name}.parquet", index=False)
    days = frame.assign(datum=frame["datum"].dt.strftime("%Y-%m-%d"))
    ways = [
        source,
        buyers.write("text.jsonl", "".join(json.dumps(row) + "\n" for row in lines_of(source))),
        buyers.write("typed.jsonl", days.to_json(orient="records", lines=True)),
        buyers.folder / "ns.parquet",
        buyers.folder / "tz.parquet",
        packed,
        buyers.write("wide.csv", text, "utf-16"),
        workbook(source, buyers.folder / "book.xlsx"),
        buyers.write("thousands.csv", "\n".join([header, *thousands, ""])),
        buyers.write("case.csv", "\n".join([header.upper(), *rows, ""])),
    ]
    expected = buyers.predict("kauf", source)
    assert [row["association_id"] for row in expected] == [row.split(";")[0] for row in rows]
    for way in ways[1:]:
        assert buyers.predict("kauf", way) == expected, way.name
    for way in ways:
        assert buyers.score("kauf", way, 40) == expected, way.name
    with running(Layout(buyers.root)) as server, server.client() as client:
        for rows_sent in (lines_of(source), json.loads(days.to_json(orient="records"))):
            answer = client.post("/v1/models/kauf/predict", json={"rows": rows_sent}).json()["predictions"]
            assert [(one["association_id"], one["prediction"]) for one in answer] == [
                (row["association_id"], row["prediction"]) for row in expected
            ]
            assert [str(one["probabilities"]["ja"]) for one in answer] == [row["probability_ja"] for row in expected]


def _with_thousands(row: str) -> str:
    cells = row.split(";")
    euros, cents = cells[3].split(",")
    cells[3] = f"{int(euros):,}".replace(",", ".") + "," + cents
    return ";".join(cells)


def test_the_file_that_trained_a_model_is_scored_told_the_truth_and_valued(buyers: Factory) -> None:
    train = INPUTS / "s0_train.csv"
    predicted = {row["association_id"]: row for row in buyers.score("kauf", train, 900)}
    assert buyers.actuals("kauf", train, 900)["state"] == "committed"
    truth = {row["nr"]: row["kauf"] for row in lines_of(train)}
    assert predicted.keys() == truth.keys()
    value = buyers.json("value", "kauf")
    assert (value["rows"], value["unit"]) == (900, "EUR")
    assert value["total"] == sum(GAIN[predicted[id]["prediction"], truth[id]] for id in truth)
    assert value["per_row"] == pytest.approx(value["total"] / 900)
    chances = [(float(row["probability_ja"]), truth[id]) for id, row in predicted.items()]
    model = buyers.json("model", "show", "kauf")
    assert model["live_rows"] == 900
    assert model["live_score"] == pytest.approx(auc(chances), abs=1e-9)


def auc(chances: Iterable[tuple[float, str]]) -> float:
    """The share of pairs of a yes and a no in which the yes has the higher chance; ties count half."""
    chances = list(chances)
    yes = [chance for chance, truth in chances if truth == "ja"]
    no = [chance for chance, truth in chances if truth == "nein"]
    return sum((a > b) + 0.5 * (a == b) for a in yes for b in no) / (len(yes) * len(no))


def test_what_can_be_read_in_two_ways_is_not_scored(buyers: Factory) -> None:
    points = "nr,datum,alter,betrag,quote,name\n1,17.12.2025,34,8.000,?,Ada\n"
    failed = buyers("predict", "kauf", str(buyers.write("points.csv", points)), expect=1)
    assert "8.000" in failed.stderr
    assert "betrag" in failed.stderr


@pytest.fixture(scope="module")
def revenue(opened: Factory) -> Factory:
    """A model of s4, whose truth is written with points for thousands."""
    opened.add("sales", INPUTS / "s4_train.csv", 400)
    assert 'format = "1.234,56"' in (opened.root / "datasets" / "sales.toml").read_text()
    opened(
        "model", "define", "umsatz", "--dataset", "sales", "--target", "umsatz", "--id", "nr", "--seed", "3",
        "--candidates", "linear", "--value-unit", "EUR", "--value-error=-1",
    )  # fmt: skip
    opened.wait()
    return opened


def test_thousands_are_thousands_in_outcomes_and_value(revenue: Factory) -> None:
    predicted = {row["association_id"]: float(row["prediction"]) for row in revenue.score(
        "umsatz", INPUTS / "s4_score.csv", 120)}  # fmt: skip
    assert revenue.actuals("umsatz", INPUTS / "s4_actuals.csv", 120)["state"] == "committed"
    truth = {row["nr"]: float(row["umsatz"].replace(".", "")) for row in lines_of(INPUTS / "s4_actuals.csv")}
    assert min(truth.values()) >= 1000
    assert dict(revenue.sql("SELECT association_id, actual FROM actuals_umsatz")) == {
        id: pytest.approx(value) for id, value in truth.items()
    }
    value = revenue.json("value", "umsatz")
    assert value["rows"] == 120
    assert value["total"] == pytest.approx(-sum(abs(predicted[id] - truth[id]) for id in truth))
    mean = sum(truth.values()) / 120
    residual = sum((predicted[id] - truth[id]) ** 2 for id in truth)
    live = 1 - residual / sum((each - mean) ** 2 for each in truth.values())
    assert revenue.json("model", "show", "umsatz")["live_score"] == pytest.approx(live)


def test_a_model_shows_the_value_that_it_realised(revenue: Factory) -> None:
    total = revenue.json("value", "umsatz")["total"]
    assert total < 0
    assert revenue.json("model", "show", "umsatz")["value"] == total
    assert {one["name"]: one["value"] for one in revenue.json("model", "list")}["umsatz"] == total
