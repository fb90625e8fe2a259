"""What the command line of an action takes, read from its template."""

from __future__ import annotations

import re
from itertools import takewhile

from shopfloor.actions.action import Action
from shopfloor.actions.registry import ALL
from shopfloor.domain.record import Record

_SLOT = re.compile(r"(\[)?(?:(--?[\w-]+) )?\{(\w+)\}\]?")
_SWITCH = re.compile(r"(--[\w-]+)\{(\w+)!\}")


class Usage(Record, frozen=True, kw_only=True):
    """The words that name the command, its positional fields, and the fields of its options and switches by flag."""

    action: Action
    verb: tuple[str, ...]
    positions: tuple[str, ...]
    options: dict[str, str]
    switches: dict[str, str]


def _usage(action: Action) -> Usage:
    words = action.cli.split()[1:]
    # `doctor --repair` is a verb of its own: a flag before any placeholder belongs to the verb.
    verb = tuple(takewhile(lambda word: not word.startswith(("{", "[")), words))
    slots = [(found.group(2), found.group(3)) for found in _SLOT.finditer(" ".join(words[len(verb) :]))]
    return Usage(
        action=action,
        verb=verb,
        positions=tuple(name for flag, name in slots if not flag),
        options={flag: name for flag, name in slots if flag},
        switches={found.group(1): found.group(2) for found in _SWITCH.finditer(action.cli)},
    )


USAGES = {usage.verb: usage for usage in (_usage(each) for each in ALL if each.asks_engine)}
