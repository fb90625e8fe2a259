"""One node from its key and what is known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopfloor.domain.codec import to_plain
from shopfloor.domain.lineage import LineageNode
from shopfloor.lineage.key import Key, ref
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import aware

KeyedNode = tuple[Key, LineageNode]


def make(key: Key, scope: LineageScope, *, label: str, at: datetime | None, state: str = "", **facts: Any) -> KeyedNode:
    """A node and its key; facts that are None, empty text or an empty list are left out, times become RFC 3339 text."""
    kept = {name: _zoned(value) for name, value in facts.items() if value not in (None, "", [], (), {})}
    known = ref(key, scope.ambiguous)
    return key, LineageNode(kind=key.kind.value, ref=known, label=label, at=aware(at), state=state, data=to_plain(kept))


def _zoned(value: Any) -> Any:
    return aware(value) if isinstance(value, datetime) and value.tzinfo is None else value
