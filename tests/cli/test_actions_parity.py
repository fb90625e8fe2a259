"""The registry and the command line agree: the printed equivalent asks the very same question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.cli import samples
from tests.cli.recording import RecordingClient

from shopfloor.actions.action import Action
from shopfloor.actions.registry import ALL, by_name
from shopfloor.cli.main import run
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.trust import DeliveryTrust, Trust

ASKING = [action for action in ALL if action.asks_engine]
MOVING = [action for action in ALL if not action.asks_engine and action.cli]
BROKEN = DeliveryTrust(dataset="flights", version=2, trust=Trust.BROKEN, decided_at=samples.VERSION.created_at)
RECORDS: tuple[Record, ...] = (
    samples.MODEL,
    samples.LOWERED_MODEL,
    samples.MODEL_VERSION,
    samples.VERSION,
    msgspec.structs.replace(samples.VERSION, trust=BROKEN),
    samples.DATASET,
    samples.ALERT,
    samples.FAILED_JOB,
    samples.JOB,
    *samples.FILES,
    msgspec.structs.replace(samples.FILES[-1], corrects="f0"),
)


def arguments(line: str) -> list[str]:
    import shlex

    words = shlex.split(line)
    assert words[0] == "shopfloor"
    return words[1:]


def texts(action: Action, folder: Path) -> dict[str, str]:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    known = {
        "until": tomorrow, "mode": "upsert", "schema_policy": "strict", "task": "binary", "release": "approval",
        "key": "a,b", "segment_by": "a", "exclude": "b,c", "path": str(folder / "rows.csv"),
        "output": str(folder / "out.csv"), "name": "churn", "dataset": "customers", "skip_lines": "2",
        "reject_budget": "0.01", "keep": "yes", "corrected": "supersede", "repeated": "yes", "originals": "delete",
        "min_rows": "5", "max_rows": "50", "band": "0.5", "fresh_hours": "26", "decimal": ",",
        "seq": "12", "dry_run": "yes", "by": "day", "kind": "people", "amount": "12.5", "at": "2026-01-05",
        "threshold": "0.3",
    }  # fmt: skip
    return {each.name: known.get(each.name, f"{each.name} it's") for each in action.inputs}


def usable(action: Action) -> Record | None:
    if not action.records:
        return None
    return next(record for record in RECORDS if action.unavailable(record) is None)


@pytest.mark.parametrize("full", [True, False], ids=["all fields", "required fields"])
@pytest.mark.parametrize("action", ASKING, ids=lambda action: action.name)
def test_the_command_line_asks_what_the_action_asks(
    action: Action,
    full: bool,
    engine: Callable[..., RecordingClient],
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    looks = iter([True])  # an engine runs until it is told to stop
    monkeypatch.setattr("shopfloor.client.start.engine_running", lambda root: next(looks, False))
    rows = workspace / "rows.csv"
    if action.name in {"model.predict", "model.import"}:
        rows.write_text("a\n1\n", encoding="utf-8")
    client = engine({"model.definition": NotFoundError("There is no such model.")})
    record = usable(action)
    needed = {each.name for each in action.inputs if each.required}
    inputs = {name: text for name, text in texts(action, workspace).items() if full or name in needed}
    line = action.command(record, inputs)
    assert run(arguments(line)) in (0, 1), line
    assert "Internal error" not in capsys.readouterr().err, "it has no output format"
    wanted = action.request(record, inputs)
    assert wanted in client.asked, (line, client.asked)
    assert [each for each in client.asked if isinstance(each, Mutation)] == (
        [wanted] if isinstance(wanted, Mutation) else []
    )


@pytest.mark.parametrize("action", MOVING, ids=lambda action: action.name)
def test_panes_have_a_command_line_too(action: Action, engine: Callable[..., RecordingClient]) -> None:
    client = engine()
    assert run(arguments(action.command(None))) == 0
    assert client.asked
    assert not any(isinstance(each, Mutation) for each in client.asked)


def test_help_of_a_command_is_the_help_of_its_action(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "promote", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert by_name("model.promote").help in shown


def test_the_sample_records_cover_every_kind_an_action_takes() -> None:
    for action in ASKING:
        assert not action.records or usable(action) is not None
    assert msgspec.structs.asdict(samples.MODEL)
