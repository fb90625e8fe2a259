"""What champion and challenger said of labelled rows is kept row by row, and a gain is tested over deliveries."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.line.factory import Factory


def rows(count: int, month: int) -> str:
    """Shipments of one month, whose cost follows `weight`, and more so `code`."""
    draw = random.Random(month)
    lines = ["shipment,sent,weight,code,cost"]
    for number in range(count):
        weight, code = draw.uniform(1, 50), draw.randint(1, 9)
        cost = 10 + 0.3 * weight + 3 * code + draw.gauss(0, 3)
        day = 1 + number * 28 // count
        lines.append(f"{month}-{number},2025-{month:02}-{day:02},{weight:.2f},{code},{cost:.2f}")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def freight(opened: Factory) -> Factory:
    """A champion of January that sees only `code`, and from then on months that nothing trains by itself."""
    assert opened.add("freight_costs", opened.write("freight1.csv", rows(400, 1)), 400)["state"] == "committed"
    opened(
        "model", "define", "freight", "--dataset", "freight_costs", "--target", "cost", "--id", "shipment",
        "--time", "sent", "--exclude", "weight", "--metric", "neg_root_mean_squared_error",
        "--candidates", "linear", "--seed", "1", "--holdout", "0.5", "--min-new-rows", "100000",
    )  # fmt: skip
    opened("model", "train", "freight")
    opened.wait()
    assert opened.json("model", "show", "freight")["champion"] == 1
    for month in range(2, 5):
        path = opened.write(f"freight{month}.csv", rows(150, month))
        assert opened.add("freight_costs", path, 150)["state"] == "committed"
    return opened


@pytest.fixture(scope="module")
def challenged(freight: Factory) -> Factory:
    """A challenger that sees `weight`, too, and waits for a person."""
    text = freight.root / "models" / "freight.toml"
    text.write_text(text.read_text().replace('exclude = ["weight"]', "exclude = []"))
    freight("model", "define", "freight", "--release", "manual")
    freight("model", "train", "freight")
    freight.wait()
    assert freight.json("model", "show", "freight")["challenger"] == 2
    return freight


def _sql(shop: Factory, statement: str) -> Any:
    return shop.json("sql", statement)


def test_every_labelled_delivery_and_the_holdout_leave_their_losses(freight: Factory) -> None:
    found = _sql(
        freight,
        "SELECT delivery, model_version, count(*) AS n, count(DISTINCT row) AS r, "
        "avg(abs(loss - (actual - prediction) ** 2)) AS off FROM losses_freight "
        "WHERE model_version = 1 AND delivery < 5 GROUP BY ALL ORDER BY ALL",
    )
    assert [(one["delivery"], one["model_version"]) for one in found] == [(number, 1) for number in range(1, 5)]
    assert [one["n"] for one in found[1:]] == [150] * 3
    assert all(one["n"] == one["r"] and one["off"] < 1e-6 for one in found)
    assert 150 <= found[0]["n"] <= 250  # the holdout of the first month


def test_a_challenger_is_tested_over_the_deliveries_that_neither_has_learned(challenged: Factory) -> None:
    version = challenged.json("model", "show", "freight@2")
    (better,) = [check for check in version["decision"]["checks"] if check["code"] == "better"]
    assert "t test" in better["detail"]
    assert "blocks)" in better["detail"]
    pairs = _sql(
        challenged,
        "SELECT count(*) AS n, avg(a.loss) > avg(b.loss) AS better FROM losses_freight a JOIN losses_freight b "
        "USING (row, delivery) WHERE a.model_version = 1 AND b.model_version = 2",
    )
    assert pairs[0]["n"] > 350
    assert pairs[0]["better"]


def test_a_challenger_that_waits_answers_the_next_delivery_too(challenged: Factory) -> None:
    path = challenged.write("freight5.csv", rows(150, 5))
    assert challenged.add("freight_costs", path, 150)["state"] == "committed"
    found = _sql(
        challenged,
        "SELECT model_version, count(*) AS n FROM losses_freight WHERE delivery = 5 GROUP BY ALL ORDER BY ALL",
    )
    assert [tuple(one.values()) for one in found] == [(1, 150), (2, 150)]


def test_scores_on_rows_that_left_or_are_broken_are_no_live_scores(freight: Factory) -> None:
    def live() -> tuple[float, int]:
        model = freight.json("model", "show", "freight")
        return round(model["live_score"], 6), model["live_rows"]

    def trust(delivery: int) -> list[str]:
        found = _sql(freight, f"SELECT DISTINCT trust FROM losses_freight WHERE delivery = {delivery}")
        return [one["trust"] for one in found]

    before = live()
    head, *lines = rows(150, 6).splitlines()
    dear = [line.rsplit(",", 1) for line in lines]
    wrong = freight.write("freight6.csv", "\n".join([head, *(f"{row},{float(cost) * 4}" for row, cost in dear), ""]))
    file = freight.add("freight_costs", wrong, 150)
    assert live() != before
    freight("file", "withdraw", file["id"], "--reason", "costs of another currency")
    freight.wait()
    assert live() == before
    assert trust(6) == ["withdrawn"]

    grams = [line.split(",") for line in rows(150, 7).splitlines()[1:]]
    scaled = [",".join([*cells[:3], str(int(cells[3]) * 1000), cells[4]]) for cells in grams]
    freight.add("freight_costs", freight.write("freight7.csv", "\n".join([head, *scaled, ""])), 150)
    number = freight.json("dataset", "show", "freight_costs")["version"]
    assert trust(number) == ["broken"]
    assert live() == before
    freight("dataset", "trust", f"freight_costs@{number}", "--reason", "codes have three more digits now")
    assert trust(number) == ["trusted"]
    assert live() != before
