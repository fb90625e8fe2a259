"""What a protocol consists of: how a body becomes rows, and how predictions become an answer."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.serving.deployment import Deployment


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One prediction of an answer; `humility` says why the model is not trusted on the row."""

    association_id: str
    segment: str | None
    prediction: str | float | None
    probabilities: dict[str, float | None]
    humility: str | None = None


class Predicted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model answers to the rows of a request, in their order.

    `ignored_columns` are fields that are no inputs of the model, `absent_columns` inputs that were left
    out and treated as missing.
    """

    model: str
    model_version: int
    predictions: list[Prediction]
    ignored_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()


class PredictionProtocol(Protocol):
    """One way to ask a model. Validation, log, limits and tokens are the same for all.

    `path` has a `{model:path}`; `accepts` are the media types of a body, `media_type` is the answer's.
    """

    path: str
    accepts: frozenset[str]
    media_type: str

    def rows(self, body: bytes, limit: int) -> list[Any]:
        """The rows that a body holds, not yet checked. Raises `Problem`, also for more than `limit`."""
        ...

    def answer(self, predicted: Predicted) -> bytes:
        """The body of the answer."""
        ...

    def operation(self, deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
        """Request and answer as OpenAPI 3.1: `requestBody`, and the `schema` of the answer."""
        ...
