"""JSON Schema of a model's inputs."""

from __future__ import annotations

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
