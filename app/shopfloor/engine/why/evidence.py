"""What explanations are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.explanation import Explained
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.text import counted
from shopfloor.lineage.key import Key
from shopfloor.lineage.scope import LineageScope
from shopfloor.store import events
from shopfloor.store.rows import Query


@dataclass(frozen=True)
class StoredEvidence:
    """The store at the moment `now`, the names it knows, and the definitions of the models by name."""

    query: Query
    scope: LineageScope
    models: Mapping[str, ModelDefinition]
    now: datetime


Teller = Callable[[StoredEvidence, Key, LineageNode], Explained]


def notes(texts: tuple[str, ...] | list[str]) -> tuple[Explained, ...]:
    """Stored sentences as facts."""
    return tuple(Explained(kind="note", message=text) for text in texts)


def history(evidence: StoredEvidence, subject: str, field: str, id: str) -> tuple[Explained, ...]:
    """What the event log tells of a thing: who did what, when, oldest first."""
    return tuple(
        Explained(kind="change", state=event.kind, message=event.message, at=event.at, actor=event.actor)
        for event in events.about(evidence.query, subject, field, id)
    )


def brief(fact: Explained) -> Explained:
    """The fact as a step to another one: the checks that passed are a number."""
    passed = [one for one in fact.because if one.kind == "check" and one.state.startswith("ok")]
    if len(passed) < 2:
        return fact
    rest = [one for one in fact.because if one not in passed]
    words = f"{counted(len(passed), 'check')} passed. All of them: shopfloor why {fact.ref}"
    return msgspec.structs.replace(fact, because=(*rest, Explained(kind="note", message=words)))
