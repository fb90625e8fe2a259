"""docs/definitions.md names every key that a team can write, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from shopfloor.domain.definition import Humility, ModelDefinition, Monitoring, Release, Retrain, Training, Value
from shopfloor.domain.record import Record
from shopfloor.workspace.settings import (
    EngineSettings,
    IntakeSettings,
    RetentionSettings,
    ServingSettings,
    StreamSettings,
)

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = (_DOCS / "definitions.md").read_text(encoding="utf-8")
_TABLES = {"intake.": IntakeSettings, "engine.": EngineSettings, "serving.": ServingSettings}


def _row(key: str, text: str = _PAGE) -> str:
    return next((line for line in text.splitlines() if line.startswith("|") and f"`{key}`" in line), "")


def _default(value: object) -> str:
    """As TOML has it; nothing for what is absent unless it is written."""
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return msgspec.json.encode(value).decode().replace(",", ", ")


@pytest.mark.parametrize("form", [Training, Release, Retrain, Monitoring, Value, Humility])
def test_every_key_of_a_table_stands_with_its_default(form: type[Record]) -> None:
    section = next(part for part in _PAGE.split("\n#") if f"[{form.__name__.lower()}]" in part.partition("\n")[0])
    for key in form.__struct_fields__:
        row, default = _row(key, section), _default(getattr(form(), key))
        assert row, key
        assert f"`{default}`" in row or not default, (key, default)


@pytest.mark.parametrize(
    ("prefix", "form"), [*_TABLES.items(), ("retention.", RetentionSettings)], ids=lambda each: str(each)[:9]
)
def test_every_setting_stands_with_its_default(prefix: str, form: type[Record]) -> None:
    for key in form.__struct_fields__:
        row, default = _row(prefix + key), _default(getattr(form(), key))
        assert row, prefix + key
        assert f"`{default}`" in row or not default, (key, default)


def test_every_key_of_a_definition_and_of_streams_is_explained() -> None:
    named = set(re.findall(r"`\[?([a-z_]+)\]?`|### \[([a-z]+)\]|\[([a-z]+)\]", _PAGE))
    told = {name for group in named for name in group if name}
    assert set(ModelDefinition.__struct_fields__) - told == set()
    streaming = (_DOCS / "streaming.md").read_text(encoding="utf-8")
    assert [key for key in StreamSettings.__struct_fields__ if key not in streaming] == []
