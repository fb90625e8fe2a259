"""A dataset that a query makes from others follows what they bring, correct and withdraw, and so does its model."""

from __future__ import annotations

import random

import pytest
from tests.line.factory import Factory

QUERY = "SELECT r.*, zone FROM rides r LEFT JOIN stations USING (station)"


def rides(first: int, count: int, seed: int) -> str:
    """Rides that are long in the zone of their station, which another dataset tells."""
    draw = random.Random(seed)
    lines = ["ride,station,load,long"]
    for ride in range(first, first + count):
        station, load = draw.randrange(8), draw.gauss(0, 1)
        far = draw.random() < (0.85 if station % 2 else 0.15)
        lines.append(f"{ride},s{station},{load:.3f},{'yes' if far else 'no'}")
    return "\n".join([*lines, ""])


STATIONS = "station,zone\n" + "".join(f"s{number},{'far' if number % 2 else 'near'}\n" for number in range(8))


@pytest.fixture(scope="module")
def shop(opened: Factory) -> Factory:
    opened.add("rides", opened.write("rides1.csv", rides(0, 600, 1)), 600)
    opened.add("stations", opened.write("stations.csv", STATIONS), 8)
    opened("dataset", "define", "zoned", "--query", QUERY)
    opened.wait()
    return opened


def test_a_derived_dataset_follows_its_inputs_and_teaches_a_model(shop: Factory) -> None:
    _it_is_made_of_what_is_there(shop)
    _new_rows_of_an_input_are_added_alone(shop)
    _rows_that_leave_an_input_leave_it_too(shop)
    _nothing_is_made_twice(shop)
    _a_contract_rules_its_rows(shop)


def _it_is_made_of_what_is_there(shop: Factory) -> None:
    found = shop.json("dataset", "show", "zoned")
    assert (found["version"], found["rows"], found["query"]) == (1, 600, QUERY)
    assert found["inputs"] == [{"dataset": "rides", "version": 1}, {"dataset": "stations", "version": 1}]
    assert "made from  rides@1, stations@1" in shop("dataset", "show", "zoned").stdout
    up = {(one["kind"], one["ref"]) for one in shop.json("lineage", "zoned@1", "--up")["nodes"]}
    assert {("dataset_version", "rides@1"), ("dataset_version", "stations@1")} <= up
    shop(
        "model", "define", "long_rides", "--dataset", "zoned", "--target", "long", "--id", "ride", "--positive", "yes",
        "--candidates", "linear", "--seed", "1",
    )  # fmt: skip
    shop.wait()
    assert shop.json("model", "show", "long_rides")["champion"] == 1


def _new_rows_of_an_input_are_added_alone(shop: Factory) -> None:
    shop.add("rides", shop.write("rides2.csv", rides(600, 300, 2)), 300)
    found = shop.json("dataset", "show", "zoned")
    assert (found["version"], found["rows"], found["added_rows"], found["changed_rows"]) == (2, 900, 300, 0)
    newest = shop.json("file", "list", "--dataset", "zoned")[0]
    assert (newest["derived"], newest["rows"]) == ("added", 300)
    assert [run["dataset_version"] for run in shop.json("run", "list", "--model", "long_rides")] == [2, 1]
    assert "rides@2" in shop("why", "zoned@2").stdout


def _rows_that_leave_an_input_leave_it_too(shop: Factory) -> None:
    second = shop.json("dataset", "show", "rides@2")["files"][0]
    shop("file", "withdraw", second)
    shop.wait()
    found = shop.json("dataset", "show", "zoned")
    assert (found["rows"], found["inputs"][0]) == (600, {"dataset": "rides", "version": 3})
    assert shop.sql('(FROM zoned EXCEPT ALL FROM "zoned@1") UNION ALL (FROM "zoned@1" EXCEPT ALL FROM zoned)') == []
    refused = shop("file", "withdraw", shop.json("dataset", "show", "zoned@1")["files"][0], expect=5)
    assert "Withdraw them from the dataset that it reads" in refused.stderr
    refused = shop("dataset", "rollback", "zoned@2", expect=5)
    assert "Roll one of those back" in refused.stderr


def _nothing_is_made_twice(shop: Factory) -> None:
    before = shop.json("dataset", "show", "zoned")
    shop("dataset", "define", "zoned", "--query", QUERY)
    held = shop.add("zoned", shop.write("zoned.csv", "ride,station,load,long,zone\n1,s1,0,yes,far\n"), 1)
    assert (held["state"], held["reason"]["code"]) == ("quarantined", "made_by_query")
    shop("file", "discard", held["id"])
    shop("down")
    shop("up")
    shop.wait()
    after = shop.json("dataset", "show", "zoned")
    assert (after["version"], after["inputs"]) == (before["version"], before["inputs"])


def _a_contract_rules_its_rows(shop: Factory) -> None:
    """Its result is checked like any file; what is held comes in once the rule is mended."""
    path = shop.root / "datasets" / "zoned.toml"
    strict = path.read_text().replace('zone = "text"', 'zone = { type = "text", values = ["far", "near"] }')
    path.write_text(strict)
    shop.add("stations", shop.write("stations2.csv", "station,zone\ns1,outer\n"), 1)
    held = shop.json("file", "list", "--dataset", "zoned")[0]
    assert (held["state"], held["derived"], held["reason"]["column"]) == ("quarantined", "whole", "zone")
    path.write_text(strict.replace('"near"]', '"near", "outer"]'))
    shop("file", "retry", held["id"])
    shop.wait()
    assert shop.file(held["id"])["state"] == "committed"
    assert shop.sql("SELECT count(*) > 0 FROM zoned WHERE zone = 'outer'") == [(True,)]


def test_a_query_that_cannot_be_answered_says_why_and_is_made_once_it_can(shop: Factory) -> None:
    shop("dataset", "define", "totals", "--query", "SELECT station, sum(fare) AS fares FROM rides GROUP BY station")
    failed = shop("wait", "--timeout", "60", expect=1)
    assert "cannot be answered from rides@" in failed.stderr
    assert '"fare" not found' in failed.stderr
    shop("dataset", "define", "totals", "--query", "SELECT station, sum(load) AS loads FROM rides GROUP BY station")
    shop.wait()
    assert shop.json("dataset", "show", "totals")["rows"] == 8
    assert shop.sql("SELECT count(*) FROM totals t JOIN rides r USING (station) GROUP BY station")


def test_datasets_that_are_made_from_each_other_are_refused(shop: Factory) -> None:
    shop("dataset", "define", "hen", "--query", "SELECT * FROM egg")
    refused = shop("dataset", "define", "egg", "--query", "SELECT * FROM hen", expect=5)
    assert "egg itself" in refused.stderr
