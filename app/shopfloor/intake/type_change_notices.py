"""What a column's new type means for the models that are served."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shopfloor.domain.text import safe
from shopfloor.intake.records import TypeChange
from shopfloor.runtime.champion import champion_manifest
from shopfloor.runtime.context import Context


def notices(context: Context, dataset: str, columns: Sequence[TypeChange]) -> list[str]:
    """A sentence for each champion that takes one of `columns` as an input, or predicts it."""
    found = []
    for definition in context.models_of(dataset):
        manifest = context.store.read(partial(champion_manifest, context, model=definition.name))
        if manifest is None:
            continue
        types = {field.name: field.type for field in manifest.features}
        for one in columns:
            name, kind = one.column.name, one.column.type
            if name in types and types[name] is not kind:
                found.append(
                    f"Model {definition.name} still expects {safe(name, 80)!r} as {types[name].value}; a version that "
                    f"takes it as {kind.value} is not released by itself where callers would have to send other values."
                )
            elif name == manifest.target:
                found.append(f"Model {definition.name} predicts {safe(name, 80)!r}, which is {kind.value} from now on.")
    return found
