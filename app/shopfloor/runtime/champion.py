"""The champion of a model, as every station that works with it asks for it."""

from __future__ import annotations

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.handles import ArtifactFile
from shopfloor.lake.locations import artifact_file
from shopfloor.runtime.context import Context
from shopfloor.store import models
from shopfloor.store.rows import Query


def champion_artifact(context: Context, query: Query, model: str) -> ArtifactFile | None:
    """The champion's artifact, None before the first release."""
    number = models.aliases(query, model).get("champion")
    facts = models.facts(query, model, number) if number is not None else None
    if facts is None:
        return None
    return artifact_file(context.layout, model, facts.version, facts.sha256, facts.trained_until)


def champion_manifest(context: Context, query: Query, model: str) -> ArtifactManifest | None:
    """What the champion says of itself; None before the first release."""
    champion = champion_artifact(context, query, model)
    if champion is None:
        return None
    return bundle.verify(champion, load_or_create_key(context.layout.signing_key))
