"""The `:` line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli import samples

from shopfloor.actions.action import SET, InputKind
from shopfloor.actions.command import completions, parse_command
from shopfloor.actions.registry import ALL, by_name
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.workspace import Doctor


@pytest.mark.parametrize(
    ("line", "name", "target", "inputs"),
    [
        (":q", "app.quit", "", {}),
        ("quit", "app.quit", "", {}),
        (":runs failed", "go.experiments", "", {"query": "failed"}),
        (":ds customers@3", "go.datasets", "", {"query": "customers@3"}),
        (":models", "go.models", "", {}),
        (":model show churn", "go.models", "", {"query": "churn"}),
        (":model list", "go.models", "", {}),
        (":status", "go.home", "", {}),
        (":w file.csv", "view.export", "", {"path": "file.csv"}),
        (":filter state:failed", "view.filter", "", {"query": "state:failed"}),
        (":lineage r7", "lineage.show", "r7", {}),
        (":model promote churn@3", "model.promote", "churn@3", {}),
        (":promote", "model.promote", "", {}),
        (':shopfloor model promote churn@3 --reason "a b"', "model.promote", "churn@3", {"reason": "a b"}),
        (":ack a2 --note=mine", "alert.ack", "a2", {"note": "mine"}),
        (":alert snooze a2 --until 4h", "alert.snooze", "a2", {"until": "4h"}),
        (":predict churn in.csv -o out.csv", "model.predict", "churn", {"path": "in.csv", "output": "out.csv"}),
        (
            ":file retry f2 --keep --delimiter ;",
            "file.retry",
            "f2",
            {"keep": "yes", "delimiter": ";"},
        ),
        (":doctor", "workspace.doctor", "", {}),
        (":doctor --repair", "workspace.repair", "", {}),
        (":dataset define flights --schema-policy strict", "dataset.define", "flights", {"schema_policy": "strict"}),
        (
            ":model define late --dataset flights --target late",
            "model.define",
            "",
            {"name": "late", "dataset": "flights", "target": "late"},
        ),
    ],
)  # fmt: skip
def test_understands(line: str, name: str, target: str, inputs: dict[str, str]) -> None:
    command = parse_command(line)
    assert (command.action.name, command.target, command.inputs) == (name, target, inputs)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (":", "Type a command"),
        (":modl list", "model list"),
        (":model promot churn", "model promote"),
        (":retry f1", "file retry or job retry"),
        (":model promote churn@3 --raeson x", "--reason"),
        (":model promote churn@3 more", "Usage: shopfloor model promote"),
        (":model promote 'churn", "quotation"),
    ],
)
def test_mistakes_say_what_would_be_right(line: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(line)
    assert hint in str(caught.value)


def test_an_option_needs_its_value() -> None:
    with pytest.raises(UsageError, match="needs a value"):
        parse_command(":model promote churn@3 --reason")


def test_what_is_understood_can_be_asked() -> None:
    assert parse_command(":doctor --repair").action.request(None) == Doctor(repair=True)


RECORDS = [samples.MODEL, samples.MODEL_VERSION, samples.VERSION, samples.DATASET, samples.ALERT,
           samples.JOB, samples.FAILED_JOB, samples.FILES[0]]  # fmt: skip


@given(st.sampled_from([each for each in ALL if each.asks_engine]), st.data())
def test_every_command_line_is_understood_as_what_it_came_from(action, data) -> None:  # type: ignore[no-untyped-def]
    """What the screen prints as the equivalent command is the same action when typed at `:`."""
    record = next((each for each in RECORDS if action.records and action.fits(each)), None)
    words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
    texts = words.filter(lambda text: not text.startswith("-"))
    inputs = {
        each.name: SET if each.kind is InputKind.FLAG else data.draw(texts)
        for each in action.inputs
        if each.required or data.draw(st.booleans())
    }  # fmt: skip
    command = parse_command(":" + action.command(record, inputs))
    assert command.action.name == action.name
    assert command.target == action.target(record)
    assert command.inputs == inputs


@given(st.text(max_size=60))
def test_any_line_is_understood_or_refused_politely(line: str) -> None:
    try:
        told = parse_command(line).action.name
    except UsageError as refusal:
        told = refusal.message
    assert told


def test_completions_are_all_understood() -> None:
    for line in completions():
        assert parse_command(line).action in ALL
    assert "model promote" in completions()
    assert by_name("model.promote") is parse_command("promote").action


def test_a_noun_is_read_though_a_command_ends_with_it() -> None:
    command = parse_command("run show r99")
    assert (command.action.name, command.inputs) == ("go.experiments", {"query": "r99"})
