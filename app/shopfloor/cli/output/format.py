"""How the answer to a declared command is shown."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from shopfloor.domain.requests.request import Request

Sentence = Callable[[Any, Any], str]


def same(before: Any, answer: Any) -> bool:
    """The answer is how things were before: the record itself, or one of a page."""
    return bool(before == answer or answer in getattr(before, "rows", ()))


class Format(NamedTuple):
    """`text` is data for stdout, from the answer and the width of the terminal; `empty` is written where it is empty.

    `state` describes the present state, without a period, and is written when things were so `already`; else
    `done` is written.
    """

    text: Callable[[Any, int | None], str] | None = None
    empty: str = ""
    state: Sentence | None = None
    done: Sentence | None = None
    already: Callable[[Any, Any], bool] = same
    failed: Callable[[Any], bool] = lambda answer: False


def format_of(request: Request[Any]) -> Format:
    """The format of a command: questions of `domain/requests/jobs.py` are shown by `cli/output/jobs.py`."""
    module = import_module(f"{__package__}.{type(request).__module__.rpartition('.')[2]}")
    found: Format = module.FORMATS[type(request)]
    return found
