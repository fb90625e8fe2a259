"""What artifacts hold of our own objects: a type tag, a version and plain fields, never where their code lies.

A class says its tag and its fields where it is defined; `pickling` writes and reads them wherever such an object
turns up, inside a recipe's pipeline too. Code may move and be renamed, tags and fields may not: a field that joins
has a default in the constructor, and for any other change the class is registered with the next version, while
the earlier one keeps a `make` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError, IntegrityError

Fields = dict[str, Any]
_T = TypeVar("_T")


class StoredType(NamedTuple):
    """How objects of one class are written: `fields` takes one apart."""

    tag: str
    version: int
    fields: Callable[[Any], Fields]


_TYPES: dict[type, StoredType] = {}
_MAKERS: dict[tuple[str, int], Callable[..., Any]] = {}
_FOREIGN: set[type] = set()


def register(
    kind: type, tag: str, fields: Callable[[Any], Fields], make: Callable[..., Any], *, version: int = 1
) -> None:
    """Objects of `kind` are stored under `tag`; `make` gets the fields as keywords."""
    _TYPES[kind] = StoredType(tag, version, fields)
    _MAKERS[tag, version] = make


def stored(tag: str, *names: str) -> Callable[[type[_T]], type[_T]]:
    """Class decorator for objects that are made anew from the attributes `names`, given as keywords."""

    def decorate(kind: type[_T]) -> type[_T]:
        register(kind, tag, lambda value: {name: getattr(value, name) for name in names}, kind)
        return kind

    return decorate


def register_record(kind: type, tag: str) -> None:
    """Records and enums, in the form that they have as JSON."""
    register(
        kind,
        tag,
        lambda value: {"value": msgspec.to_builtins(value)},
        lambda value: msgspec.convert(value, kind),
    )


def take_apart(value: object) -> Fields | None:
    """The stored form of an object of ours; None for one that is not ours.

    Raises `ConfigError` for one of ours that has no stored form: only recipes and notebooks can bring it.
    """
    kind = type(value)
    if kind in _FOREIGN:
        return None
    found = _TYPES.get(kind)
    if found is not None:
        return {"type": found.tag, "version": found.version, "fields": found.fields(value)}
    named = isinstance(value, type | FunctionType)
    owner: Any = value if named else kind
    if str(owner.__module__).startswith("shopfloor."):
        raise ConfigError(
            f"The model holds {owner.__module__}.{owner.__qualname__}, which artifacts do not store.",
            hint="Build it of scikit-learn's classes, other libraries' and those of the recipe's own file.",
            code="not_storable",
        )
    if not named:
        _FOREIGN.add(kind)
    return None


def put_together(form: Fields) -> Any:
    """The object of a stored form. Raises `IntegrityError` for a type or version that is not known here."""
    make = _MAKERS.get((form["type"], form["version"]))
    if make is None:
        raise IntegrityError(
            f"The model holds a {form['type']} of version {form['version']}, which this Shopfloor does not know.",
            hint="Open it with the version of Shopfloor that stored it, or a later one.",
            code="artifact_format",
        )
    return make(**form["fields"])


for _kind, _tag in ((Column, "column"), (ColumnType, "column_type"), (Task, "task")):
    register_record(_kind, _tag)
