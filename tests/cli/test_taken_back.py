"""What takes a change back: the last line of its command, the last key of its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.actions.test_registry import mutations
from tests.cli.recording import RecordingClient

from shopfloor.cli.main import run
from shopfloor.client.connection import Undoable
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.requests.workspace import ConfigSet, ExpectedRow, Inverse

Engine = Callable[..., RecordingClient]

INVERSE = Inverse(
    command="shopfloor undo 7", seq=7, expects=(ExpectedRow(table="aliases", key=("m", "champion"), seq=7),)
)
COMMANDS = {
    "alert.ack": "alert ack a2",
    "alert.snooze": "alert snooze a2 --for 1d",
    "alert.resolve": "alert resolve a2",
    "model.promote": "model promote late@2 --reason better",
    "model.approve": "model approve late@2",
    "model.reject": "model reject late@2",
    "model.reject-lowering": "model reject-lowering late",
    "model.rollback": "model rollback late-arrival",
    "model.retire": "model retire late-arrival",
    "model.define": "model define late-arrival --seed 9",
    "model.threshold": "model threshold late-arrival 0.4",
    "model.cost": "model cost late-arrival 20 --for people",
    "model.test_answer": "model test-score late-arrival --answer D5=.5",
    "dataset.define": "dataset define flights --mode append",
    "dataset.rollback": "dataset rollback flights@1",
    "dataset.trust": "dataset trust flights@1",
    "file.discard": "file discard f3",
    "undo": "undo",
}


def test_every_mutation_that_can_be_taken_back_has_a_command_here() -> None:
    others = {ConfigSet.verb}  # asks the engine itself, below
    assert set(COMMANDS) | others == {kind.verb for kind in mutations() if not kind.irreversible}


@pytest.mark.parametrize("verb", COMMANDS)
def test_it_is_the_last_line_and_the_last_key(verb: str, engine: Engine, capsys: Any) -> None:
    client = engine()
    words = COMMANDS[verb].split()
    assert run(words) == 0
    assert client.asked[-1].verb == verb
    assert "Undo:" not in capsys.readouterr().err
    client.undo = INVERSE
    assert run(words) == 0
    shown = capsys.readouterr()
    assert shown.err.endswith("Undo: shopfloor undo 7\n")
    assert "shopfloor undo" not in shown.out
    assert run([*words, "--json"]) == 0
    shown = capsys.readouterr()
    assert "Undo:" not in shown.err
    document = json.loads(shown.out)
    assert list(document)[-1] == "undo"
    assert msgspec.convert(document["undo"], Inverse) == INVERSE


def test_a_setting_too(workspace: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    class Setting(RecordingClient):
        def do(self, request: Mutation[Any], *, timeout: float = 30.0) -> Undoable[Any]:
            return Undoable(None, INVERSE)

        def __enter__(self) -> Setting:
            return self

        def __exit__(self, *error: object) -> None:
            pass

    monkeypatch.setattr("shopfloor.client.setup.engine_running", lambda root: True)
    monkeypatch.setattr("shopfloor.client.setup.EngineClient", lambda root, socket: Setting(root))
    assert run(["config", "set", "retention.backups", "3"]) == 0
    assert capsys.readouterr().err.endswith("Undo: shopfloor undo 7\n")
