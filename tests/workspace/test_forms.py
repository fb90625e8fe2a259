"""The team's text files: what is wrong is named by file, key and the nearest valid key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.column_names import fold
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import (
    Arrival,
    Completeness,
    Condition,
    Contract,
    Corrected,
    Freshness,
    Mode,
    Originals,
    Parser,
    Rule,
    RuleSeverity,
    SchemaPolicy,
    Volume,
)
from shopfloor.domain.definition import ModelDefinition, Release, ReleasePolicy, Task, Training, Value
from shopfloor.domain.errors import ConfigError, RefusedError, UsageError
from shopfloor.statistics import metrics
from shopfloor.workspace import contracts, definitions, template
from shopfloor.workspace import settings as forms
from shopfloor.workspace.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return template.init_workspace(tmp_path / "w")


def test_a_new_workspace_is_valid_and_made_once(layout: Layout) -> None:
    assert forms.load_settings(layout) == forms.Settings(name="w")
    with pytest.raises(RefusedError, match="already a workspace"):
        template.init_workspace(layout.root)


def test_an_unknown_key_names_the_nearest(layout: Layout) -> None:
    layout.settings.write_text("[intake]\nsettle_second = 3\n")
    with pytest.raises(ConfigError, match=r"intake\.settle_second") as caught:
        forms.load_settings(layout)
    assert "settle_seconds" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[intake\n", "not valid TOML"),
        ("[intake]\nsettle_seconds = 'x'\n", "intake.settle_seconds"),
        ("[intake]\nsettle_seconds = -1\n", "above zero"),
        ("[engine]\nbackend = 'spark'\n", "engine.backend"),
        ("[engine]\nbackend = 'dask'\n", "engine.scheduler"),
        ("[intake]\noriginals = 'burn'\n", "intake.originals"),
    ],
)
def test_a_wrong_value_names_its_key(layout: Layout, text: str, said: str) -> None:
    layout.settings.write_text(text)
    with pytest.raises(ConfigError, match=said):
        forms.load_settings(layout)


def test_setting_a_key_keeps_the_comments(layout: Layout) -> None:
    layout.settings.write_text("# mine\n[intake]\n# why\nsettle_seconds = 1.0 # short\n")
    forms.set_setting(layout, "intake.settle_seconds", "4")
    forms.set_setting(layout, "engine.workers", "3")
    text = layout.settings.read_text()
    assert "# mine" in text
    assert "# why" in text
    assert forms.load_settings(layout).intake.settle_seconds == 4.0
    assert forms.get_setting(layout, "engine.workers") == 3


def test_a_bad_setting_is_not_written(layout: Layout) -> None:
    before = layout.settings.read_text()
    with pytest.raises(ConfigError):
        forms.set_setting(layout, "intake.settle_seconds", "-3")
    with pytest.raises(ConfigError, match="no setting"):
        forms.set_setting(layout, "intake.nope", "3")
    assert layout.settings.read_text() == before


_names = st.from_regex(r"[a-zA-Zäö \[\]\"'.=#/]{1,12}", fullmatch=True)
_columns = st.lists(
    st.builds(Column, name=_names, type=st.sampled_from(ColumnType), nullable=st.booleans(), optional=st.booleans()),
    unique_by=lambda c: fold(c.name),
    max_size=5,
)


_conditions = st.lists(
    st.builds(Condition, sql=_names, name=_names, severity=st.sampled_from(RuleSeverity)), max_size=3
)
_tables = st.fixed_dictionaries(
    {},
    optional={
        "volume": st.builds(Volume, min_rows=st.none() | st.integers(0, 9), band=st.none() | st.just(0.5)),
        "freshness": st.builds(Freshness, hours=st.sampled_from([0.0, 26.0])),
        "parser": st.builds(
            Parser, delimiter=st.sampled_from(["", ";", "\t"]), encoding=st.sampled_from(["", "latin-1"])
        ),
        "arrival": st.builds(
            Arrival,
            complete=st.sampled_from(Completeness),
            corrected=st.sampled_from(Corrected),
            originals=st.none() | st.sampled_from(Originals),
            follow=st.lists(_names, max_size=2).map(tuple),
        ),
    },
)


@settings(max_examples=60, deadline=None)
@given(before=_tables, after=_tables, conditions=_conditions)
def test_contracts_say_all_that_they_hold(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, Any],
    after: dict[str, Any],
    conditions: list[Condition],
) -> None:
    layout = Layout(tmp_path_factory.mktemp("w"))
    first = Contract(name="d", columns=(Column(name="a", type=ColumnType.TEXT),), **before)
    contracts.save_contract(layout, first)
    assert contracts.load_contract(layout, "d") == first
    second = Contract(
        name="d", key=("a",), columns=first.columns, conditions=tuple(conditions), reject_budget=0.5, **after
    )
    contracts.save_contract(layout, second)
    assert contracts.load_contract(layout, "d") == second


@settings(max_examples=60, deadline=None)
@given(columns=_columns, mode=st.sampled_from([Mode.APPEND, Mode.SNAPSHOT]), policy=st.sampled_from(SchemaPolicy))
def test_contracts_round_trip(
    tmp_path_factory: pytest.TempPathFactory, columns: list[Column], mode: Mode, policy: SchemaPolicy
) -> None:
    layout = Layout(tmp_path_factory.mktemp("w"))
    rules = tuple(Rule(column=column.name, not_null=True) for column in columns if not column.nullable)
    contract = Contract(name="d", mode=mode, schema_policy=policy, columns=tuple(columns), rules=rules)
    contracts.save_contract(layout, contract)
    assert contracts.load_contract(layout, "d") == contract
    contracts.save_contract(layout, contract)
    assert contracts.load_contract(layout, "d") == contract


def test_definitions_round_trip_and_keep_comments(layout: Layout) -> None:
    definition = ModelDefinition(
        name="late",
        dataset="flights",
        target="y",
        task=Task.BINARY,
        exclude=("a b",),
        training=Training(candidates=("linear",), seed=4),
        release=Release(policy=ReleasePolicy.APPROVAL),
        value=Value(unit="EUR", true_positive=2),
    )
    definitions.save_definition(layout, definition, metrics.find)
    path = layout.definition("late")
    path.write_text("# a note\n" + path.read_text())
    assert definitions.load_definition(layout, "late", metrics.find) == definition
    definitions.save_definition(layout, ModelDefinition(name="late", dataset="flights", target="y"), metrics.find)
    assert definitions.load_definition(layout, "late", metrics.find) == ModelDefinition(
        name="late", dataset="flights", target="y"
    )
    assert "# a note" in path.read_text()


def test_a_definition_that_cannot_work_names_the_key(layout: Layout) -> None:
    layout.definition("m").write_text("dataset = 'd'\ntarget = 't'\n[training]\nholdout = 2.0\n")
    with pytest.raises(ConfigError, match=r"training\.holdout"):
        definitions.load_definition(layout, "m", metrics.find)
    layout.definition("m").write_text("dataset = 'd'\ntarget = 't'\ntarget_column = 't'\n")
    with pytest.raises(ConfigError, match="target_column") as caught:
        definitions.load_definition(layout, "m", metrics.find)
    assert "target" in caught.value.hint


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("training", "budget_seconds", "-5.0"),
        ("training", "window_days", "-1"),
        ("retrain", "cooldown_minutes", "-1.0"),
        ("release", "refresh_days", "-1"),
        ("monitoring", "min_rows", "0"),
        ("monitoring", "false_discovery_rate", "2.0"),
    ],
)
def test_a_figure_without_meaning_is_refused_with_what_it_must_be(
    layout: Layout, table: str, key: str, value: str
) -> None:
    layout.definition("m").write_text(f"dataset = 'd'\ntarget = 't'\n[{table}]\n{key} = {value}\n")
    with pytest.raises(ConfigError, match=rf"{table}\.{key}") as caught:
        definitions.load_definition(layout, "m", metrics.find)
    assert "It must be" in caught.value.hint


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be created") as caught:
        template.init_workspace(tmp_path / "file" / "ws")
    assert "shopfloor init" in caught.value.hint


def test_a_long_workspace_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("x" * 60) / ("y" * 60))
    assert len(str(deep.socket)) <= 107


def test_contract_keeps_parser_and_formats(layout: Layout) -> None:
    contract = Contract(
        name="d",
        columns=(
            Column(name="day", type=ColumnType.DATE, format="%d/%m/%Y"),
            Column(name="x", type=ColumnType.NUMBER, format="1.234,56", optional=True),
        ),
        parser=Parser(delimiter="\t", quote="none", skip_lines=2),
    )
    contracts.save_contract(layout, contract)
    assert contracts.load_contract(layout, "d") == contract
    for wrong, said in (
        ('[columns]\na = { type = "integer", format = "%d/%m/%Y" }', "says nothing about integer columns"),
        ('[columns]\na = { type = "date", format = "%d/%m" }', "says nothing"),
        ('[parser]\nencoding = "klingon"', "no text encoding"),
        ('[parser]\ndelimiter = "::"', "one character"),
    ):
        layout.contract("d").write_text(wrong)
        with pytest.raises(ConfigError, match=said):
            contracts.load_contract(layout, "d")


@pytest.mark.parametrize(
    ("metric", "task", "hint"),
    [
        ("roc_acu", None, "'roc_auc'"),
        ("rmse", None, "'neg_root_mean_squared_error'"),
        ("r2", Task.BINARY, "roc_auc"),
    ],
)
def test_a_metric_that_cannot_decide_is_told_when_it_is_written(
    layout: Layout, metric: str, task: Task | None, hint: str
) -> None:
    wrong = ModelDefinition(name="m", dataset="d", target="y", task=task, training=Training(metric=metric))
    with pytest.raises(ConfigError, match=r"m\.toml: training\.metric: Metric") as caught:
        definitions.save_definition(layout, wrong, metrics.find)
    assert hint in caught.value.hint
    assert not layout.definition("m").exists()
