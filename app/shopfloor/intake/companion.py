"""Files that say when another file is whole: markers and digests beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from shopfloor.domain.contract import Arrival, Completeness
from shopfloor.intake.claim import open_below
from shopfloor.intake.scan import Observation

DIGEST = ".sha256"
DIGESTS = "SHA256SUMS"
_MOST_BYTES = 1 << 20
_LINE = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+[ *]?(.*))?")


class Standing(NamedTuple):
    """Whether the file's companion allows it in; `waiting` says what is missing.

    `digest` is the path of the companion that holds the file's digest, in mode `manifest`.
    """

    ready: bool
    waiting: str = ""
    digest: str = ""


def is_companion(arrival: Arrival, path: str) -> bool:
    """True for a file that speaks of others and is no data itself."""
    if arrival.complete is Completeness.QUIET:
        return False
    name = path.rpartition("/")[2]
    if arrival.complete is Completeness.MARKER:
        return name == arrival.marker or (arrival.marker.startswith(".") and name.endswith(arrival.marker))
    return name == DIGESTS or name.endswith(DIGEST)


def standing(arrival: Arrival, seen: Observation, present: Mapping[str, Observation]) -> Standing:
    """What the companions among the files that are `present` (by path) say of `seen`.

    A marker that is older than the file is one of an earlier delivery: the file waits for the next.
    """
    if arrival.complete is Completeness.MARKER:
        return _marked(arrival.marker, seen, present)
    if arrival.complete is Completeness.MANIFEST:
        return _digested(seen, present)
    return Standing(ready=True)


def told_digest(root: Path, path: str, name: str) -> str:
    """The sha256, in lower case, that the companion at `path` below `root` gives for the file `name`.

    Empty when it gives none. It reads what `sha256sum` writes, or the digest alone.
    """
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            descriptor = open_below(top, path)
        finally:
            os.close(top)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    alone = not path.endswith(DIGESTS)
    for line in text.splitlines():
        found = _LINE.fullmatch(line.strip())
        if found and (PurePosixPath(found[2] or "").name == name or (alone and not found[2])):
            return found[1].lower()
    return ""


def _marked(marker: str, seen: Observation, present: Mapping[str, Observation]) -> Standing:
    path = PurePosixPath(seen.path)
    names = [marker]
    if marker.startswith("."):
        names = [path.name + marker, path.name.partition(".")[0] + marker]
    found = [mark for name in names if (mark := present.get(str(path.with_name(name)))) is not None]
    if not found:
        return Standing(False, f"waiting for {names[0]} beside it")
    if max(mark.mtime_ns for mark in found) < seen.mtime_ns:
        return Standing(False, f"it changed after {names[0]} was written; waiting for a newer one")
    return Standing(True)


def _digested(seen: Observation, present: Mapping[str, Observation]) -> Standing:
    path = PurePosixPath(seen.path)
    for name in (path.name + DIGEST, DIGESTS):
        companion = str(path.with_name(name))
        if companion in present:
            return Standing(True, digest=companion)
    return Standing(False, f"waiting for {path.name}{DIGEST} beside it")
