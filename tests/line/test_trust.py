"""What the line knows of a delivery's rows: broken ones are not learned, suspect ones wait, withdrawn ones leave."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.line.factory import Factory

FAHRENHEIT = (1.8, 32.0)


def readings(count: int, seed: int, *, shown: tuple[float, float] = (1.0, 0.0), sign: int = 1) -> str:
    """Readings whose `fails` follows `temp`, which is shown by a factor and a shift."""
    draw = random.Random(seed)
    lines = ["reading,temp,load,fails"]
    for number in range(count):
        temp, load = draw.gauss(20, 6), draw.gauss(0, 1)
        fails = "yes" if sign * ((temp - 20) / 6 + load) + draw.gauss(0, 0.7) > 0 else "no"
        lines.append(f"{seed}-{number},{shown[0] * temp + shown[1]:.3f},{load:.4f},{fails}")
    return "\n".join([*lines, ""])


def _model(opened: Factory, dataset: str, model: str) -> Factory:
    """A dataset of 3,000 good readings and a model of it, with a champion."""
    assert opened.add(dataset, opened.write(f"{dataset}1.csv", readings(3000, 1)), 3000)["state"] == "committed"
    opened(
        "model", "define", model, "--dataset", dataset, "--target", "fails", "--id", "reading",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", model)["champion"] == 1
    return opened


@pytest.fixture(scope="module")
def shop(opened: Factory) -> Factory:
    return _model(opened, "readings", "breakdown")


def _versions(shop: Factory, model: str = "breakdown") -> list[Any]:
    return list(shop.json("model", "versions", model))


def _open(shop: Factory) -> list[Any]:
    return [one for one in shop.json("alert", "list") if (one["subject"], one["state"]) == ("breakdown", "open")]


def _in_doubt(shop: Factory) -> list[str]:
    found = shop.json("status")["in_doubt"]
    return [f"readings@{one['version']} {one['trust']}" for one in found if one["dataset"] == "readings"]


def test_broken_rows_are_not_learned_until_a_person_says_so_and_leave_with_what_learned_from_them(
    shop: Factory,
) -> None:
    _broken_rows_are_not_learned_and_the_run_says_so(shop)
    _a_person_may_say_that_they_are_right_and_take_it_back(shop)
    _rows_that_leave_take_what_learned_from_them_out_of_service(shop)
    assert [one["version"] for one in _versions(shop)] == [2, 1]


def _broken_rows_are_not_learned_and_the_run_says_so(shop: Factory) -> None:
    file = shop.add("readings", shop.write("readings2.csv", readings(800, 2, shown=FAHRENHEIT)), 800)
    verdict = shop.json("dataset", "show", "readings@2")["trust"]
    assert (verdict["trust"], verdict["files"]) == ("broken", [file["id"]])
    assert [one["fault"] for one in verdict["evidence"]] == ["unit"]
    assert "°C became °F" in verdict["evidence"][0]["message"]
    run = shop.json("run", "list", "--model", "breakdown")[0]
    assert run["excluded"] == [file["id"]]
    assert any("readings@2" in note and "left out" in note for note in run["notes"])
    assert shop.json("model", "show", "breakdown")["champion"] == 1
    (alert,) = _open(shop)
    assert verdict["alerts"] == [alert["id"]]
    assert _in_doubt(shop) == ["readings@2 broken"]
    assert "readings@2 (broken)" in shop("status").stdout


def _a_person_may_say_that_they_are_right_and_take_it_back(shop: Factory) -> None:
    """Then they are learned; the word can be undone, what was learned stays."""
    before = len(_versions(shop))
    said = shop("dataset", "trust", "readings@2", "--reason", "the new sensor shows °F")
    assert "readings@2 is trusted." in said.stderr
    shop.wait()
    verdict = shop.json("dataset", "show", "readings@2")["trust"]
    assert (verdict["trust"], verdict["reason"]) == ("trusted", "the new sensor shows °F")
    assert _in_doubt(shop) == []
    newest = _versions(shop)[0]
    assert newest["version"] == before + 1
    assert [one["passed"] for one in newest["decision"]["checks"] if one["code"] == "data_trust"] == [True]
    shop(*said.stderr.strip().splitlines()[-1].removeprefix("Undo: shopfloor ").split())
    assert shop.json("dataset", "show", "readings@2")["trust"]["trust"] == "broken"


def _rows_that_leave_take_what_learned_from_them_out_of_service(shop: Factory) -> None:
    """The clean training gives the artifact of before, which is the champion again; what the rows caused is closed."""
    artifact = _versions(shop)[-1]["artifact"]
    shop("model", "promote", "breakdown@2", "--reason", "the rows are right")
    (file,) = shop.json("dataset", "show", "readings@2")["files"]
    shop("file", "withdraw", file, "--reason", "the sensor was replaced for a test")
    shop.wait()
    model = shop.json("model", "show", "breakdown")
    assert (model["champion"], model["previous"], model["challenger"], model["withdrawn_rows"]) == (1, None, None, 0)
    after, before = _versions(shop)
    assert (before["artifact"], before["withdrawn"]) == (artifact, None)
    assert after["withdrawn"]["files"] == {file: 800}
    assert "withdrawn rows" in shop("model", "show", "breakdown@2").stdout
    assert _open(shop) == []
    assert shop.json("dataset", "show", "readings@2")["trust"]["withdrawn"] == 3
    assert _in_doubt(shop) == []
    back = next(one for one in shop.json("model", "history", "breakdown") if one["alias"] == "champion")
    assert "800 rows that left the dataset" in back["reason"]


def test_what_learned_from_suspect_rows_waits_for_a_person(opened: Factory) -> None:
    """Flipped labels and a flipped concept look alike: the rows are learned, and not released. Nor is a delivery
    trusted whose numbers changed to no known unit, where an alert of it is critical.
    """
    shop = _model(opened, "flipped_readings", "flipped")
    shop.add("flipped_readings", shop.write("flipped2.csv", readings(2000, 3, sign=-1)), 2000)
    verdict = shop.json("dataset", "show", "flipped_readings@2")["trust"]
    assert (verdict["trust"], [one["fault"] for one in verdict["evidence"]]) == ("suspect", ["collapse"])
    newest = _versions(shop, "flipped")[0]
    (check,) = [one for one in newest["decision"]["checks"] if one["code"] == "data_trust"]
    assert (check["passed"], check["value"], check["limit"]) == (False, 1.0, 0.0)
    assert "flipped_readings@2 is suspect" in check["detail"]
    assert newest["decision"]["outcome"] != "promote"
    shop.add("flipped_readings", shop.write("flipped3.csv", readings(2000, 4, shown=(-2.0, 500.0))), 2000)
    verdict = shop.json("dataset", "show", "flipped_readings@3")["trust"]
    severities = {one["severity"] for one in shop.json("alert", "list") if one["id"] in verdict["alerts"]}
    assert ("critical" in severities, verdict["trust"]) == (True, "suspect")
