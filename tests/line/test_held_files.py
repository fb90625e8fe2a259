"""Files that wait for a person: what is told of them, and that the command of the hint brings them in."""

from __future__ import annotations

import random

from tests.line.factory import Factory


def shipments(first: int, rows: int, seed: int) -> list[str]:
    """Days first, thousands with points; a late shipment is a dear one, or one of haulier c."""
    source = random.Random(seed)
    lines = ["nr;tag;fracht;spedition;spaet"]
    for number in range(first, first + rows):
        cents, haulier = source.randint(10_000, 40_000_000), source.choice("abc")
        late = source.random() < 0.1 + 0.5 * (cents > 20_000_000) + 0.3 * (haulier == "c")
        fare = f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"
        lines.append(
            f"{number};{number % 28 + 1:02d}.{number % 12 + 1:02d}.2025;{fare};{haulier};{'ja' if late else 'nein'}"
        )
    return lines


def test_a_broken_file_is_named_mended_by_its_hint_learned_and_traced(factory: Factory) -> None:
    first = factory.add("shipments", factory.write("january.csv", "\n".join([*shipments(0, 600, 1), ""])), 600)
    factory(
        "model", "define", "spaet", "--dataset", "shipments", "--target", "spaet", "--id", "nr", "--positive", "ja",
        "--candidates", "linear", "--seed", "1",
    )  # fmt: skip
    factory.wait()
    lines = shipments(600, 600, 2)
    number, day, _, haulier, late = lines[100].split(";")
    lines[100] = f"{number};{day};k. A.;{haulier};{late}"
    held = factory.add("shipments", factory.write("february.csv", "\n".join([*lines, ""])), 600)
    reason = held["reason"]
    assert (held["state"], reason["code"], reason["line"], reason["column"]) == (
        "quarantined", "bad_value", 101, "fracht",
    )  # fmt: skip
    shown = factory("file", "show", held["id"]).stdout
    assert "101" in shown
    assert "fracht" in shown
    (node,) = [one for one in factory.json("lineage", held["id"])["nodes"] if one["kind"] == "file"]
    assert (node["state"], node["data"]["reason"]["line"]) == ("quarantined", 101)
    assert [run["dataset_version"] for run in factory.json("run", "list", "--model", "spaet")] == [1]

    mended = factory.hinted(held, "retry")
    assert (mended["state"], mended["rows"], mended["rejected_rows"], mended["version"]) == ("committed", 600, 0, 2)
    assert 'missing = ["k. A."]' in (factory.root / "datasets" / "shipments.toml").read_text()
    assert factory.sql(f"SELECT fracht FROM shipments WHERE nr = {number}") == [(None,)]
    assert factory.sql("SELECT count(*), count(fracht) FROM shipments") == [(1200, 1199)]

    runs = factory.json("run", "list", "--model", "spaet")
    assert [(run["state"], run["dataset_version"]) for run in runs] == [("succeeded", 2), ("succeeded", 1)]
    upward = factory.json("lineage", "model:spaet@2", "--up")
    files = {one["ref"]: one["data"]["path"] for one in upward["nodes"] if one["kind"] == "file"}
    assert files == {first["id"]: "inbox/shipments/january.csv", held["id"]: "inbox/shipments/february.csv"}
    downward = factory.json("lineage", held["id"], "--down")
    assert {"part", "dataset_version", "run", "model_version"} <= {one["kind"] for one in downward["nodes"]}


def stock(column: str, factor: float) -> str:
    rows = [f"{number},{('north', 'south', 'east')[number % 3]},{number * factor}" for number in range(60)]
    return "\n".join([f"id,{column},amount", *rows, ""])


def test_a_snapshot_from_before_is_held_until_a_person_takes_it(factory: Factory) -> None:
    factory("dataset", "define", "stock", "--mode", "snapshot")
    newer = factory.add("stock", factory.write("stock-2026-02-28.csv", stock("region", 2)), 60)
    older = factory.add("stock", factory.write("stock-2026-01-31.csv", stock("region", 1)), 60)
    assert (newer["state"], older["state"], older["reason"]["code"]) == ("committed", "quarantined", "older_snapshot")
    assert factory.sql("SELECT count(*), sum(amount) FROM stock") == [(60, 2 * 1770)]
    assert factory.hinted(older, "accept")["state"] == "committed"
    assert factory.sql("SELECT count(*), sum(amount) FROM stock") == [(60, 1770)]
    assert factory.sql('SELECT sum(amount) FROM "stock@1"') == [(2 * 1770,)]


def test_a_renamed_column_is_offered_and_mapped_for_all_that_follow(factory: Factory) -> None:
    factory.add("branches", factory.write("branches-1.csv", stock("region", 1)), 60)
    held = factory.add("branches", factory.write("branches-2.csv", stock("area", 2)), 60)
    assert (held["state"], held["reason"]["code"]) == ("quarantined", "columns_changed")
    assert "--rename area=region" in held["reason"]["hint"]
    assert factory.hinted(held, "retry")["state"] == "committed"
    assert factory.add("branches", factory.write("branches-3.csv", stock("area", 3)), 60)["state"] == "committed"
    assert factory.sql("SELECT region, count(*), sum(amount) FROM branches GROUP BY 1 ORDER BY 1") == [
        ("east", 60, 6 * 610), ("north", 60, 6 * 570), ("south", 60, 6 * 590),
    ]  # fmt: skip


def test_a_header_among_the_rows_is_held_and_left_out_by_the_command_it_names(factory: Factory) -> None:
    lines = ["shop,note", *(f"s{n},note {n}" for n in range(30))]
    both = factory.write("notes.csv", "\n".join([*lines, "Shop,Note", *lines[1:5], ""]))
    held = factory.add("memos", both, 35)
    assert (held["state"], held["reason"]["code"], held["reason"]["line"]) == ("quarantined", "header_repeated", 32)
    taken = factory.hinted(held, "accept")
    assert (taken["state"], taken["rows"], taken["rejected_rows"]) == ("committed", 34, 1)


def test_what_was_noted_about_a_file_is_counted_in_the_list_and_shown(factory: Factory) -> None:
    text = "shop,units\nA,3\nB,?\nC,5\nTotal,8\n"
    file = factory.add("noted", factory.write("noted.csv", text), 4)
    assert any("totals row" in notice for notice in file["notices"])
    assert any("Read as missing" in notice for notice in file["notices"])
    (listed,) = [one for one in factory.json("file", "list") if one["id"] == file["id"]]
    assert listed["notices"] == file["notices"]
    assert "NOTICES" in factory("file", "list", "--dataset", "noted").stdout.splitlines()[0]
    assert factory("file", "show", file["id"]).stdout.count("notice") >= len(file["notices"])
