"""Why a thing is as it is, asked of a factory that works: one tree from the answer back to the file."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.line.factory import Factory


def rows(count: int, seed: int) -> str:
    """Loans whose `default` follows `debt`."""
    draw = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["loan", "debt", "age", "default"])
    for number in range(count):
        debt = draw.gauss(0, 1)
        writer.writerow([f"{seed}-{number}", f"{debt:.4f}", draw.randint(18, 80), int(debt + draw.gauss(0, 0.7) > 0.3)])
    return text.getvalue()


@pytest.fixture(scope="module")
def loans(opened: Factory) -> Factory:
    assert opened.add("loans_why", opened.write("loans1.csv", rows(1500, 1)), 1500)["state"] == "committed"
    opened(
        "model", "define", "solvency", "--dataset", "loans_why", "--target", "default", "--id", "loan",
        "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", "--min-new-rows", "1000",
    )  # fmt: skip
    opened.wait()
    assert opened.add("loans_why", opened.write("loans2.csv", rows(300, 2)), 300)["state"] == "committed"
    return opened


def facts(found: Any) -> Iterator[Any]:
    yield found
    for cause in found["because"]:
        yield from facts(cause)


def test_a_release_leads_back_to_the_file(loans: Factory) -> None:
    found = loans.json("why", "solvency@1")
    assert (found["kind"], found["state"], found["actor"]) == ("model_version", "promoted", "gate")
    kinds = [one["kind"] for one in facts(found)]
    assert {"check", "run", "job", "alias"} <= set(kinds)
    (run,) = [one for one in found["because"] if one["kind"] == "run"]
    assert loans.json("why", run["ref"])["message"] == run["message"]
    text = loans("why", "solvency@1").stdout
    assert "├─ " in text
    assert run["message"] in " ".join(text.split())


def test_why_a_model_is_not_trained_again_is_a_rule_with_its_number(loans: Factory) -> None:
    found = loans.json("why", "solvency")
    assert found["state"] == "waiting"
    assert "300 new or changed rows of at least 1,000" in found["message"]
    (rule,) = [one for one in found["because"] if one["ref"] == "new_rows"]
    assert (rule["value"], rule["limit"]) == (300, 1000)
    assert found["hint"] == "Train it now: shopfloor model train solvency"


def test_a_file_is_explained_by_its_id_as_by_its_path(loans: Factory) -> None:
    held = loans.add("loans_why", loans.write("loans3.csv", "loan,debt\n"), 0)
    by_id, by_path = loans.json("why", held["id"]), loans.json("file", "why", held["path"])
    assert held["reason"]["message"] in by_id["message"]
    assert by_path["message"] in by_id["message"]
    assert (by_id["state"], by_id["hint"]) == (by_path["state"], by_path["hint"])
    assert by_path["watcher"]["scan_seconds"] > 0
    loans("file", "discard", held["id"], "--reason", "no rows")
    assert any(one["kind"] == "change" and "no rows" in one["message"] for one in facts(loans.json("why", held["id"])))


def test_what_is_unknown_ends_with_a_suggestion(loans: Factory) -> None:
    refused = loans("why", "solvncy@1", expect=4)
    assert "Did you mean solvency@1?" in refused.stderr


def test_a_report_is_one_page_that_is_never_overwritten_by_accident(loans: Factory) -> None:
    for ref, words in (("solvency", "Gate decision"), ("dataset:loans_why", "Rows by version")):
        target = loans.folder / f"{ref.replace(':', '-')}.html"
        written = loans.json("report", ref, "-o", str(target))
        page = target.read_text(encoding="utf-8")
        assert (written["path"], written["bytes"]) == (str(target), target.stat().st_size)
        assert words in page
        assert "<svg" in page
    assert "already exists" in loans("report", "solvency", "-o", str(target), expect=5).stderr
    assert target.read_text(encoding="utf-8") == page
    loans("report", "solvency", "-o", str(target), "--force")
    card = loans.folder / "card.html"
    loans("model", "card", "solvency@1", "-o", str(card))
    assert "v1 promoted: " in card.read_text(encoding="utf-8")
    assert "Did you mean 'solvency'?" in loans("report", "solvncy", "-o", str(target), expect=4).stderr
    assert "There is no model 'nobody'." in loans("model", "card", "nobody", "-o", str(target), expect=4).stderr


def test_a_model_has_a_test_score_that_people_complete_and_take_back(loans: Factory) -> None:
    def answered() -> Any:
        tests = {test["code"]: test for test in loans.json("model", "test-score", "solvency")["tests"]}
        return tests["D5"]["score"], tests["D5"]["answered_by"], tests["D1"]["score"], tests["I4"]["score"]

    assert answered() == (0, "", 1, 1)
    given = loans.json("model", "test-score", "solvency", "--answer", "D5=.5", "--note", "reviewed in March")
    assert (given["sections"]["data"], given["undo"]["command"][:14]) != (0, "")
    assert answered()[0] == 0.5
    assert answered()[1] not in ("", "store")
    loans("undo")
    assert answered() == (0, "", 1, 1)
    assert (
        "answered from what is stored" in loans("model", "test-score", "solvency", "--answer", "D1=1", expect=5).stderr
    )
    loans("model", "test-score", "solvency", "--answer", "D5=2", expect=2)
    assert (
        "is not a number for test D5" in loans("model", "test-score", "solvency", "--answer", "D5=nan", expect=2).stderr
    )


def test_a_backtest_compares_todays_rule_with_another_one(loans: Factory) -> None:
    report = loans.json("monitor", "backtest", "solvency", "--set", "min_effect=5", "--set", "persistence=1,1")
    assert [one["dataset_version"] for one in report["deliveries"]] == [1, 2]
    assert (report["rule"]["min_effect"], report["other"]["rule"]["min_effect"]) == (0.1, 5)
    assert report["deliveries"][1]["performance"] is not None  # the champion on labels that it had not learned
    text = loans("monitor", "backtest", "solvency", "--set", "min_effect=5").stdout
    assert "min_effect" in text
    assert "0.1 → 5" in text
    refused = loans("monitor", "backtest", "solvency", "--set", "min_efect=5", expect=None)
    assert refused.returncode != 0
    assert "Did you mean 'min_effect'?" in refused.stderr
