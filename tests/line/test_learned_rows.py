"""Which rows a model learns from: corrections count, copies do not, and no answer is hidden among the inputs."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.line.factory import Factory

ROWS, MANY = 600, 4000


def loans(seed: int, *, sign: int = 1, first: int = 0, count: int = ROWS) -> str:
    """Loans whose `lapsed` follows `debt`; with `sign` -1 the labels are those of the opposite."""
    draw = random.Random(seed)
    lines = ["loan,debt,age,lapsed"]
    for number in range(first, first + count):
        debt, age = draw.gauss(0, 1), draw.uniform(20, 70)
        lapsed = sign * (debt + draw.gauss(0, 0.8)) > 0
        lines.append(f"L{number},{debt:.4f},{age:.1f},{'yes' if lapsed else 'no'}")
    return "\n".join([*lines, ""])


def define(shop: Factory, model: str, dataset: str, *more: str) -> None:
    shop(
        "model", "define", model, "--dataset", dataset, "--target", "lapsed", "--id", "loan", "--positive", "yes",
        "--metric", "roc_auc", "--candidates", "linear", "--seed", "1", *more,
    )  # fmt: skip
    shop.wait()


def notes(shop: Factory, model: str) -> str:
    """What the newest training had to say."""
    run = shop.json("run", "list", "--model", model)[0]
    return " ".join(shop.json("run", "show", run["id"])["notes"])


def test_corrected_labels_are_counted_checked_and_learned(factory: Factory) -> None:
    factory("dataset", "define", "loans_upserted", "--mode", "upsert", "--key", "loan")
    assert factory.add("loans_upserted", factory.write("loans1.csv", loans(1)), ROWS)["state"] == "committed"
    define(factory, "lapses", "loans_upserted")
    before = factory.json("model", "show", "lapses")
    assert (before["champion"], before["versions"]) == (1, 1)
    file = factory.add("loans_upserted", factory.write("loans2.csv", loans(1, sign=-1)), ROWS)
    assert (file["rows"], file["changed_rows"]) == (ROWS, ROWS)
    version = factory.json("dataset", "versions", "loans_upserted")[0]
    assert (version["version"], version["added_rows"], version["changed_rows"]) == (2, 0, ROWS)
    assert "0 rejected; 600 earlier rows changed" in factory("file", "show", file["id"]).stdout
    assert "(0, 600 changed)" in factory("dataset", "show", "loans_upserted@2").stdout
    assert any("+0 rows, 600 changed, 600 in all" in event["message"] for event in factory.json("events"))
    assert factory.json("run", "list", "--model", "lapses")[0]["dataset_version"] == 2
    checks = [one for one in factory.json("monitor", "checks", "lapses") if one["check"] == "performance"]
    assert [(one["rows"], one["verdict"]) for one in checks] == [(ROWS, "shifted")]


def test_a_second_copy_of_the_same_ids_is_told_and_never_learned_twice(factory: Factory) -> None:
    factory("dataset", "define", "loans_appended", "--mode", "append")
    factory.add("loans_appended", factory.write("appended1.csv", loans(3)), ROWS)
    define(factory, "copied", "loans_appended")
    assert "repeat" not in notes(factory, "copied")
    first = rows_of(factory, "copied")
    factory.add(
        "loans_appended", factory.write("appended2.csv", loans(3) + loans(4, first=ROWS).split("\n", 1)[1]), 1200
    )
    assert "600 rows repeat the loan of another row: only the newest of each is learned from." in notes(
        factory, "copied"
    )
    assert rows_of(factory, "copied") == 2 * first == 2 * ROWS


def test_copies_are_on_one_side_of_the_split_and_told(factory: Factory) -> None:
    """The same rows six times under ids of their own: else a model is judged on rows that it has learned by heart."""
    header, *lines = loans(9, count=200).splitlines()
    rows = [f"C{copy}-{line}" for copy in range(6) for line in lines]
    factory.add("loans_sixfold", factory.write("sixfold.csv", "\n".join([header, *rows, ""])), 1200)
    define(factory, "sixfold", "loans_sixfold")
    told = "1,000 of 1,200 rows are copies of another: copies are on the same side of the split."
    assert told in notes(factory, "sixfold")
    assert rows_of(factory, "sixfold") == 1200


def test_a_time_column_orders_the_rows_or_is_refused_with_a_way_out(factory: Factory) -> None:
    """Weeks, years and seconds are time; a week number that comes again each year would be a random split."""
    draw = random.Random(5)
    lines = ["loan,debt,week,iso_week,second,lapsed"]
    for number in range(ROWS):
        week, debt = number // 6, draw.gauss(0, 1)
        day = date(2023, 1, 2) + timedelta(weeks=week)
        lapsed = "yes" if debt + draw.gauss(0, 0.8) > 0 else "no"
        second = int(datetime(day.year, day.month, day.day, number % 24, tzinfo=UTC).timestamp())
        lines.append(f"W{number},{debt:.4f},{day.isocalendar().week},{day:%G-W%V},{second},{lapsed}")
    factory.add("loans_weekly", factory.write("weekly.csv", "\n".join([*lines, ""])), ROWS)
    refused = factory(
        "model", "define", "weekly", "--dataset", "loans_weekly", "--target", "lapsed", "--time", "week", expect=None
    )
    assert refused.returncode != 0
    assert "its numbers, 1 to 52, come again every year" in refused.stderr
    assert "a year and week (2020-W53)" in refused.stderr
    for model, column in (("weekly_iso", "iso_week"), ("weekly_second", "second")):
        define(factory, model, "loans_weekly", "--time", column)
        job = next(one for one in factory.json("job", "list") if one["kind"] == "train" and one["subject"] == model)
        assert "300 of them judged in 3 blocks (time, 2023-12-" in factory("job", "log", job["id"]).stdout, column


def rows_of(shop: Factory, model: str) -> Any:
    """How many rows the newest training learned from."""
    job = next(one for one in shop.json("job", "list") if one["kind"] == "train" and one["subject"] == model)
    found = re.search(r"([\d,]+) rows learned, [\d,]+ of them judged", shop("job", "log", job["id"]).stdout)
    assert found is not None
    return int(found[1].replace(",", ""))


def leaky(seed: int) -> str:
    """Loans with a column that is only known once they have lapsed."""
    header, *lines = loans(seed, count=MANY).splitlines()
    draw = random.Random(seed)
    told = (f"{line},{draw.gauss(2 if line.endswith('yes') else 0, 1):.4f}" for line in lines)
    weak = (f"{line},{draw.gauss(0.4 if ',yes' in line else 0, 1):.4f}" for line in told)
    return "\n".join([header + ",dunned,calls", *weak, ""])


def test_a_leak_waits_for_a_persons_word_and_no_honest_model_has_to_beat_it(factory: Factory) -> None:
    factory.add("loans_leaky", factory.write("leaky.csv", leaky(6).replace(",debt,", ",noise,")), MANY)
    define(factory, "leaky", "loans_leaky", "--exclude", "noise")
    model = factory.json("model", "show", "leaky")
    assert (model["champion"], model["awaiting_approval"]) == (None, 1)
    reason = factory.json("model", "versions", "leaky")[0]["decision"]["reason"]
    assert "column 'dunned' alone reaches AUC 0.9" in reason
    assert "--known-before dunned" in reason
    factory("model", "define", "leaky", "--known-before", "dunned", "--no-train")
    factory("model", "train", "leaky")
    factory.wait()
    assert factory.json("model", "show", "leaky")["champion"] is not None
    define(factory, "leaky", "loans_leaky", "--exclude", "noise,dunned")
    newest = factory.json("model", "versions", "leaky")[0]
    assert newest["aliases"] == ["champion"], newest["decision"]
    assert "is no bar: it uses 'dunned', which the definition excludes; AUC" in newest["decision"]["reason"]


def test_a_model_that_is_defined_on_another_dataset_is_not_held_back_by_its_champion(factory: Factory) -> None:
    factory.add("loans_here", factory.write("here.csv", loans(7)), ROWS)
    define(factory, "moved", "loans_here")
    factory.add(
        "loans_there", factory.write("there.csv", loans(8, count=MANY).replace("loan,debt,", "loan,owed,")), MANY
    )
    define(factory, "moved", "loans_there")
    newest = factory.json("model", "versions", "moved")[0]
    assert newest["aliases"] == ["champion"], newest["decision"]
    assert "is no bar: it needs 'debt', which dataset loans_there does not have; AUC" in newest["decision"]["reason"]
