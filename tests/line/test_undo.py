"""What somebody did by the command line is taken back by it: the rules of a dataset, a setting, a discarded file."""

from __future__ import annotations

from tests.line.factory import Factory


def test_rules_settings_and_a_discarded_file_are_taken_back_unless_something_moved(factory: Factory) -> None:
    first = factory.json("dataset", "define", "ferries", "--mode", "append")
    assert "undo" not in first  # there is nothing to go back to
    back = factory.json("dataset", "define", "ferries", "--mode", "snapshot")["undo"]["command"]
    assert factory.json(*back.split()[1:])["verb"] == "dataset.define"
    assert factory.json("dataset", "contract", "ferries")["mode"] == "append"
    shown = factory("dataset", "define", "ferries", "--mode", "snapshot").stderr
    assert shown.splitlines()[-1].startswith("Undo: shopfloor undo ")
    assert factory.json("dataset", "contract", "ferries")["mode"] == "snapshot"
    planned = factory.json("undo", "--dry-run")
    assert (planned["verb"], planned["dry_run"]) == ("dataset.define", True)
    assert factory.json("dataset", "contract", "ferries")["mode"] == "snapshot"
    assert "Contract of ferries: as in revision 3" in factory("undo").stdout
    assert factory.json("dataset", "contract", "ferries")["mode"] == "append"
    assert factory.json("undo")["verb"] == "undo"  # an undo can be undone
    assert factory.json("dataset", "contract", "ferries")["mode"] == "snapshot"
    refused = factory("undo", str(planned["seq"]), expect=5)
    assert "cannot be undone, because" in refused.stderr

    kept = factory.json("config", "get", "retention.backups")
    factory("config", "set", "retention.backups", "11")
    assert "workspace.toml" in factory("undo").stdout
    assert factory.json("config", "get", "retention.backups") == kept

    table = factory.write("ferries.csv", "id,port\n1,Oslo\n2,Kiel\n")
    factory.add("ferries", table, 2)
    held = factory.add("ferries", factory.write("other.csv", "no,such,columns\n1,2,3\n"), 1)
    assert held["state"] == "quarantined"
    factory("file", "discard", held["id"])
    assert factory.file(held["id"])["state"] == "discarded"
    factory("undo")
    assert factory.file(held["id"])["state"] == "quarantined"
    trace = factory.json("lineage", held["id"])
    assert [one["state"] for one in trace["nodes"] if one["kind"] == "file"] == ["quarantined"]
    factory("file", "discard", held["id"])
    assert factory("undo", "999999", expect=4).stderr
