"""Create a workspace, read and write its settings, check its text files; no engine needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shopfloor.domain.errors import ConfigError
from shopfloor.workspace import contracts, definitions, schema, settings, template
from shopfloor.workspace.layout import Layout


def init_workspace(directory: Path, name: str = "") -> Path:
    """A new workspace from the template; its root."""
    return template.init_workspace(directory, name).root


def config_get(workspace: Path, key: str) -> Any:
    """The value of a setting, defaults included; an empty key gives all of them."""
    return settings.get_setting(Layout(workspace), key)


def config_set(workspace: Path, key: str, value: str) -> None:
    """Write a setting. A running engine reads it at its next scan."""
    settings.set_setting(Layout(workspace), key, value)


def config_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of `workspace`, `dataset` or `model` files."""
    return schema.json_schema(kind)


def config_validate(workspace: Path) -> list[str]:
    """What is wrong with the workspace's text files, a sentence each; empty when nothing is."""
    layout = Layout(workspace)
    problems: list[str] = []
    checks: list[tuple[Any, tuple[Any, ...]]] = [(settings.load_settings, (layout,))]
    checks += [(contracts.load_contract, (layout, name)) for name in contracts.list_contracts(layout)]
    checks += [(definitions.load_definition, (layout, name)) for name in definitions.list_definitions(layout)]
    for check, arguments in checks:
        try:
            check(*arguments)
        except ConfigError as error:
            problems.append(str(error))
    return problems
