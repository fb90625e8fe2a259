"""Why something is as it is: a tree of facts, each with what it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from shopfloor.domain import numbers
from shopfloor.domain.file import FileRecord
from shopfloor.domain.record import Record
from shopfloor.domain.status import WatcherStatus

_LEAST = 20  # columns of words beside a deep branch
_GOES_ON = str.maketrans({"├": "│", "└": " ", "─": " ", "→": " "})


class Explained(Record, frozen=True, kw_only=True):
    """One fact in a sentence.

    `kind` is a kind of lineage node (`file`, `run`, …), or `model`, `check`, `alias`, `policy`, `change`, `note`; `ref`
    names the thing so that it can be asked about, or the check. `state` is one word. `hint` says what would change it.
    `because` are the facts that it came from, the weightiest first.
    """

    kind: str
    message: str
    ref: str = ""
    state: str = ""
    at: datetime | None = None
    actor: str = ""
    value: float | None = None
    limit: float | None = None
    hint: str = ""
    because: tuple[Explained, ...] = ()


class Explanation(Explained, frozen=True, kw_only=True):
    """The answer to `why`. `also` is what the same words mean besides: the dataset version of a model's name.

    For a file: `path`, its newest record `file`, and how new files are noticed (`watcher`). The `state` of a path is a
    file's state, or `unknown`, `elsewhere`, `ignored`, `folder`, `missing`, `followed`.
    """

    path: str = ""
    file: FileRecord | None = None
    watcher: WatcherStatus | None = None
    also: tuple[Explained, ...] = ()


def lines(found: Explanation) -> Iterator[tuple[str, str]]:
    """The tree as lines: the branch that leads to a fact, and its words, which are safe to show."""
    for root in (found, *found.also):
        yield "", words(root)
        yield from _below(root, "")


def wrapped(found: Explanation, width: int, wrap: Callable[[str, int], list[str]]) -> Iterator[tuple[str, str]]:
    """`lines` in a terminal: what does not fit in `width` columns stands below, beside the branches that go on.

    `wrap` breaks a text into lines of at most so many columns; each face measures as it draws.
    """
    for branch, said in lines(found):
        first, *rest = wrap(said, max(width - len(branch), _LEAST))
        yield branch, first
        yield from ((branch.translate(_GOES_ON), line) for line in rest)


def words(fact: Explained) -> str:
    """A fact as one line: what it is about, its state, the sentence, its figures, when, who."""
    about = fact.ref if fact.kind == "check" or fact.ref not in fact.message else ""
    head = " ".join(part for part in (about, f"[{fact.state}]" if fact.state else "") if part)
    when = "" if fact.at is None else f"{fact.at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    who = f"by {fact.actor}" if fact.actor else ""
    tail = [part for part in (_figures(fact), " ".join(part for part in (when, who) if part)) if part]
    said = f"{head} {fact.message}".lstrip()
    return f"{said} ({'; '.join(tail)})" if tail else said


def _figures(fact: Explained) -> str:
    if fact.value is None:
        return ""
    limit = "" if fact.limit is None else f", limit {numbers.figure(fact.limit)}"
    return f"{numbers.figure(fact.value)}{limit}"


def _below(fact: Explained, indent: str) -> Iterator[tuple[str, str]]:
    """What is under a fact: the hint last, with an arrow."""
    for place, cause in enumerate(fact.because):
        last = place == len(fact.because) - 1 and not fact.hint
        yield f"{indent}{'└─ ' if last else '├─ '}", words(cause)
        yield from _below(cause, f"{indent}{'   ' if last else '│  '}")
    if fact.hint:
        yield f"{indent}└→ ", fact.hint
