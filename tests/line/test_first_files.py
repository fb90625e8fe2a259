"""Files as other systems write them, from the drop folder to `sql`."""

from __future__ import annotations

import json

import pytest
from tests.line.factory import INPUTS, Factory

WAVES = (
    (
        ("notes", "p5o_1.csv", 2), ("customers", "p5_case_1.csv", 2), ("rebates", "p3c_1.csv", 20),
        ("nulls", "p3n_nulls_1.parquet", 20), ("plans", "p2_mysql.csv", 60), ("tickets", "p1_spark.csv", 5),
        ("filings", "p10_mon.csv", 3),
    ),
    (
        ("notes", "p5o_2.csv", 2), ("customers", "p5_case_2.csv", 2), ("rebates", "p3c_2.csv", 20),
        ("nulls", "p3n_nulls_2.parquet", 20), ("plans", "p2_mysql_later.csv", 60), ("tickets", "p1_spark_mild.csv", 2),
        ("filings", "p10_mon2.csv", 3),
    ),
    (("notes", "p5o_3.csv", 2),),
)  # fmt: skip


@pytest.fixture(scope="module")
def waves(opened: Factory) -> None:
    """Files that come one after the other to their datasets; nothing of them is held or left out."""
    for wave in WAVES:
        for dataset, name, rows in wave:
            opened.deliver(dataset, INPUTS / name, rows)
        opened.wait()
    came = {dataset for wave in WAVES for dataset, _, _ in wave}
    files = [file for file in opened.json("file", "list") if file["dataset"] in came]
    assert {(file["state"], file["rejected_rows"]) for file in files} == {("committed", 0)}
    assert len(files) == sum(map(len, WAVES))


def types(factory: Factory, dataset: str) -> dict[str, str]:
    newest = factory.json("dataset", "versions", dataset)[0]
    return {column["name"]: column["type"] for column in newest["columns"]}


@pytest.mark.usefixtures("waves")
def test_a_column_in_another_case_keeps_its_values(factory: Factory) -> None:
    assert factory.sql("SELECT id, v, Note FROM notes ORDER BY id") == [
        (1, 2.5, None), (2, 3.5, None), (3, 2.5, "hello"), (4, 3.5, "there"), (5, 2.5, "lost?"), (6, 3.5, "gone?"),
    ]  # fmt: skip
    assert list(types(factory, "notes")) == ["id", "v", "Note"]
    factory.add("notes", factory.write("notes.jsonl", '{"ID": 7, "V": 0.5, "NOTE": "loud"}\n'), 1)
    assert factory.sql("SELECT v, note FROM notes WHERE id = 7") == [(0.5, "loud")]


@pytest.mark.usefixtures("waves")
def test_a_header_in_another_case_is_the_same_header(factory: Factory) -> None:
    assert factory.sql("SELECT CustomerId, Amount, Region FROM customers ORDER BY 1") == [
        (1, 5.5, "north"), (2, 6.5, "south"), (3, 7.5, "north"), (4, 8.5, "south"),
    ]  # fmt: skip


def test_two_names_that_differ_in_case_hold_the_file(factory: Factory) -> None:
    held = factory.add("twins", factory.write("twins.csv", "id,note,Note\n1,a,b\n"), 1)
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "case_collision", 1)
    factory("file", "discard", held["id"], "--reason", "a test")


def test_an_unclosed_quote_holds_the_file_whatever_the_budget_and_whoever_accepts(factory: Factory) -> None:
    lines = [f'{number},{number % 90},"remark {number}"' for number in range(1000)]
    broken = [*lines[:600], '600,60,"a 24 inch monitor', *lines[601:]]
    factory("dataset", "define", "remarks", "--reject-budget", "0.01")
    factory.add("remarks", factory.write("first.csv", 'id,size,remark\n-1,5,"first"\n'), 1)
    held = factory.add("remarks", factory.write("broken.csv", "\n".join(["id,size,remark", *broken, ""])), 1000)
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "bad_quote", 602)
    factory("file", "accept", held["id"])
    factory.wait()
    held = factory.file(held["id"])
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "bad_quote", 602)
    assert factory.sql("SELECT count(*) FROM remarks") == [(1,)]
    mended = factory.add("remarks", factory.write("mended.csv", "\n".join(["id,size,remark", *lines, ""])), 1000)
    assert (mended["rows"], mended["rejected_rows"]) == (1000, 0)
    assert factory.sql("SELECT count(DISTINCT id), count(remark) FROM remarks") == [(1001, 1001)]


@pytest.mark.usefixtures("waves")
def test_a_type_is_not_pinned_before_the_first_value(factory: Factory) -> None:
    assert types(factory, "rebates") == {"order": "integer", "rebate": "number", "paid_on": "date"}
    assert types(factory, "nulls") == {"order": "integer", "rebate": "number"}
    expected = sum(5.0 + 0.25 * number for number in range(20))
    answer = factory.sql("SELECT count(*), sum(rebate), min(paid_on) FROM rebates")
    days = [line.split(",")[2] for line in (INPUTS / "p3c_2.csv").read_text().splitlines()[1:]]
    assert answer == [(40, expected, min(days))]
    assert factory.sql("SELECT count(*), sum(rebate) FROM nulls") == [(40, 25.0)]


@pytest.mark.usefixtures("waves")
def test_a_missing_word_of_a_database_is_no_text(factory: Factory) -> None:
    assert types(factory, "plans") == {
        "id": "integer", "plan": "text", "age": "integer", "fee": "number", "last_login": "timestamp",
    }  # fmt: skip
    written = (INPUTS / "p2_mysql.csv").read_text() + (INPUTS / "p2_mysql_later.csv").read_text()
    rows = [line.split(",") for line in written.splitlines() if not line.startswith("id")]
    ages = [int(row[2]) for row in rows if row[2] != r"\N"]
    logins = [row[4] for row in rows if row[4] != r"\N"]
    answer = factory.sql("SELECT count(age), sum(age), count(last_login) FROM plans")
    assert answer == [(len(ages), sum(ages), len(logins))]
    assert len(ages) < len(rows)


@pytest.mark.usefixtures("waves")
def test_a_backslash_escapes_quotes(factory: Factory) -> None:
    assert factory.sql("SELECT remark FROM tickets ORDER BY ticket, remark") == [
        ('Clerk said "wait here", then left',), ('ends with inch 12"',), ("fine",), ("plain",), ('a 24" monitor',),
        ('ends with inch 12"',), ("no, thanks",),
    ]  # fmt: skip


@pytest.mark.usefixtures("waves")
def test_month_names_are_dates(factory: Factory) -> None:
    assert types(factory, "filings") == {"filing": "text", "filed_on": "date"}
    days = factory.sql("SELECT filed_on, count(*) FROM filings GROUP BY 1 ORDER BY 1")
    assert days == [("2025-10-31", 2), ("2025-11-01", 2), ("2025-12-15", 2)]


def test_the_command_that_a_preamble_names_brings_the_file_in(factory: Factory) -> None:
    held = factory.add("pumps", INPUTS / "p7_preamble.csv", 3)
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "header_below", 3)
    mended = factory.hinted(held, "retry")
    assert (mended["state"], mended["rows"]) == ("committed", 3)
    assert factory.sql("SELECT sum(pump), sum(COLUMNS('^flow')) FROM pumps") == [(4, 61.0)]


def test_two_exports_in_one_file_are_held_first_or_later(factory: Factory) -> None:
    header, rows = "id,amount", [f"{number},{number * 1.5}" for number in range(90)]
    both = factory.write("both.csv", "\n".join([header, *rows[:50], "\ufeff" + header, *rows[50:], ""]))
    held = factory.add("exports", both, 90)
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "header_repeated", 52)
    factory.add("exports", factory.write("one.csv", "\n".join([header, *rows[:50], ""])), 50)
    factory("file", "retry", held["id"])
    factory.wait()
    assert factory.file(held["id"])["reason"]["line"] == 52
    assert types(factory, "exports") == {"id": "integer", "amount": "number"}


def test_a_totals_row_is_left_out_and_counted(factory: Factory) -> None:
    rows = [(f"s{number}", number * 1.25 + 3, number % 7) for number in range(60)]
    amount, pieces = sum(row[1] for row in rows), sum(row[2] for row in rows)
    lines = ["shop,amount,pieces", *(f"{shop},{a},{p}" for shop, a, p in rows), f"Total,{amount},{pieces}", ""]
    file = factory.add("shops", factory.write("shops.csv", "\n".join(lines)), 61)
    assert (file["state"], file["rows"], file["rejected_rows"]) == ("committed", 60, 1)
    (reject,) = factory.json("file", "rejects", file["id"])
    assert (reject["code"], reject["line"]) == ("totals_row", 62)
    assert factory.sql("SELECT sum(amount), sum(pieces) FROM shops") == [(amount, pieces)]


@pytest.mark.parametrize("budget", ["0", "0.01"])
def test_a_bad_json_line_is_one_row_at_fault(factory: Factory, budget: str) -> None:
    dataset = f"lines_{budget.replace('.', '')}"
    factory("dataset", "define", dataset, "--reject-budget", budget)
    lines = [json.dumps({"id": number, "v": number * 0.5}) for number in range(100)]
    lines[41] = '{"id": 41, "v": '
    file = factory.add(dataset, factory.write(f"{dataset}.jsonl", "\n".join([*lines, ""])), 100)
    if budget == "0":
        assert (file["state"], file["reason"]["code"], file["reason"]["line"]) == ("quarantined", "json_malformed", 42)
        file = factory.hinted(file, "accept")
    assert (file["state"], file["rows"], file["rejected_rows"]) == ("committed", 99, 1)
    assert factory.sql(f"SELECT count(*), sum(v) FROM {dataset}") == [(99, (99 * 50 - 41) * 0.5)]
