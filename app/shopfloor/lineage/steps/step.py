"""One relation between kinds of things."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query


class LineageLink(NamedTuple):
    """`source` contributed to `target`."""

    source: Key
    target: Key
    relation: str


Finder = Callable[[Query, list[Key], LineageScope], Iterable[LineageLink]]


class LineageStep(NamedTuple):
    """`up` finds the links that end in given targets, `down` those that start in given sources.

    Both give the same links: `a` is found above `b` exactly when `b` is found below `a`. (The one exception:
    later deliveries of a file's content are found from themselves only.)
    """

    sources: frozenset[NodeKind]
    targets: frozenset[NodeKind]
    up: Finder
    down: Finder


def names(keys: Iterable[Key]) -> list[str]:
    """The distinct names of some keys, as a parameter."""
    return sorted({key.name for key in keys})


def numbered(keys: Iterable[Key]) -> list[list[object]]:
    """Names and numbers of some keys, as two parameters in step."""
    found = list(keys)
    return [[key.name for key in found], [key.number for key in found]]
