"""Claiming a settled file: copy, hash, compare. From then on only the copy is read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from shopfloor.arrival.scan import Observation
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.record import Record

_CHUNK = 1 << 18  # stays in the processor's cache between being read and being hashed
_STEP = 8 << 20
_LARGE = 16 << 20
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a pipe that took the file's place must not hang the engine.
_FILE = os.O_RDONLY | os.O_NONBLOCK | _FLAGS
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | _FLAGS


class Claimed(Record, frozen=True, kw_only=True):
    """A private copy of a delivered file; `offset` is where it begins at `path` if that is a `Container`."""

    sha256: str
    bytes: int
    path: str
    offset: int | None = None

    def discard(self) -> None:
        """Remove a copy that has a file of its own; a container goes as a whole."""
        if self.offset is None:
            Path(self.path).unlink(missing_ok=True)


class FileChanged(RefusedError):
    """The file moved under us; it goes back to settling. `gone` when it is no longer there."""

    default_code = "file_changed"

    def __init__(self, path: str, *, gone: bool = False) -> None:
        super().__init__(
            f"{path} {'is gone' if gone else 'changed while it was being ingested'}.",
            hint="It is retried once it has settled." if not gone else "Deliver it again.",
        )
        self.gone = gone


class Unreadable(RefusedError):
    """The file cannot be opened by the user who runs the engine."""

    default_code = "unreadable"


def claim(root: Path, expected: Observation, staging: Path) -> Claimed:
    """Copy the file that `expected` describes, below `root`, to the new file `staging`.

    The sha256 is of the bytes written. Raises `FileChanged` when the file is not, or does not stay,
    what was observed, and `Unreadable` when permission is missing; then no copy is left.
    """
    source = _open(root, expected)
    try:
        _compare(source, expected)
        # Outside the next block: what is there already is not ours to remove.
        target = os.open(staging, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        try:
            digest, size = _copy(source, target, expected.size)
            _compare(source, expected)
            if size != expected.size:
                raise FileChanged(expected.safe_path)
        except BaseException:
            staging.unlink(missing_ok=True)
            raise
    finally:
        os.close(source)
    return Claimed(sha256=digest, bytes=size, path=str(staging))


class Container:
    """One new file at `path` for the copies of many small files below `root`.

    To create a file for each, and to remove it again, takes longer than all that is done with its bytes.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self.path = path
        self._size = 0
        self._target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        self._root = _top(root)
        self._folder: tuple[str, int] | None = None

    def claim(self, expected: Observation) -> Claimed:
        """`claim` into this file."""
        source = self._open(expected)
        try:
            _compare(source, expected)
            data = os.read(source, expected.size + 1)
            _compare(source, expected)
        finally:
            os.close(source)
        if len(data) != expected.size:
            raise FileChanged(expected.safe_path)
        offset, view = self._size, memoryview(data)
        while view:
            view = view[os.pwrite(self._target, view, offset + len(data) - len(view)) :]
        self._size += len(data)
        return Claimed(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), path=str(self.path), offset=offset)

    def close(self) -> None:
        """No more copies come."""
        self._leave()
        os.close(self._root)
        os.close(self._target)

    def _open(self, expected: Observation) -> int:
        """Files of one folder come one after the other: it is opened once."""
        path, _, name = expected.path.rpartition("/")
        with _troubles(expected):
            if self._folder is None or self._folder[0] != path:
                self._leave()
                self._folder = (path, _directory_below(self._root, path))
            return os.open(name, _FILE, dir_fd=self._folder[1])

    def _leave(self) -> None:
        if self._folder is not None:
            os.close(self._folder[1])
            self._folder = None


def open_below(root: int, path: str) -> int:
    """Open the file `path` below the directory descriptor `root`, following no link anywhere.

    Raises `OSError`, as `os.open` does.
    """
    folder, _, name = path.rpartition("/")
    directory = _directory_below(root, folder)
    try:
        return os.open(name, _FILE, dir_fd=directory)
    finally:
        os.close(directory)


def _directory_below(root: int, path: str) -> int:
    directory = os.dup(root)
    for step in path.split("/") if path else ():
        try:
            inner = os.open(step, _DIRECTORY, dir_fd=directory)
        finally:
            os.close(directory)
        directory = inner
    return directory


def _open(root: Path, expected: Observation) -> int:
    with _troubles(expected):
        top = _top(root)
        try:
            return open_below(top, expected.path)
        finally:
            os.close(top)


def _top(root: Path) -> int:
    return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


@contextmanager
def _troubles(expected: Observation) -> Iterator[None]:
    """What keeps a file from being opened, as the claim tells it."""
    try:
        yield
    except FileNotFoundError:
        raise FileChanged(expected.safe_path, gone=True) from None
    except PermissionError:
        raise Unreadable(
            f"{expected.safe_path} cannot be read: permission denied.",
            hint="Let the user who runs Shopfloor read it (chmod u+r or g+r).",
        ) from None
    except OSError:  # ELOOP, ENOTDIR, ENXIO: a link, a directory or a pipe took its place
        raise FileChanged(expected.safe_path) from None


def _compare(source: int, expected: Observation) -> None:
    status = os.fstat(source)
    found = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if not stat.S_ISREG(status.st_mode) or found != expected.key[1:]:
        raise FileChanged(expected.safe_path)


def _copy(source: int, target: int, expected: int) -> tuple[str, int]:
    """Copy, and hash what was written; return the digest and the bytes written. Closes `target`."""
    digest, size = hashlib.sha256(), 0
    chunk = memoryview(bytearray(min(_CHUNK, expected + 1)))
    with open(target, "rb", buffering=0), closing(_sent(source, target, expected)) as sent:
        for count in sent:
            while count and (read := os.preadv(target, [chunk[:count]], size)):
                digest.update(chunk[:read])
                size += read
                count -= read
    return digest.hexdigest(), size


def _sent(source: int, target: int, expected: int) -> Generator[int]:
    """Copy the source; give how many bytes each step has added to the copy.

    The kernel copies, which takes a third of the time of writing what was read. Of a large file the next step is on its
    way while the caller hashes this one.
    """

    def send() -> int:
        return os.sendfile(target, source, None, _STEP)

    if expected < _LARGE:
        while count := send():
            yield count
        return
    with ThreadPoolExecutor(1, thread_name_prefix="claim") as thread:
        ahead = thread.submit(send)
        while count := ahead.result():
            ahead = thread.submit(send)
            yield count
