"""What a model decides and what that is worth, from the definition to the figures."""

from __future__ import annotations

import random
import re
from pathlib import Path

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


# By the terms that held when each decision was made, from nothing but the log, the actuals and the terms.
VALUE = """
SELECT round(sum(CASE WHEN a.actual = 'yes' THEN CASE WHEN p.prediction = 'yes' THEN t.true_positive
                                                      ELSE t.false_negative END
                      WHEN p.prediction = 'yes' THEN t.false_positive ELSE t.true_negative END), 2)
FROM (SELECT * FROM predictions_failing
      QUALIFY row_number() OVER (PARTITION BY association_id ORDER BY "at" DESC) = 1) p
JOIN actuals_failing a USING (association_id)
ASOF JOIN (SELECT * FROM value_terms WHERE model = 'failing') t ON p."at" >= t.valid_from
"""


def test_value_is_of_what_was_served_by_the_terms_of_its_time(factory: Factory) -> None:
    factory.add("loans", factory.write("loans.csv", "\n".join([*loans(1, 500, 1), ""])), 500)
    factory(
        "model", "define", "failing", "--dataset", "loans", "--target", "failed", "--id", "loan", "--positive", "yes",
        "--candidates", "linear", "--value-unit", "EUR", "--value-tp", "40.25", "--value-fp", "-15.1",
        "--threshold", "0.3",
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
    factory.actuals("failing", factory.write("loan-truth.csv", "loan,failed\n" + truth(new[1:])), 200)
    earned = factory.json("value", "failing")
    assert factory.sql(VALUE) == [(round(earned["total"], 2),)]
    assert earned["total"] > 0

    factory("model", "define", "failing", "--threshold", "0.9", "--value-tp", "90", "--no-train")
    assert factory.json("value", "failing")["total"] == earned["total"], "what was decided keeps its value"
    more = loans(2001, 100, 3)
    decided = factory.predict("failing", factory.write("more.csv", without_truth(more)))
    assert {row["prediction"] for row in decided} == {"yes", "no"}, "a threshold goes with the next release"
    factory.actuals("failing", factory.write("more-truth.csv", "loan,failed\n" + truth(more[1:])), 100)
    after = factory.json("value", "failing", "--by", "day")
    assert [one["terms"] for one in after["terms"]] == [1, 2]
    assert factory.sql(VALUE) == [(round(after["total"], 2),)]
    assert round(sum(point["value"] for point in after["points"]), 2) == round(after["total"], 2)
    assert {one["against"] for one in after["compared"]} == {"plan", "constant answer"}
    costs_of(factory, after["total"])
    other_threshold(factory, path)
    beside_the_previous_champion(factory)
    refused(factory)


def costs_of(factory: Factory, total: float) -> None:
    entered = ("1000.50", "--for", "people", "--note", "labels", "--at", "2026-01-05")
    spent = factory.json("model", "cost", "failing", *entered)
    assert (spent["kind"], spent["amount"]) == ("people", 1000.5)
    net = factory.json("value", "failing")
    assert (net["costs"], round(net["net"], 2)) == (1000.5, round(total - 1000.5, 2))
    factory("undo")
    assert factory.json("value", "failing")["costs"] == 0
    assert factory.sql("SELECT amount, reverses FROM value_costs ORDER BY number") == [
        (1000.5, None),
        (-1000.5, spent["id"]),
    ]


def other_threshold(factory: Factory, path: Path) -> None:
    found = factory.json("value", "failing", "--thresholds")
    assert (found["version"], found["threshold"]) == (1, 0.3)
    curve = {point["threshold"]: point["promised"] for point in found["points"]}
    assert (
        found["proposed"] is not None or "best on the holdout" in found["reason"] or "Not proposed" in found["reason"]
    )
    assert min(curve) == 0
    assert max(curve) == 1
    change = factory.json("model", "threshold", "failing", "0.7", "--reason", "fewer calls")
    high = factory.predict("failing", path)
    assert all((row["prediction"] == "yes") == (float(row["probability_yes"]) >= 0.7) for row in high)
    factory("undo", str(change["undo"]["seq"]))
    low = factory.predict("failing", path)
    assert all((row["prediction"] == "yes") == (float(row["probability_yes"]) >= 0.3) for row in low)


def beside_the_previous_champion(factory: Factory) -> None:
    """A new champion decides; the one before answers the same rows, whose gain comes with the actuals."""
    factory.add("loans", factory.write("loans-2.csv", "\n".join([*loans(501, 200, 4), ""])), 200)
    factory("model", "promote", "failing@2", "--reason", "newer loans")
    definition = factory.root / "models" / "failing.toml"
    definition.write_text(re.sub("true_positive = .*", 'true_positive = "recovered"', definition.read_text()))
    new = loans(3001, 100, 5)
    decided = factory.predict("failing", factory.write("third.csv", without_truth(new)))
    actual = [f"{line.split(',')[0]},{line.split(',')[2]},{place}.5" for place, line in enumerate(new[1:])]
    path = factory.write("third-truth.csv", "\n".join(["loan,failed,recovered", *actual, ""]))
    factory.actuals("failing", path, 100)
    known = {line.split(",")[0]: line.split(",") for line in actual}
    right = [row for row in decided if row["prediction"] == "yes"]
    expected = sum(
        float(known[row["association_id"]][2]) if known[row["association_id"]][1] == "yes" else -15.1 for row in right
    )
    found = factory.json("value", "failing")
    newest = [point["value"] for point in found["points"] if point["model_version"] == 2]
    assert round(sum(newest), 2) == round(expected, 2)
    [before] = [one for one in found["compared"] if one["against"] == "previous champion"]
    assert (before["name"], before["rows"]) == ("v1 on the same rows", 100)
    assert before["interval"] is not None


def refused(factory: Factory) -> None:
    """What lies beyond all that was learned is not decided, and says why."""
    definition = factory.root / "models" / "failing.toml"
    definition.write_text(definition.read_text() + '\n[humility]\nout_of_range = "refuse"\n')
    rows = factory.predict("failing", factory.write("far.csv", "loan,amount\n9001,50\n9002,5000\n"))
    assert [row["prediction"] != "" for row in rows] == [True, False]
    why = factory.sql(
        "SELECT association_id, humility, humility_action FROM predictions_failing WHERE humility IS NOT NULL"
    )
    assert why == [("9002", "out_of_range: amount", "refuse")]
    counts = factory.json("model", "show", "failing")["humility"]
    assert {name: rows for name, rows in counts.items() if rows} == {"rows": 1, "out_of_range": 1, "refuse": 1}
    assert factory.json("status")["humility"]["refuse"] >= 1
    assert ": 1 out of range; 1 refused" in factory("model", "show", "failing").stdout
    factory.wait()
    found = [check for check in factory.json("monitor", "checks", "failing") if check["check"] == "humility"]
    assert [check["verdict"] for check in found] == ["ok"]
