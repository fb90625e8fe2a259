"""What a model decides and what that is worth, from the definition to the figures."""

from __future__ import annotations

import random

from tests.line.factory import Factory


def loans(first: int, rows: int, seed: int) -> list[str]:
    """A dear loan fails more often."""
    source = random.Random(seed)
    lines = ["loan,amount,failed"]
    for number in range(first, first + rows):
        amount = source.uniform(1, 100)
        lines.append(f"{number},{amount:.2f},{'yes' if source.random() < 0.05 + 0.006 * amount else 'no'}")
    return lines


def without_truth(lines: list[str]) -> str:
    return "".join(line.rpartition(",")[0] + "\n" for line in lines)


def truth(lines: list[str]) -> str:
    cells = [line.split(",") for line in lines]
    return "".join(f"{loan},{failed}\n" for loan, _, failed in cells)


VALUE = (
    "SELECT round(sum(CASE WHEN prediction = 'yes' AND actual = 'yes' THEN 40 "
    "WHEN prediction = 'yes' THEN -15 ELSE 0 END), 2) FROM predictions_failing JOIN actuals_failing "
    "USING (association_id)"
)


def test_the_threshold_decides_what_is_served_and_an_edit_changes_nothing_that_was(factory: Factory) -> None:
    factory.add("loans", factory.write("loans.csv", "\n".join([*loans(1, 500, 1), ""])), 500)
    factory(
        "model", "define", "failing", "--dataset", "loans", "--target", "failed", "--id", "loan", "--positive", "yes",
        "--candidates", "linear", "--value-unit", "EUR", "--value-tp", "40", "--value-fp", "-15", "--threshold", "0.3",
    )  # fmt: skip
    factory.wait()
    new = loans(1001, 200, 2)
    path = factory.write("new.csv", without_truth(new))
    before = factory.predict("failing", path)
    for row in before:
        assert row["prediction"] == ("yes" if float(row["probability_yes"]) >= 0.3 else "no")
    assert any(row["prediction"] == "yes" and float(row["probability_yes"]) < 0.5 for row in before)
    logged = factory.sql("SELECT DISTINCT threshold, prediction FROM predictions_failing ORDER BY 2")
    assert logged == [(0.3, "no"), (0.3, "yes")]
    factory.actuals("failing", factory.write("loan-truth.csv", truth(new)), 200)
    earned = factory.json("value", "failing")["total"]
    assert [(earned,)] == factory.sql(VALUE)
    factory("model", "define", "failing", "--threshold", "0.9", "--no-train")
    assert factory.json("value", "failing")["total"] == earned
    assert factory.predict("failing", path) == before, "it goes with the next release"
