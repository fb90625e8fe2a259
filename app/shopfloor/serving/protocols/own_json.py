"""Shopfloor's own JSON: one row or several in, predictions with their probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.numbers import count
from shopfloor.serving.deployment import Deployment
from shopfloor.serving.json_body import decode
from shopfloor.serving.problems import Problem
from shopfloor.serving.protocols.protocol import Predicted
from shopfloor.serving.row_schema import row_schema

_HINT = 'Send {"row": {"column": value, …}} or {"rows": [{…}, {…}]}.'


class OwnJson:
    """`POST /v1/models/{model}/predict`."""

    path = "/v1/models/{model:path}/predict"
    accepts = frozenset({"application/json"})
    media_type = "application/json"

    def rows(self, body: bytes, limit: int) -> list[Any]:
        """The value of `row`, or those of `rows`."""
        document = decode(body, _HINT)
        if type(document) is not dict or len(document) != 1:
            raise Problem(422, "wrong_body", "The body must be an object with one key, 'row' or 'rows'.", _HINT)
        [(key, value)] = document.items()
        rows = [value] if key == "row" else value
        if key not in {"row", "rows"} or type(rows) is not list:
            raise Problem(422, "wrong_body", "The body must hold 'row', an object, or 'rows', an array.", _HINT)
        if len(rows) > limit:
            raise Problem(
                413, "too_many_rows", f"{count(len(rows))} rows are more than {count(limit)}.", "Split the request."
            )
        return rows

    def answer(self, predicted: Predicted) -> bytes:
        """The predictions as they are."""
        return msgspec.json.encode(predicted)

    def operation(self, deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
        """With the model's own schema."""
        row = row_schema(deployment, manifest)
        body = {"oneOf": [_only("row", row), _only("rows", {"type": "array", "items": row})]}
        return {
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "schema": _answer_schema(manifest.classes),
        }


PROTOCOL = OwnJson()


def _only(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: schema}, "required": [key], "additionalProperties": False}


def _answer_schema(classes: Sequence[str]) -> dict[str, Any]:
    prediction: dict[str, Any] = {"enum": [*classes, None]} if classes else {"type": ["number", "null"]}
    one = {
        "type": "object",
        "properties": {
            "association_id": {"type": "string"},
            "segment": {"type": ["string", "null"]},
            "prediction": prediction,
            "humility": {"type": "string", "description": "Why the model is not trusted on the row."},
            "probabilities": {
                "type": "object",
                "properties": {label: {"type": "number"} for label in classes},
            },
        },
    }
    names = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "model": {"type": "string"},
            "model_version": {"type": "integer"},
            "predictions": {"type": "array", "items": one},
            "ignored_columns": {**names, "description": "Fields that are no inputs of the model."},
            "absent_columns": {**names, "description": "Inputs left out, treated as missing."},
        },
        "required": ["model", "model_version", "predictions"],
    }
