"""Fields before and after, in one line."""

from __future__ import annotations

from collections.abc import Mapping

from shopfloor.cli.output.cells import figure, joined, text, yes


def made(changes: Mapping[str, tuple[object, object]]) -> str:
    """What something was made with: `new: score 0.91, decision promote`."""
    given = {field: after for field, (_, after) in changes.items() if after not in (None, "", [], False)}
    return "new: " + ", ".join(f"{text(field)} {_shown(after)}" for field, after in given.items())


def changed(changes: Mapping[str, tuple[object, object]], nothing: str = "none") -> str:
    """`state: open → acknowledged, note: none → mine`; `nothing` is the word where there is no value."""
    pairs = {field: [_shown(value, nothing) for value in both] for field, both in changes.items()}
    return ", ".join(f"{text(field)}: {before} → {after}" for field, (before, after) in pairs.items())


def _shown(value: object, nothing: str = "none") -> str:
    match value:
        case None | "" | []:
            return nothing
        case bool():
            return yes(value)
        case float():
            return figure(value)
        case list() | tuple():
            return joined(value)
        case _:
            return text(value)
