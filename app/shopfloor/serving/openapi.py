"""The endpoint described as OpenAPI 3.1, with each model's own input schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shopfloor.artifacts.manifest import ArtifactManifest, FeatureField
from shopfloor.domain.columns import ColumnType
from shopfloor.serving.deployment import Deployment

_JSON_TYPES = {
    ColumnType.BOOLEAN: {"type": "boolean"},
    ColumnType.INTEGER: {"type": "integer"},
    ColumnType.NUMBER: {"type": "number"},
    ColumnType.TEXT: {"type": "string"},
    ColumnType.DATE: {"type": "string", "format": "date"},
    ColumnType.TIMESTAMP: {"type": "string", "format": "date-time"},
}
_ERRORS = {
    "400": "Malformed JSON or name",
    "401": "Token missing or wrong",
    "403": "The token does not allow this",
    "404": "No such model",
    "413": "Too large",
    "415": "Not JSON",
    "422": "A row does not fit the schema",
    "503": "The model or the log is not available",
}


def document(models: Iterable[tuple[Deployment, ArtifactManifest]], version: str) -> dict[str, Any]:
    """The whole description; `version` is the product's."""
    paths: dict[str, Any] = {
        "/v1/models": {"get": _get("Models in service")},
        "/health": {"get": {**_get("Liveness and loaded models"), "security": []}},
        "/v1/health": {"get": {**_get("Liveness and loaded models"), "security": []}},
        "/metrics": {"get": _get("Counters for Prometheus")},
        "/v1/datasets/{dataset}/rows": {"post": _append()},
    }
    for deployment, manifest in models:
        paths[f"/v1/models/{deployment.model}"] = {"get": _get(f"Schema of {deployment.model}")}
        paths[f"/v1/models/{deployment.model}/predict"] = {"post": _predict(deployment, manifest)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shopfloor predictions", "version": version},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _error_schema()},
        },
    }


def row_schema(deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
    """JSON Schema of one row of a model."""
    properties = {feature.name: _property(feature) for feature in manifest.features}
    for name in manifest.segment_by:
        properties.setdefault(name, {"description": "Chooses the segment's model."})
    properties.setdefault(
        deployment.id or "association_id",
        {"type": ["string", "integer", "null"], "description": "Joins the prediction with its actual value."},
    )
    required = [feature.name for feature in manifest.features if not feature.nullable]
    return {
        "type": "object",
        "properties": properties,
        "required": list(dict.fromkeys([*required, *manifest.segment_by])),
    }


def _property(feature: FeatureField) -> dict[str, Any]:
    schema: dict[str, Any] = dict(_JSON_TYPES[feature.type])
    schema["type"] = [schema["type"], "null"]
    if feature.levels:
        schema["examples"] = list(feature.levels)
    return schema


def _predict(deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
    row = row_schema(deployment, manifest)
    body = {
        "oneOf": [
            {"type": "object", "properties": {"row": row}, "required": ["row"], "additionalProperties": False},
            {
                "type": "object",
                "properties": {"rows": {"type": "array", "items": row}},
                "required": ["rows"],
                "additionalProperties": False,
            },
        ]
    }
    return {
        "operationId": f"predict_{deployment.model}",
        "summary": f"Predict {manifest.target} with {deployment.model} version {deployment.version}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _responses(_answer_schema(manifest.classes)),
    }


def _append() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    fields: dict[str, Any] = {
        "dataset": {"type": "string"},
        "key": {"type": "string"},
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "rejects": {"type": "array", "items": {"type": "object"}, "description": "Line, column and reason."},
        "position": {"type": "integer", "description": "Rows that the stream ever accepted."},
        "duplicate": {"type": "boolean", "description": "This key was answered before."},
    }
    return {
        "operationId": "append_rows",
        "summary": "Add rows, one JSON object a line; answered when they are on the disk",
        "parameters": [
            {"name": "dataset", "in": "path", "required": True, **text},
            {"name": "Idempotency-Key", "in": "header", "required": True, **text},
        ],
        "requestBody": {"required": True, "content": {"application/x-ndjson": text}},
        "responses": _responses({"type": "object", "properties": fields}),
    }


def _answer_schema(classes: Sequence[str]) -> dict[str, Any]:
    prediction: dict[str, Any] = {"enum": list(classes)} if classes else {"type": ["number", "null"]}
    one = {
        "type": "object",
        "properties": {
            "association_id": {"type": "string"},
            "segment": {"type": ["string", "null"]},
            "prediction": prediction,
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
            "absent_columns": {**names, "description": "Inputs left out, taken as missing."},
        },
        "required": ["model", "model_version", "predictions"],
    }


def _get(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": _responses({})}


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    good: dict[str, Any] = {"description": "Done"}
    if schema:
        good["content"] = {"application/json": {"schema": schema}}
    return {"200": good, **{code: {"description": text, "content": error} for code, text in _ERRORS.items()}}


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fields = {
        "code": text,
        "message": text,
        "hint": text,
        "column": {"type": ["string", "null"]},
        "row": {"type": ["integer", "null"], "description": "Counts from 0."},
    }
    return {"type": "object", "properties": {"error": {"type": "object", "properties": fields}}}
