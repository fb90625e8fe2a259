"""The `:` line: the same verbs as the command line, and short words for moving around."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from shopfloor.actions.action import SET, Action
from shopfloor.actions.panes import PANES
from shopfloor.actions.registry import by_name
from shopfloor.actions.usage import USAGES, Usage
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean, nearest
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe

_PANES = {word: f"go.{scope}" for scope, pane in PANES.items() for word in (scope.value, *pane.words)}
_NOUNS = {noun: f"go.{scope}" for scope, pane in PANES.items() for noun in pane.nouns}
_WORDS: dict[str, str] = {
    **dict.fromkeys(("q", "quit", "exit"), "app.quit"),
    **dict.fromkeys(("w", "write"), "view.export"),
    **dict.fromkeys(("h", "help", "?"), "view.help"),
    "filter": "view.filter",
    "up": "engine.start",
}
_READING = ("list", "show", "versions", "history", "profile", "preview", "compare")


class Command(Record, frozen=True, kw_only=True):
    """A `:` line understood: the action, the reference it names, and the fields it gives.

    An empty `target` means the selected row. `action.request(target or record, inputs)` is the
    question to the engine when `action.asks_engine`.
    """

    action: Action
    target: str = ""
    inputs: dict[str, str] = {}


def parse_command(line: str) -> Command:
    """Understand a `:` line; raises `UsageError` that says what would be right.

    `:runs failed` filters a pane, `:model promote churn@3 --reason "why"` and the shorter
    `:promote churn@3` act, `:promote` acts on the selected row.
    """
    words = _split(line)
    if words and words[0] == "shopfloor":
        del words[0]
    if not words:
        raise UsageError("There is nothing to do.", hint="Type a command, or ? for help.")
    usage, rest = _find(words)
    if usage is not None:
        return _fill(usage, rest)
    if words[0] in _NOUNS:
        return _read(words)
    name = _PANES.get(words[0]) or _WORDS.get(words[0])
    if name is None:
        raise _unknown(words[:2])
    return _navigate(by_name(name), words[1:])


def completions() -> tuple[str, ...]:
    """Every command that can be typed, for completion."""
    acting = {" ".join(verb) for verb in USAGES}
    reading = {f"{noun} {verb}" for noun in _NOUNS for verb in ("list", "show")}
    return tuple(sorted(acting | reading | {"quit", "write", "help", "filter", "up", *_PANES}))


def _unknown(words: list[str]) -> UsageError:
    line = " ".join(words)
    return UsageError(
        f"There is no command {safe(line, 60)!r}.",
        hint=did_you_mean(nearest(line, completions()) or words[0], completions()),
        code="unknown_command",
    )


def _read(words: list[str]) -> Command:
    """`model show churn` moves to a pane; a noun with any other word is a mistake."""
    if len(words) > 1 and words[1] not in _READING:
        raise _unknown(words[:2])
    return _navigate(by_name(_NOUNS[words[0]]), words[2:])


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line.strip().removeprefix(":"))
    except ValueError as error:
        raise UsageError("A quotation mark is missing.", hint='Write "…" around a text with spaces.') from error


def _find(words: list[str]) -> tuple[Usage | None, list[str]]:
    """The action that the line begins with, by its full verb or by a last word that only it has."""
    for size in (3, 2, 1):  # `file accept --types` first, then `file accept`
        usage = USAGES.get(tuple(words[:size]))
        if usage is not None:
            return usage, words[size:]
    if words[0] in _NOUNS:  # `run show r3` reads a run, though `monitor run` ends with that word
        return None, words
    short = [usage for verb, usage in USAGES.items() if verb[-1] == words[0]]
    if len(short) > 1:
        raise UsageError(
            f"{safe(words[0], 40)!r} is the end of several commands.",
            hint="Write " + " or ".join(" ".join(usage.verb) for usage in short) + ".",
            code="ambiguous_command",
        )
    return (short[0], words[1:]) if short else (None, words)


def _fill(usage: Usage, words: Sequence[str]) -> Command:
    values: dict[str, str] = {}
    free = list(usage.positions)
    rest = iter(words)
    for word in rest:
        flag, equals, text = word.partition("=")
        if word in usage.switches:
            values[usage.switches[word]] = SET
        elif flag.startswith("-") and len(flag) > 1:
            values[_option(usage, flag)] = text if equals else _text(flag, next(rest, None))
        elif free:
            values[free.pop(0)] = word
        else:
            raise UsageError(f"{safe(word, 40)!r} is one argument too many.", hint=f"Usage: {usage.action.cli}")
    target = values.pop("ref", "")
    return Command(action=usage.action, target=target, inputs=values)


def _option(usage: Usage, flag: str) -> str:
    name = usage.options.get(flag)
    if name is None:
        raise UsageError(
            f"{' '.join(usage.verb)} has no option {safe(flag, 40)}.",
            hint=did_you_mean(flag, [*usage.options, *usage.switches]) or f"Usage: {usage.action.cli}",
            code="unknown_option",
        )
    return name


def _text(flag: str, text: str | None) -> str:
    if text is None:
        raise UsageError(f"{safe(flag, 40)} needs a value.")
    return text


def _navigate(action: Action, words: Sequence[str]) -> Command:
    text = " ".join(words)
    if not action.inputs and text:
        raise UsageError(f"{action.label} accepts no more arguments.")
    return Command(action=action, inputs={action.inputs[0].name: text} if text else {})
