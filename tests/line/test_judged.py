"""What the labels of a delivery say of the champion and of themselves, whether or not anything was ever predicted."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.line.factory import Factory


def rows(count: int, seed: int, *, sign: int = 1, labelled: float = 1.0) -> str:
    """Orders whose `late` follows `load`; with `sign` -1 the relation is turned round. The inputs stay as they are."""
    draw = random.Random(seed)
    lines = ["order,load,distance,late"]
    for number in range(count):
        load, distance = draw.gauss(0, 1), draw.uniform(1, 100)
        late = "yes" if sign * load + draw.gauss(0, 0.7) > 0 else "no"
        known = late if draw.random() < labelled else ""
        lines.append(f"{seed}-{number},{load:.4f},{distance:.1f},{known}")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def orders(opened: Factory) -> Factory:
    assert opened.add("orders_late", opened.write("orders1.csv", rows(3000, 1)), 3000)["state"] == "committed"
    opened(
        "model", "define", "lateness", "--dataset", "orders_late", "--target", "late", "--id", "order",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", "lateness")["champion"] == 1
    return opened


def _performance(shop: Factory) -> Any:
    """The newest check of the performance on delivered rows."""
    found = [one for one in shop.json("monitor", "checks", "lateness") if one["check"] == "performance"]
    (delivered,) = [one for one in found if one["evidence"]["source"] == "data"]
    return delivered


def _alerts(shop: Factory) -> Any:
    return [alert for alert in shop.json("alert", "list") if alert["subject"] == "lateness"]


def test_a_champion_is_measured_on_the_labels_of_each_delivery(orders: Factory) -> None:
    _it_is_measured_on_the_labels_that_a_delivery_brings(orders)
    _the_recipe_promises_what_the_next_delivery_is_worth(orders)
    _a_live_score_is_of_rows_whose_truth_is_known(orders)
    _labels_that_are_not_there_yet_are_told(orders)
    assert orders.json("model", "show", "lateness")["champion"] == 3, "each trusted delivery is learned and released"
    _a_concept_that_flips_rings_with_the_first_labelled_delivery(orders)
    assert orders.json("model", "show", "lateness")["champion"] == 3, "suspect deliveries wait for a person"


def _it_is_measured_on_the_labels_that_a_delivery_brings(orders: Factory) -> None:
    assert orders.add("orders_late", orders.write("orders2.csv", rows(600, 2)), 600)["state"] == "committed"
    check = _performance(orders)
    assert (check["verdict"], check["rows"], check["model_version"]) == ("ok", 600, 1)
    assert check["value"] == pytest.approx(check["evidence"]["holdout"], abs=0.05)
    assert "600 delivered rows" in check["message"]
    assert _alerts(orders) == []
    columns = {one["feature"]: one for one in orders.json("monitor", "checks", "lateness") if one["feature"]}
    assert set(columns) == {"order", "load", "distance", "late"}
    assert (columns["order"]["verdict"], columns["load"]["verdict"]) == ("unchecked", "ok")


def _the_recipe_promises_what_the_next_delivery_is_worth(orders: Factory) -> None:
    run = orders.json("run", "list", "--model", "lateness")[0]
    (kept,) = [one for one in run["candidates"] if one["name"] == run["chosen"]]
    low, high = kept["promise"]
    assert len(kept["blocks"]) == 5
    assert low < run["metrics"]["roc_auc"] < high
    assert "for the next block (90 %), from 5 blocks" in orders("run", "show", run["id"]).stdout
    job = next(one for one in orders.json("job", "list") if one["kind"] == "train" and one["subject"] == "lateness")
    assert "Promise: roc_auc of the next block in [" in orders("job", "log", job["id"]).stdout


def _a_live_score_is_of_rows_whose_truth_is_known(orders: Factory) -> None:
    """Predictions without any actual are no reason to forget what the delivery's labels say."""
    orders.score("lateness", orders.write("asked.csv", rows(120, 7)), 120)
    assert orders.add("orders_late", orders.write("orders5.csv", rows(400, 5)), 400)["state"] == "committed"
    model = orders.json("model", "show", "lateness")
    assert (model["champion"], model["live_rows"]) == (3, 400), (
        "the newest rows leave the recipe and its score in charge"
    )
    assert model["live_score"] == pytest.approx(0.9, abs=0.1)


def _labels_that_are_not_there_yet_are_told(orders: Factory) -> None:
    text = rows(800, 3, labelled=0.3)
    known = sum(not line.endswith(",") for line in text.splitlines()) - 1
    assert orders.add("orders_late", orders.write("orders3.csv", text), 800)["state"] == "committed"
    check = _performance(orders)
    assert (check["verdict"], check["rows"]) == ("ok", known)
    assert check["evidence"]["predictions"] == 800
    assert "of the delivered rows have labels yet" in check["message"]


def _a_concept_that_flips_rings_with_the_first_labelled_delivery(orders: Factory) -> None:
    """No input moves and nothing was predicted: only the labels tell."""
    assert orders.add("orders_late", orders.write("orders4.csv", rows(500, 4, sign=-1)), 500)["state"] == "committed"
    (alert,) = [one for one in _alerts(orders) if one["check"] == "performance"]
    assert (alert["severity"], alert["state"]) == ("critical", "open")
    assert alert["value"] < 0.4
    assert "500 delivered rows" in alert["message"]
    assert "The inputs are stable" in alert["cause"]
    other = [one for one in orders.json("monitor", "checks", "lateness") if one["at"] == _performance(orders)["at"]]
    of_labels = {"performance", "calibration", "estimated_performance"}
    assert {one["verdict"] for one in other if one["check"] not in of_labels} == {"ok"}


def test_labels_of_another_kind_are_told_in_the_delivery_where_they_come(opened: Factory) -> None:
    """The rate halves, all are of one class, a class is new, no row has a label: each is one alert that names it."""
    first = rows(3000, 11)
    assert opened.add("orders_kinds", opened.write("kinds1.csv", first), 3000)["state"] == "committed"
    opened(
        "model", "define", "kinds", "--dataset", "orders_kinds", "--target", "late", "--id", "order",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", "--min-new-rows", "100000",
        "--known-before", "load",
    )  # fmt: skip
    opened.wait()
    cases = {
        "halved": ("target_drift", lambda number, label: "no" if number % 2 else label),
        "onlyno": ("target_drift", lambda number, label: "no"),
        "newclass": ("target_drift", lambda number, label: "maybe" if number % 20 == 0 else label),
        "nolabel": ("labelled_share", lambda number, label: ""),
    }
    for seed, (name, (check, changed)) in enumerate(cases.items(), 20):
        header, *lines = rows(1000, seed).splitlines()
        text = [",".join((*line.split(",")[:3], changed(at, line.split(",")[3]))) for at, line in enumerate(lines)]
        file = opened.add("orders_kinds", opened.write(f"{name}.csv", "\n".join([header, *text, ""])), 1000)
        (alert,) = [one for one in opened.json("alert", "list") if (one["subject"], one["state"]) == ("kinds", "open")]
        assert alert["check"] == check, (name, alert)
        opened("alert", "resolve", alert["id"], "--note", name)
        opened("file", "withdraw", file["id"])
        opened.wait()
