"""A team's own command hears of what needs people, and it is shown while it cannot be told."""

from __future__ import annotations

import json

from tests.line.factory import Factory
from tests.waiting import until


def test_a_held_file_reaches_the_command_once_that_works(factory: Factory) -> None:
    """The pager is away at first: the file is shown as undelivered, and told when it is back."""
    told, pager = factory.folder / "told.json", factory.folder / "pager.sh"
    settings = factory.root / "workspace.toml"
    before = settings.read_text()
    rule = f'name = "pager"\ncommand = ["sh", "{pager}"]\nsubjects = ["mahnungen"]\nevery_seconds = 0.2\n'
    settings.write_text(f"{before}\n[[notify]]\n{rule}")
    try:
        factory("config", "set", "intake.stalled_minutes", "31.0")  # the engine reads the file now, and knows the rule
        held = factory.add("mahnungen", factory.write("mahnung.csv", 'id,betrag\n1,"2\n'), 0)
        assert held["state"] == "quarantined"
        (waiting,) = until(lambda: factory.json("status")["undelivered"])
        assert (waiting["rule"], waiting["events"]) == ("pager", 1)
        assert "the command ended with" in waiting["error"]
        assert "not delivered" in factory("status").stdout
        found = factory.json("doctor", expect=1)["findings"]
        assert [each["ok"] for each in found if each["check"] == "notify"] == [False]
        pager.write_text(f"cat > {told}.part && mv {told}.part {told}\n")
        factory("config", "set", "intake.stalled_minutes", "30.0")  # settings that are read again end the pause
        until(told.exists)
        message = json.loads(told.read_text())
        (event,) = message["events"]
        assert (event["kind"], event["data"]["file"], event["severity"]) == ("file.quarantined", held["id"], "warning")
        assert event["seq"] == message["seq"] == waiting["first_seq"]
        until(lambda: not factory.json("status")["undelivered"])
    finally:
        settings.write_text(before)
    factory("file", "discard", held["id"])
