"""Rows that are posted are read as the same rows in a file are."""

from __future__ import annotations

import csv
import json

from tests.line.factory import INPUTS, Factory

import shopfloor


def test_posted_rows_and_the_rows_of_a_file_are_the_same_content(factory: Factory) -> None:
    text = (INPUTS / "s0_train.csv").read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    start = factory.write("start.csv", "\n".join([header, *lines[:600], ""]))
    for dataset in ("filed", "posted"):
        assert factory.add(dataset, start, 600)["state"] == "committed"
    factory.add("filed", factory.write("more.csv", "\n".join([header, *lines[600:], ""])), 300)
    with shopfloor.open(factory.root) as workspace:
        answer = workspace.append("posted", rows[600:750])
    assert (answer.accepted, answer.rejected) == (150, 0)
    posted = "".join(json.dumps(row) + "\n" for row in rows[750:])
    factory("dataset", "append", "posted", "-", "--key", "rest", stdin=posted)
    factory("dataset", "append", "posted", "-", "--key", "rest", stdin=posted)
    factory.streamed["posted"] += 300
    factory.wait()
    assert factory.sql("SELECT count(*) FROM filed") == factory.sql("SELECT count(*) FROM posted") == [(900,)]
    assert factory.sql("(FROM filed EXCEPT ALL FROM posted) UNION ALL (FROM posted EXCEPT ALL FROM filed)") == []
    columns = [factory.json("dataset", "versions", dataset)[0]["columns"] for dataset in ("filed", "posted")]
    assert columns[0] == columns[1]


def test_a_posted_row_that_can_be_read_in_two_ways_is_rejected_in_the_answer(factory: Factory) -> None:
    factory.add("amounts", factory.write("amounts.csv", "nr;betrag\n1;1.234,56\n2;7,5\n"), 2)
    twice = '{"nr": 6, "nr": 7, "betrag": 1}'
    posts = [twice, '{"nr": 3, "betrag": "8.000"}', '{"nr": "4", "betrag": "8.000,5"}', '{"nr": 5, "betrag": 8.25}']
    refused = factory("dataset", "append", "amounts", "-", stdin="\n".join([*posts, ""]), expect=1)
    assert "betrag" in refused.stderr
    assert "8.000" in refused.stderr
    assert "there twice" in refused.stderr
    factory.streamed["amounts"] += 2
    factory.wait()
    assert factory.sql("FROM amounts ORDER BY nr") == [(1, 1234.56), (2, 7.5), (4, 8000.5), (5, 8.25)]
