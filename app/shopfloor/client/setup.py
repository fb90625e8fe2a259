"""Create a workspace, read and write its settings, check its text files; no engine needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shopfloor.client.child import run_tool
from shopfloor.client.connection import EngineClient
from shopfloor.client.start import engine_running
from shopfloor.domain.errors import ConfigError, ShopfloorError, UnreachableError
from shopfloor.domain.requests.workspace import ConfigSet, Inverse
from shopfloor.statistics import metrics
from shopfloor.workspace import contracts, definitions, schema, settings, template
from shopfloor.workspace.accounts import foreign_owner, not_running
from shopfloor.workspace.layout import Layout


def init_workspace(directory: Path, name: str = "") -> Path:
    """A new workspace from the template; its root."""
    return template.init_workspace(directory, name).root


def config_get(workspace: Path, key: str) -> Any:
    """The value of a setting, defaults included; an empty key gives all of them."""
    return settings.get_setting(Layout(workspace), key)


def config_set(workspace: Path, key: str, value: str) -> Inverse | None:
    """Write a setting: by the engine where one runs, so that it is in the history and can be undone, as it returns."""
    layout = Layout(workspace)
    if engine_running(workspace):
        try:
            with EngineClient(workspace, layout.socket) as client:
                return client.do(ConfigSet(key=key, value=value)).undo
        except UnreachableError:
            pass  # it starts or stops, and reads the file when it is there again
    if owner := foreign_owner(workspace):
        raise not_running(owner)
    settings.set_setting(layout, key, value)
    return None


def config_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of `workspace`, `dataset` or `model` files."""
    return schema.json_schema(kind)


def config_validate(workspace: Path) -> list[str]:
    """What is wrong with the workspace's text files, a sentence each; empty when nothing is."""
    layout = Layout(workspace)
    problems: list[str] = []
    checks: list[tuple[Any, tuple[Any, ...]]] = [(settings.load_settings, (layout,))]
    checks += [(contracts.load_contract, (layout, name)) for name in contracts.list_contracts(layout)]
    checks += [(_check_definition, (layout, name)) for name in definitions.list_definitions(layout)]
    for check, arguments in checks:
        try:
            check(*arguments)
        except ConfigError as error:
            problems.append(str(error))
    return problems + _sql_problems(layout)


def _check_definition(layout: Layout, name: str) -> None:
    definition = definitions.load_definition(layout, name, metrics.find)
    try:
        team = settings.load_settings(layout).team
    except ConfigError:
        return  # told by itself
    if definition is not None:
        definitions.check_approvals(definition, team, str(layout.definition(name)))


def _sql_problems(layout: Layout) -> list[str]:
    """What is wrong with SQL and patterns in contracts, checked in a process of its own: faces never load DuckDB."""
    if not any(_needs_duckdb(layout, name) for name in contracts.list_contracts(layout)):
        return []
    try:
        return run_tool("check of contracts", "shopfloor.upkeep.validate", layout.root, answer=list[str])
    except ShopfloorError as error:
        return [str(error)]


def _needs_duckdb(layout: Layout, name: str) -> bool:
    try:
        contract = contracts.load_contract(layout, name)
    except ConfigError:
        return False
    return contract is not None and contracts.needs_duckdb(contract)
