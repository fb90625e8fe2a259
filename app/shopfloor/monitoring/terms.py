"""Noticing new terms of value, whether a command wrote them or somebody edited the definition."""

from __future__ import annotations

import logging

from shopfloor.domain.definition import ModelDefinition, Value
from shopfloor.domain.value import ValueTerms
from shopfloor.runtime.context import Context
from shopfloor.store import value
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_LOG = logging.getLogger("shopfloor.engine")


class Terms:
    """The terms that were noticed last, by model, so that nothing is asked of the store while no file changes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._noticed: dict[str, tuple[Value, str]] = {}

    def __call__(self) -> None:
        """Record the terms of every definition that changed since the last call."""
        for definition in self._context.all_models():
            if definition.value is None:
                continue
            now = (definition.value.terms, source_of(self._context, definition.value))
            if self._noticed.get(definition.name) != now:
                note_terms(self._context, definition)
                self._noticed[definition.name] = now


def note_terms(context: Context, definition: ModelDefinition) -> None:
    """Record the definition's terms where they are new."""
    terms = definition.value
    if terms is None:
        return
    source = source_of(context, terms)
    known = context.store.read(lambda query: value.terms(query, definition.name))
    if known and (known[-1].value.terms, known[-1].source) == (terms.terms, source):
        return
    context.store.write(lambda transaction: record_terms(context, transaction, definition, "engine"))


def record_terms(context: Context, transaction: Transaction, definition: ModelDefinition, actor: str) -> None:
    """Record the definition's terms where they are new, with the change that brings them."""
    if definition.value is not None:
        source = source_of(context, definition.value)
        value.add_terms(transaction, definition.name, definition.value, source, actor)


def terms_of(query: Query, definition: ModelDefinition) -> tuple[ValueTerms, ...]:
    """A model's terms; those of its definition for ever, where none were noticed yet."""
    if definition.value is None:
        return ()
    known = value.terms(query, definition.name)
    return known or (ValueTerms(terms=1, valid_from=value.BEGINNING, value=definition.value.terms),)


def source_of(context: Context, terms: Value) -> str:
    """The code of the function that gives the value; empty without one, or where it cannot be read."""
    file, colon, _ = terms.function.partition(":")
    path = context.layout.root / file
    if not colon or not path.resolve().is_relative_to(context.layout.recipes.resolve()):
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        _LOG.warning("%s cannot be read: %s", file, error.strerror)
        return ""
