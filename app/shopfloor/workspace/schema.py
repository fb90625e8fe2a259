"""JSON Schemas of the team's text files, for editors."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.workspace.contracts import ContractForm
from shopfloor.workspace.definitions import DefinitionForm
from shopfloor.workspace.settings import Settings

_FORMS: dict[str, type[msgspec.Struct]] = {"workspace": Settings, "dataset": ContractForm, "model": DefinitionForm}


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of `workspace`, `dataset` or `model` files."""
    if kind not in _FORMS:
        raise UsageError(f"There is no schema {kind!r}.", hint=did_you_mean(kind, _FORMS))
    return msgspec.json.schema(_FORMS[kind])
