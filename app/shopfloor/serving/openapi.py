"""The endpoint described as OpenAPI 3.1, with each model's own input schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.serving.deployment import Deployment
from shopfloor.serving.protocols.protocol import PredictionProtocol

_ERRORS = {
    "400": "Malformed JSON or name",
    "401": "Token missing or wrong",
    "403": "The token does not allow this",
    "404": "No such model",
    "413": "Too large",
    "415": "Another media type",
    "422": "A row does not fit the schema",
    "503": "The model or the log is not available",
}


def document(
    models: Iterable[tuple[Deployment, ArtifactManifest]], protocols: Sequence[PredictionProtocol], version: str
) -> dict[str, Any]:
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
        for protocol in protocols:
            path = protocol.path.replace("{model:path}", deployment.model)
            paths[path] = {"post": _predict(protocol, deployment, manifest)}
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


def _predict(protocol: PredictionProtocol, deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
    operation = protocol.operation(deployment, manifest)
    place = protocol.path.replace("{model:path}", deployment.model).strip("/").replace("/", "_")
    return {
        "operationId": f"predict_{place}",
        "summary": f"Predict {manifest.target} with {deployment.model} version {deployment.version}",
        "requestBody": operation["requestBody"],
        "responses": _responses(operation["schema"], protocol.media_type),
    }


def _append() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    fields: dict[str, Any] = {
        "dataset": {"type": "string"},
        "key": {"type": "string"},
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "rejects": {"type": "array", "items": {"type": "object"}, "description": "Line, column and reason."},
        "position": {"type": "integer", "description": "Total rows that the stream has accepted."},
        "duplicate": {"type": "boolean", "description": "This key was already answered."},
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


def _get(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": _responses({})}


def _responses(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    good: dict[str, Any] = {"description": "Done"}
    if schema:
        good["content"] = {media_type: {"schema": schema}}
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
