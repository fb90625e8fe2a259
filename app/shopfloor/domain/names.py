"""Names that people give and references such as `flights@3`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from shopfloor.domain.errors import UsageError
from shopfloor.domain.text import safe

_NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,63}$")
_RESERVED = frozenset({"champion", "challenger", "previous", "latest"})


def check_name(name: str, kind: str) -> str:
    """Return `name` when it may name a dataset, model or alias; else raise `UsageError`.

    Names become file and directory names, so only lower-case letters, digits, `_`, `-` and `.`
    are allowed, starting with a letter or digit, at most 64 characters.
    """
    if not _NAME.match(name) or ".." in name:
        raise UsageError(
            f"{kind} name {safe(name, 80)!r} is not usable.",
            hint="Use 1 to 64 lower-case letters, digits, '_', '-' or '.', starting with a letter or digit.",
            code="bad_name",
        )
    return name


def is_name(name: str) -> bool:
    """True when `name` may name a dataset or model."""
    return bool(_NAME.match(name)) and ".." not in name


def split_ref(ref: str) -> tuple[str, str]:
    """`flights@3` -> (`flights`, `3`), `flights` -> (`flights`, ``)."""
    name, _, version = ref.partition("@")
    return name, version


def parse_version(text: str, ref: str) -> int:
    """A version number of 1 or more from `3` or `v3`; raise `UsageError` naming `ref` otherwise."""
    digits = text.removeprefix("v")
    if not digits.isdecimal() or int(digits) < 1:
        raise UsageError(
            f"{safe(ref, 80)!r} has no usable version number.",
            hint="Write NAME@3 (or NAME@v3).",
            code="bad_version",
        )
    return int(digits)


def nearest(word: str, valid: Iterable[str], taken: Collection[str] = ()) -> str:
    """The valid word most like `word`, or an empty string when none is close.

    Never one of `taken`, words that already mean something else: a target, an id, a time or a key
    is not the misspelling of a column that is absent.
    """
    found = difflib.get_close_matches(word, [each for each in valid if each not in taken], n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, valid: Iterable[str], taken: Collection[str] = ()) -> str:
    """A sentence for a hint: the `nearest` valid word, or the list of valid ones that are not `taken`."""
    options = sorted(each for each in valid if each not in taken)
    close = nearest(word, options)
    if close:
        return f"Did you mean {close!r}?"
    shown = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
    return f"Valid: {shown}." if options else ""
