"""Digests of files, each computed once for a process and a file's identity."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

_MOST = 200_000

# Device, inode, size, times of the last change of content and of anything: a file that was written since has others.
_Identity = tuple[int, int, int, int, int]
# A file's identity and its digest, as they travel to a child process and back.
KnownDigest = tuple[_Identity, str]
_known: dict[_Identity, str] = {}


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes as lower-case hex, read now, in chunks."""
    with path.open("rb") as file:
        identity = _identity(os.fstat(file.fileno()))
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if identity == _identity(os.fstat(file.fileno())):
            _remember(identity, digest)
        return digest


def known_sha256(path: Path) -> str:
    """The same, without reading a file again that this process has read and nobody has written since."""
    return _known.get(_identity(path.stat())) or file_sha256(path)


def known_digests() -> tuple[KnownDigest, ...]:
    """What this process has read."""
    return tuple(_known.items())


def learn(digests: Iterable[KnownDigest]) -> None:
    """What a parent or a child has read need not be read again."""
    for identity, digest in digests:
        _remember(identity, digest)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _remember(identity: _Identity, digest: str) -> None:
    if len(_known) >= _MOST:
        _known.clear()
    _known[identity] = digest
