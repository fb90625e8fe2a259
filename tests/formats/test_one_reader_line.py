"""A file that trained a model can be scored, and its truth be told, through a real engine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.engine.harness import Shop

from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.models import ModelDefine, ModelShow, Predict


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "w")
    yield made
    made.close()


def german(rows: int, start: int, *, truth: bool) -> str:
    """Days first, decimal commas, `?` for missing, apart by semicolons."""
    names = ["nr", "datum", "betrag", "quote", "name", *(["kauf"] if truth else [])]
    out = [";".join(names)]
    for n in range(start, start + rows):
        quote = "?" if n % 7 == 0 else f"0,{n % 1000:03d}"
        cells = [str(n), f"{n % 28 + 1:02d}.{n % 12 + 1:02d}.2025", f"{n % 9 + 1}.{n % 900 + 100},5", quote, "Åsa"]
        out.append(";".join([*cells, *(["ja" if n % 2 else "nein"] if truth else [])]))
    return "\n".join(out) + "\n"


def book(text: str, path: Path) -> Path:
    made = openpyxl.Workbook()
    for line in csv.reader(io.StringIO(text), delimiter=";"):
        made.active.append([None if cell == "?" else _cell(cell) for cell in line])
    made.save(path)
    return path


def _cell(text: str) -> str | float:
    try:
        return float(text.replace(".", "").replace(",", ".")) if text.count(".") < 2 else text
    except ValueError:
        return text


def test_the_file_that_trained_the_model_is_scored(shop: Shop, tmp_path: Path) -> None:
    shop.write("inbox/s", "train.csv", german(400, 0, truth=True))
    shop.settle()
    definition = ModelDefinition(name="m", dataset="s", target="kauf", id="nr", task=Task.BINARY)
    shop.client.ask(ModelDefine(definition=definition))
    shop.settle()
    if shop.client.ask(ModelShow(name="m")).champion is None:
        pytest.fail("no champion")
    delivered = shop.write(".", "ask.csv", german(40, 5000, truth=False))
    outputs = []
    for source in (delivered, book(german(40, 5000, truth=False), shop.root / "ask.xlsx")):
        output = shop.root / f"{source.suffix[1:]}-out.csv"
        report = shop.client.ask(Predict(model="m", path=str(source), output=str(output)))
        assert report.rows == 40
        outputs.append(output.read_text())
    assert outputs[0] == outputs[1]
    shop.write("score/m", "all.csv", german(400, 0, truth=True).encode("cp1252"))
    shop.write("actuals/m", "truth.csv", german(400, 0, truth=True).encode("utf-16"))
    shop.settle()
    assert [row.state for row in shop.client.ask(FileList()).rows if row.state != "committed"] == []


def revenue(rows: int, start: int) -> str:
    """Pieces sold and revenue in thousands with a comma before the cents."""
    lines = ["nr;stueck;umsatz"]
    for n in range(start, start + rows):
        pieces = 2 + n * 7 % 40
        euros, cents = divmod(pieces * 15_077 + n % 13, 100)
        lines.append(f"{n};{pieces};{euros:,}".replace(",", ".") + f",{cents:02d}")
    return "\n".join(lines) + "\n"


def actuals(shop: Shop) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in (shop.root / ".shopfloor" / "inference" / "m" / "actuals").glob("*.parquet"):
        table = pq.read_table(part)
        found |= dict(zip(table["association_id"].to_pylist(), table["actual"].to_pylist(), strict=True))
    return found


def test_thousands_are_thousands_in_actuals_too(shop: Shop) -> None:
    shop.write("inbox/s", "train.csv", revenue(300, 0))
    shop.settle()
    assert 'umsatz = {type = "number", format = "1.234,56"}' in (shop.root / "datasets" / "s.toml").read_text()
    definition = ModelDefinition(name="m", dataset="s", target="umsatz", id="nr", task=Task.REGRESSION)
    shop.client.ask(ModelDefine(definition=definition, train=False))
    shop.write("actuals/m", "truth.csv", "nr;umsatz\n9000;1.800\n9001;1.950\n9002;2.100,5\n9003;950\n")
    shop.settle()
    assert actuals(shop) == {"9000": 1800.0, "9001": 1950.0, "9002": 2100.5, "9003": 950.0}
    shop.write("actuals/m", "points.csv", "nr,umsatz\n9004,1.800\n")
    shop.settle()
    (held,) = [row for row in shop.client.ask(FileList()).rows if row.state == "quarantined"]
    assert held.reason is not None
    assert "Line 2, column 'umsatz': '1.800'" in held.reason.message
    assert "may mean 1800" in held.reason.message
    assert "datasets/s.toml" in held.reason.hint
