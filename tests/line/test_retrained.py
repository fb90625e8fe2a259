"""What starts a training by itself, what holds it back, and where that is said."""

from __future__ import annotations

from typing import Any

from tests.line.factory import Factory


def _rows(first: int, labelled: int, unlabelled: int) -> str:
    """What `x` says of `kommt` is true of nine rows in ten."""
    told = [(row, (row % 7 > 3) == (row % 10 > 0)) for row in range(first, first + labelled)]
    lines = [f"{row},{row % 7},{'ja' if comes else 'nein'}" for row, comes in told]
    lines += [f"{row},{row % 7}," for row in range(first + labelled, first + labelled + unlabelled)]
    return "\n".join(["nr,x,kommt", *lines, ""])


def _decisions(factory: Factory) -> list[Any]:
    """Those about new data: that its labels are missing is an alert, which decides for itself."""
    found = [each for each in factory.json("events", "--subject", "besuch") if each["kind"].startswith("retrain.")]
    return [each for each in found if each["data"]["trigger"] == "data"]


def test_labels_that_are_missing_hold_a_training_back_until_enough_have_come(factory: Factory) -> None:
    """Each delivery is decided on, and the history says why; the challenger is then left to a person."""
    factory.add("besuche", factory.write("besuche-1.csv", _rows(0, 300, 0)), 300)
    factory(
        "model", "define", "besuch", "--dataset", "besuche", "--target", "kommt", "--candidates", "linear",
        "--min-labelled-rows", "100", "--retrain", "train",
    )  # fmt: skip
    factory.wait()
    assert _decisions(factory) == []
    factory.add("besuche", factory.write("besuche-2.csv", _rows(300, 30, 200)), 230)
    (held,) = _decisions(factory)
    assert held["kind"] == "retrain.skip"
    assert "30 new labelled rows of at least 100" in held["message"]
    factory.add("besuche", factory.write("besuche-3.csv", _rows(600, 90, 0)), 90)
    assert [each["kind"] for each in _decisions(factory)] == ["retrain.skip", "retrain.train"]
    shown = factory.json("model", "show", "besuch")
    assert (shown["versions"], shown["champion"]) == (2, 1)
    told = factory("model", "define", "besuch", "--schedule", "jeden Montag", expect=2).stderr
    assert "is no schedule" in told
