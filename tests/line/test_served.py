"""What is predicted over REST meets its truth, whichever way that comes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from tests.line.factory import Factory
from tests.serving.running import Running, running
from tests.waiting import until

from shopfloor.workspace.layout import Layout


def orders(first: int, rows: int, seed: int) -> list[str]:
    """A late order is a dear one, or one of region 7; `nr` and `region` are numbers."""
    source = random.Random(seed)
    lines = ["nr,region,amount,late"]
    for number in range(first, first + rows):
        amount, region = source.uniform(1, 100), source.choice((7, 8))
        late = source.random() < 0.1 + 0.6 * (amount > 50) + 0.2 * (region == 7)
        lines.append(f"{number},{region},{amount:.2f},{'yes' if late else 'no'}")
    return lines


@pytest.fixture(scope="module")
def served(opened: Factory) -> Iterator[Running]:
    opened.add("orders", opened.write("orders.csv", "\n".join([*orders(1, 400, 1), ""])), 400)
    opened(
        "model", "define", "late", "--dataset", "orders", "--target", "late", "--id", "nr", "--positive", "yes",
        "--segment-by", "region", "--candidates", "linear", "--seed", "1",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", "late")["champion"] == 1
    with running(Layout(opened.root)) as server:
        yield server


def predicted(server: Running, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with server.client() as client:
        answer = client.post("/v1/models/late/predict", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["predictions"]
    return found


def test_truth_in_any_writing_joins_what_was_predicted_over_rest(served: Running, factory: Factory) -> None:
    row = {"region": "07", "amount": 60}
    ids: list[Any] = [1001, 1002.0, "1003", "01004", " 1005", "+1006", 1007, 1008]
    answers = predicted(served, [*({**row, "nr": id} for id in ids), {**row, "association_id": "01009"}, row])
    made = answers.pop()["association_id"]
    assert [one["association_id"] for one in answers] == [str(1001 + place) for place in range(9)]
    assert {one["segment"] for one in answers} == {"7"}
    csv = factory.write("truth.csv", "nr,late\n01001,yes\n1002.0,no\n1003,yes\n 1004,yes\n")
    lines = [{"nr": 1005.0, "late": "yes"}, {"nr": "01006", "late": "no"}]
    frame = factory.folder / "truth.parquet"
    pd.DataFrame({"nr": [1007.0], "late": ["yes"]}).to_parquet(frame)
    mine = factory.write("mine.csv", f"association_id,actual\n{made},no\n1009,yes\n")
    for path, rows in (
        (csv, 4),
        (factory.write("truth.jsonl", "".join(json.dumps(line) + "\n" for line in lines)), 2),
        (frame, 1),
        (mine, 2),
    ):
        assert factory.actuals("late", path, rows)["state"] == "committed"
    posted = {"nr": "01008", "region": 7.0, "amount": 60, "late": "no"}
    factory("dataset", "append", "orders", "-", stdin=json.dumps(posted) + "\n")
    factory.streamed["orders"] += 1
    factory.wait()
    joined = "SELECT association_id, actual FROM predictions_late JOIN actuals_late USING (association_id) ORDER BY 1"
    truth = ["yes", "no", "yes", "yes", "yes", "no", "yes", "no", "yes"]
    expected = [(str(1001 + place), said) for place, said in enumerate(truth)]
    assert factory.sql(joined) == sorted([*expected, (made, "no")])


def test_a_contract_that_somebody_edits_counts_over_rest(served: Running, factory: Factory) -> None:
    row = {"region": 7, "amount": "kaputt"}
    with served.client() as client:
        refused = client.post("/v1/models/late/predict", json={"row": row})
        assert refused.json()["error"]["column"] == "amount"
    contract = factory.root / "datasets" / "orders.toml"
    contract.write_text(contract.read_text() + '\n[parser]\nmissing = ["kaputt"]\n')
    with served.client() as client:
        until(lambda: client.post("/v1/models/late/predict", json={"row": row}).status_code == 200)
