"""What a model will score is said before any label comes, and compared with what comes true."""

from __future__ import annotations

import random
from typing import Any

from tests.line.factory import Factory


def rows(first: int, count: int, *, labelled: bool) -> str:
    """Parcels whose `late` follows `load`; the label of a parcel is always the same."""
    lines = ["parcel,load,distance,late"]
    for number in range(first, first + count):
        draw = random.Random(number)
        load, distance = draw.gauss(0, 1), draw.uniform(1, 100)
        late = "yes" if load + draw.gauss(0, 0.9) > 0 else "no"
        lines.append(f"p{number},{load:.4f},{distance:.1f},{late if labelled else ''}")
    return "\n".join([*lines, ""])


def newest(shop: Factory, check: str) -> Any:
    (found,) = [one for one in shop.json("monitor", "checks", "parcels") if one["check"] == check]
    return found


def test_an_estimate_comes_first_and_then_what_came_true(opened: Factory) -> None:
    opened("dataset", "define", "parcels_sent", "--mode", "upsert", "--key", "parcel")
    first = opened.write("parcels1.csv", rows(0, 3000, labelled=True))
    assert opened.add("parcels_sent", first, 3000)["state"] == "committed"
    opened(
        "model", "define", "parcels", "--dataset", "parcels_sent", "--target", "late", "--id", "parcel",
        "--positive", "yes", "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", "--min-new-rows", "100000",
        "--known-before", "load",
    )  # fmt: skip
    opened.wait()
    assert opened.json("model", "show", "parcels")["champion"] == 1
    opened.add("parcels_sent", opened.write("parcels2.csv", rows(3000, 1500, labelled=False)), 1500)
    before = newest(opened, "estimated_performance")
    assert (before["verdict"], before["rows"]) == ("ok", 1500)
    assert "roc_auc is probably" in before["message"]
    assert "realised" not in before["evidence"]
    opened.add("parcels_sent", opened.write("parcels3.csv", rows(3000, 1500, labelled=True)), 1500)
    realised, after = newest(opened, "performance"), newest(opened, "estimated_performance")
    low, high = before["evidence"]["interval"]
    assert low - 0.02 <= realised["value"] <= high + 0.02
    assert (after["evidence"]["agrees"], after["evidence"]["realised"]) == (True, realised["value"])
    (job,) = [one for one in opened.json("job", "list") if one["kind"] == "monitor" and one["subject"] == "parcels"][:1]
    assert "Estimated performance is as expected" in opened("job", "log", job["id"]).stdout
