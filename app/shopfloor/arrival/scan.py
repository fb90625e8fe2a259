"""One look at all drop folders of a purpose: the truth about what lies in them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from shopfloor.arrival.candidate import HARD_LINK, CandidateKind, classify
from shopfloor.domain.file import FilePurpose, Reason
from shopfloor.domain.names import is_name
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.workspace.folders import READ, FolderError, denied, linked

MAX_DEPTH = 8
# Python 3.11 looks an enum's member up in 0.2 µs, and a burst asks forty thousand times.
_CANDIDATE, _DIRECTORY = CandidateKind.CANDIDATE, CandidateKind.DIRECTORY
_LINKED = (HARD_LINK,)

_OPEN_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ROOTS = {
    FilePurpose.DATA: ("inbox", "dataset"),
    FilePurpose.SCORE: ("score", "model"),
    FilePurpose.ACTUALS: ("actuals", "model"),
}


class Observation(Record, frozen=True, kw_only=True, gc=False):
    """One entry as it was at one moment.

    `name` is the dataset (or model) whose folder it lies in, empty when there is none. `path` is
    relative to the inbox root and may hold surrogates for undecodable bytes; `safe_path` is for
    people. `kind` is `candidate`, `ignored` or `refused`, a refusal has a `reason`.
    """

    name: str
    path: str
    safe_path: str
    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int
    kind: CandidateKind = CandidateKind.CANDIDATE
    reason: Reason | None = None
    notices: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int, int, int, int, int]:
        """What must stay the same for the file to count as unchanged."""
        return (self.path, self.dev, self.ino, self.size, self.mtime_ns, self.ctime_ns)


Found = tuple[FilePurpose, Observation, bytes]
"""What lies in a drop folder, with its whole path, byte for byte."""


def scan(
    inbox_root: Path,
    purpose: FilePurpose = FilePurpose.DATA,
    known: Mapping[str, Observation] | None = None,
) -> list[Observation]:
    """Every entry below `inbox_root`, in no particular order; directories themselves excluded.

    Directories are walked through descriptors and never through links, so a directory that is
    swapped for a link during the scan leads nowhere. Entries that vanish meanwhile are left out.
    Pass the last result as `known` (path to observation): what did not change is not classified
    again and comes back as the same object. A missing root gives an empty list.
    """
    try:
        root = os.open(inbox_root, _OPEN_DIR)
    except FileNotFoundError:
        return []
    found: list[Observation] = []
    try:
        _walk(root, "", "", None, 0, _Scan(purpose, known or {}, found))
    finally:
        os.close(root)
    return found


def identity_of(seen: Observation) -> tuple[int, int, int, int, int]:
    """What must be the same for a path to hold what the ledger knows."""
    return seen.dev, seen.ino, seen.size, seen.mtime_ns, seen.ctime_ns


def raw_paths(root: Path, observed: Sequence[Observation]) -> list[bytes]:
    """The whole path of each, byte for byte. No name holds a NUL, so that all are encoded at once."""
    folder = f"{root}/"
    joined = "\0".join([folder + seen.path for seen in observed])
    return os.fsencode(joined).split(b"\0") if observed else []


class _Scan:
    """What all levels of one scan share."""

    def __init__(self, purpose: FilePurpose, known: Mapping[str, Observation], found: list[Observation]) -> None:
        self.root, self.owner = _ROOTS[purpose]
        self.known = known
        self.found = found


def _walk(directory: int, prefix: str, name: str, refusal: Reason | None, depth: int, scan: _Scan) -> None:
    """Observe the entries of one open directory; `refusal` holds for all candidates in it."""
    known, found = scan.known.get, scan.found.append
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # gone between listing and looking
                continue
            path = prefix + entry.name
            before = known(path)
            if (
                before is not None
                and before.ctime_ns == status.st_ctime_ns
                and before.mtime_ns == status.st_mtime_ns
                and before.size == status.st_size
                and before.ino == status.st_ino
                and before.dev == status.st_dev
            ):
                found(before)
                continue
            kind, reason = classify(entry.name, status.st_mode)
            if kind is _DIRECTORY:
                _descend(directory, entry.name, prefix, name, refusal, depth, scan, status)
                continue
            if kind is _CANDIDATE:
                reason = refusal or (_homeless(entry.name, scan) if depth == 0 else None)
                kind = CandidateKind.REFUSED if reason else kind
            elif stat.S_ISLNK(status.st_mode) and kind is CandidateKind.REFUSED and _is_folder(entry):
                owner = entry.name if depth == 0 and is_name(entry.name) else name
                found(_observe(path, owner, status, kind, _told(linked(f"{scan.root}/{safe(path)}"))))
                continue
            found(_observe(path, name, status, kind, reason))


def _descend(
    directory: int,
    entry: str,
    prefix: str,
    name: str,
    refusal: Reason | None,
    depth: int,
    scan: _Scan,
    status: os.stat_result,
) -> None:
    path = prefix + entry
    if depth == 0:
        name, refusal = (entry, None) if is_name(entry) else ("", _unusable(entry, scan))
    if depth >= MAX_DEPTH:
        reason = Reason(
            code="too_deep",
            message=f"This directory is deeper than the {MAX_DEPTH} levels that are searched.",
            hint=f"Move the files up, to {scan.root}/{name or '<' + scan.owner + '>'}/.",
        )
        scan.found.append(_observe(path, name, status, CandidateKind.REFUSED, reason))
        return
    try:
        inner = os.open(entry, _OPEN_DIR, dir_fd=directory)
    except PermissionError:
        reason = _told(denied(status.st_uid, f"{scan.root}/{safe(path)}", READ))
        scan.found.append(_observe(path, name, status, CandidateKind.REFUSED, reason))
        return
    except OSError:  # gone, or swapped for a link: the next scan sees what it is
        return
    try:
        _walk(inner, f"{path}/", name, refusal, depth + 1, scan)
    finally:
        os.close(inner)


def _is_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # it leads in a circle, or where this user may not look
        return False


def _told(error: FolderError) -> Reason:
    return Reason(code=error.code, message=error.message, hint=error.hint)


def _observe(path: str, name: str, status: os.stat_result, kind: CandidateKind, reason: Reason | None) -> Observation:
    return Observation(
        name=name,
        path=path,
        safe_path=safe(path),
        dev=status.st_dev,
        ino=status.st_ino,
        size=status.st_size if stat.S_ISREG(status.st_mode) else 0,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        kind=kind,
        reason=reason,
        notices=_LINKED if status.st_nlink > 1 and kind is _CANDIDATE else (),
    )


def _homeless(entry: str, scan: _Scan) -> Reason:
    stem = _suggest(entry.split(".", 1)[0]) or scan.owner
    return Reason(
        code="no_folder",
        message=f"The file is directly in {scan.root}/, so its {scan.owner} is unknown.",
        hint=f"Put it in a folder named after the {scan.owner}, for example {scan.root}/{stem}/.",
    )


def _unusable(entry: str, scan: _Scan) -> Reason:
    better = _suggest(entry)
    example = f" For example {scan.root}/{better}/." if better else ""
    return Reason(
        code="bad_name",
        message=f"The folder name {safe(entry, 80)!r} cannot name a {scan.owner}.",
        hint="Rename the folder: 1 to 64 lower-case letters, digits, '_', '-' or '.', starting "
        f"with a letter or digit.{example}",
    )


def _suggest(entry: str) -> str:
    """A usable name like `entry`, or an empty string."""
    words = re.sub(r"[^a-z0-9_.]+", "-", entry.lower()).strip("-_.")[:64]
    return words if is_name(words) else ""
