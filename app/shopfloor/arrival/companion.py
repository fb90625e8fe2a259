"""Files that say when another file is whole: markers and digests beside it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from shopfloor.arrival.candidate import CandidateKind
from shopfloor.arrival.claim import open_below
from shopfloor.arrival.scan import Observation
from shopfloor.domain.contract import Arrival, Completeness

DIGEST = ".sha256"
DIGESTS = "SHA256SUMS"
MANIFESTS = ("manifest.json", "_manifest.json")
_MOST_BYTES = 16 << 20
_LINE = re.compile(r"\\?([0-9a-fA-F]{64})(?:[ \t]+[ *]?(.*))?")


class CompanionState(NamedTuple):
    """Whether the file's companion allows it in; `waiting` says what is missing.

    `digest` is the path of the companion that holds the file's digest, in mode `manifest`.
    """

    ready: bool
    waiting: str = ""
    digest: str = ""


class Checksum(NamedTuple):
    """The checksum of a file by its companion: sha256 in lower case and size; empty or None where it gives none."""

    sha256: str = ""
    bytes: int | None = None

    def matches(self, sha256: str, size: int) -> bool:
        """True for content of this digest and size."""
        return sha256 == self.sha256 and self.bytes in {None, size}


class _Entry(msgspec.Struct):
    """A file in a JSON manifest. Who writes one says `name` or `path`, `bytes` or `size`."""

    sha256: str
    name: str = ""
    path: str = ""
    bytes: int | None = None
    size: int | None = None


class _Manifest(msgspec.Struct):
    files: list[_Entry]


class FolderListing:
    """Everything that one scan found in a drop folder, by path, as a file's companions are looked for in it."""

    def __init__(self, present: Mapping[str, Observation]) -> None:
        self._present = present
        self._newest: dict[str, int] = {}

    def state_of(self, arrival: Arrival, seen: Observation) -> CompanionState:
        """What the companions of `seen` say.

        A marker that is older than the file, or one of a directory that is older than any file in it, is
        that of an earlier delivery: the files wait for the next.
        """
        if arrival.complete is Completeness.MARKER:
            beside = arrival.marker.startswith(".")
            return self._marked(arrival.marker, seen) if beside else self._in_marked(arrival.marker, seen)
        return self._digested(seen) if arrival.complete is Completeness.MANIFEST else CompanionState(ready=True)

    def _marked(self, suffix: str, seen: Observation) -> CompanionState:
        """A marker of one file: `a.csv.done`, or `a.done`."""
        path = PurePosixPath(seen.path)
        names = (path.name + suffix, path.name.partition(".")[0] + suffix)
        found = [mark for name in names if (mark := self._present.get(str(path.with_name(name)))) is not None]
        if not found:
            return CompanionState(False, f"waiting for {names[0]} beside it")
        if max(mark.mtime_ns for mark in found) < seen.mtime_ns:
            return CompanionState(False, f"it changed after {names[0]} was written; waiting for a newer {names[0]}")
        return CompanionState(True)

    def _in_marked(self, name: str, seen: Observation) -> CompanionState:
        """A marker of a directory, which covers its partitions too: Spark marks the root of them."""
        late = False
        for folder in _folders(seen.path):
            mark = self._present.get(f"{folder}/{name}")
            if mark is None:
                continue
            if mark.mtime_ns >= self._newest_below(folder, name):
                return CompanionState(True)
            late = True
        if late:
            return CompanionState(False, f"a file beside it changed after {name} was written; waiting for a newer one")
        return CompanionState(False, f"waiting for {name} beside it")

    def _newest_below(self, folder: str, marker: str) -> int:
        if not self._newest:
            for seen in self._present.values():
                if seen.kind is CandidateKind.CANDIDATE and not seen.path.endswith(f"/{marker}"):
                    for above in _folders(seen.path):
                        self._newest[above] = max(seen.mtime_ns, self._newest.get(above, 0))
        return self._newest.get(folder, 0)

    def _digested(self, seen: Observation) -> CompanionState:
        path = PurePosixPath(seen.path)
        for name in (path.name + DIGEST, DIGESTS, *MANIFESTS):
            companion = str(path.with_name(name))
            if companion in self._present:
                return CompanionState(True, digest=companion)
        return CompanionState(False, f"waiting for {path.name}{DIGEST}, {DIGESTS} or {MANIFESTS[0]} beside it")


def is_companion(arrival: Arrival, path: str) -> bool:
    """True for a file that describes others and is no data itself."""
    if arrival.complete is Completeness.QUIET:
        return False
    name = PurePosixPath(path).name
    if arrival.complete is Completeness.MARKER:
        return name == arrival.marker or (arrival.marker.startswith(".") and name.endswith(arrival.marker))
    return name in {DIGESTS, *MANIFESTS} or name.endswith(DIGEST)


def read_checksum(root: Path, path: str, name: str) -> Checksum:
    """The checksum of the file `name` by the companion at `path` below `root`.

    It reads what `sha256sum` writes, the digest alone, or `{"files": [{"name", "bytes", "sha256"}]}`.
    """
    content = _read(root, path)
    if path.endswith(MANIFESTS):
        return _listed(content, name)
    alone = not path.endswith(DIGESTS)
    for line in content.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found and (PurePosixPath(found[2] or "").name == name or (alone and not found[2])):
            return Checksum(found[1].lower())
    return Checksum()


def _listed(content: bytes, name: str) -> Checksum:
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
    except msgspec.DecodeError:  # not whole yet, or none of ours: no digest is met
        return Checksum()
    for entry in manifest.files:
        if PurePosixPath(entry.name or entry.path).name == name:
            return Checksum(entry.sha256.lower(), entry.bytes if entry.bytes is not None else entry.size)
    return Checksum()


def _read(root: Path, path: str) -> bytes:
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            descriptor = open_below(top, path)
        finally:
            os.close(top)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            with open(os.dup(descriptor), "rb") as file:
                return file.read(_MOST_BYTES)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def _folders(path: str) -> Iterator[str]:
    """The directory of a path, then those above for as long as they are `name=value` partitions of one batch."""
    folder, _, _ = path.rpartition("/")
    while folder:
        yield folder
        folder, _, step = folder.rpartition("/")
        if "=" not in step:
            return
