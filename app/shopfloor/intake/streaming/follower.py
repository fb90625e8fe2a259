"""Files that grow in a drop folder: their new lines go the way of posted rows, each exactly once."""

from __future__ import annotations

import fnmatch
import logging
import os
import stat
import threading
from concurrent.futures import Future
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopfloor.domain.errors import ConfigError, ShopfloorError
from shopfloor.domain.numbers import count
from shopfloor.domain.streaming import FollowedFile
from shopfloor.domain.text import safe
from shopfloor.intake.streaming.checks import Checks
from shopfloor.intake.streaming.entry import StreamSource
from shopfloor.intake.streaming.followed import advance, began_so, begins_alike, is_intact, recognise
from shopfloor.intake.streaming.inflow import Inflow
from shopfloor.intake.streaming.log import AppendAnswer, Post
from shopfloor.intake.streaming.rows import PostedRows
from shopfloor.runtime.context import Context

if TYPE_CHECKING:
    from shopfloor.arrival.scan import Observation

_LOG = logging.getLogger("shopfloor.follow")
_PIECE = 4 << 20
_LONGEST = 64 << 20  # a line longer than this is no row
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST_COPY = 60.0  # seconds that a file which begins like another may be taken for its growing copy
_PASSES = 3  # of one look over a folder in which files are copied and truncated
_LINGER = 10.0  # seconds that a file is kept open after its name is gone: its writer may not know yet


class _State(Enum):
    """How reading a followed file goes."""

    READING = auto()
    TRUNCATED = auto()  # found so, and not read from its beginning yet
    WAITING = auto()  # its rows cannot come in now; each look tries again
    BLOCKED = auto()  # a line that is too long: nothing after it is read

    @property
    def stuck(self) -> bool:
        """True where lines do not come in before somebody does something about it."""
        return self in {_State.WAITING, _State.BLOCKED}


class _Target:
    """One open file of a dataset that is followed."""

    def __init__(self, dataset: str, path: str, handle: int, source: StreamSource) -> None:
        self.dataset = dataset
        self.path = path
        self.handle = handle
        self.source = source
        self.size = source.offset
        self.state = _State.READING
        self.detail = ""
        self.moved_at: datetime | None = None
        self.ends_at = 0  # size of the file whose last line had no end, and since when on the monotonic clock
        self.ends_since = 0.0
        self.lost_at: float | None = None

    @property
    def inode(self) -> tuple[int, int]:
        """Which file it is."""
        return self.source.dev, self.source.ino


class _Suspect(NamedTuple):
    """A file that waits because it may be a copy; since when it has its size, on the monotonic clock."""

    dataset: str
    size: int
    first: float
    since: float


class Follower:
    """One thread that looks at followed files every second. Does nothing in a workspace without any."""

    def __init__(self, context: Context, inflow: Inflow, checks: Checks) -> None:
        self._context = context
        self._inflow = inflow
        self._checks = checks
        self._datasets: set[str] = set()
        self._targets: dict[tuple[int, int], _Target] = {}
        self._suspects: dict[tuple[int, int], _Suspect] = {}
        self._anew: set[tuple[int, int]] = set()  # known files that were not open when they were truncated
        self._closed: dict[tuple[str, str], str] = {}  # dataset and name of what cannot be opened, to why
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="follower", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current look and close all files."""
        self._wake.set()
        self._thread.join(timeout=10.0)
        with self._turn:
            for target in self._targets.values():
                os.close(target.handle)
            self._targets.clear()

    def may_follow(self, dataset: str) -> bool:
        """Whether any file of a dataset is or was followed: asked once for all the files of a look."""
        return bool(self._patterns(dataset) or self._inflow.sources(dataset))

    def follows(self, seen: Observation) -> bool:
        """Whether a file is followed, so that nobody takes it in as a whole.

        A file whose lines came in this way stays so under another name, and when the contract does
        not ask for it any more: as a whole it would bring its rows a second time.
        """
        folder, _, name = seen.path.rpartition("/")
        mine = "/" not in folder and self._matches(seen.name, name)
        if mine and seen.name not in self._datasets:
            self._datasets.add(seen.name)
            self._wake.set()
        return mine or self._was_followed(seen.name, seen.path, (seen.dev, seen.ino))

    def look(self) -> None:
        """Read what is new in all followed files, on the caller's thread."""
        with self._turn:
            for dataset in sorted(self._datasets | set(self._inflow.followed_datasets())):
                for _ in range(_PASSES):
                    if not self._look_at(dataset):
                        break

    def waiting(self) -> int:
        """Files with lines that are not read yet: they may be copies, or their rows cannot come in now."""
        late = sum(one.state in {_State.TRUNCATED, _State.WAITING} for one in list(self._targets.values()))
        return late + sum(one.size > 0 for one in list(self._suspects.values()))

    def status(self, dataset: str) -> tuple[FollowedFile, ...]:
        """Where the followed files of a dataset stand."""
        open_files = [self._file(target) for target in list(self._targets.values()) if target.dataset == dataset]
        closed_files = [
            FollowedFile(
                path=_shown(dataset, name), offset=0, size=0, rows=0, detail=f"it cannot be opened: {why}", stuck=True
            )
            for (owner, name), why in list(self._closed.items())
            if owner == dataset
        ]
        return (*open_files, *closed_files)

    def _file(self, target: _Target) -> FollowedFile:
        source, detail, stuck = target.source, target.detail, target.state.stuck
        now = self._context.clock.monotonic()
        if not stuck and target.ends_at and now - target.ends_since > self._context.settings.stream.stuck_seconds:
            minutes = (now - target.ends_since) / 60
            detail, stuck = f"its last line has been incomplete for {count(minutes)} min", True
        return FollowedFile(
            path=_shown(target.dataset, target.path),
            offset=source.offset,
            size=target.size,
            rows=source.rows,
            rejected=source.rejected,
            detail=detail or ("it was removed" if target.lost_at is not None else ""),
            stuck=stuck,
            moved_at=target.moved_at,
        )

    def _loop(self) -> None:
        while not self._context.stopping.is_set():
            busy = bool(self._datasets or self._targets or self._inflow.followed_datasets())
            self._wake.wait(self._context.settings.stream.follow_seconds if busy else None)
            self._wake.clear()
            if self._context.stopping.is_set():
                return
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the boundary of the follower: the files stay, it looks again
                expected = isinstance(error, ShopfloorError | OSError)
                _LOG.warning("following failed, will be retried: %s", error, exc_info=not expected)

    def _matches(self, dataset: str, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns(dataset))

    def _patterns(self, dataset: str) -> tuple[str, ...]:
        try:
            return self._checks.follow(dataset)
        except ConfigError:
            return ()  # told by the intake, which reads the same file

    def _was_followed(self, dataset: str, path: str, inode: tuple[int, int]) -> bool:
        """Whether lines of this very file came in: its inode alone may be that of a file long gone."""
        source = self._inflow.source(dataset, *inode)
        if source is None or not source.offset:
            return False
        try:
            handle = os.open(self._context.layout.inbox / path, _FLAGS)
        except OSError:
            return False
        try:
            return is_intact(handle, source)
        finally:
            os.close(handle)

    def _look_at(self, dataset: str) -> bool:
        """Read what is new in the files of a dataset; True where to list it once more tells more.

        The copy of a file that was found truncated may be newer than the listing, and is told from a new file only
        as long as the old place is known: so the original begins anew in the next pass. What was taken for its
        copy till then is told in the one after that.
        """
        folder = self._context.layout.inbox / dataset
        present = self._present(folder, dataset)
        names = set(present.values())
        self._closed = {key: why for key, why in self._closed.items() if key[0] != dataset or key[1] in names}
        for inode, suspect in list(self._suspects.items()):
            if suspect.dataset == dataset and inode not in present:
                del self._suspects[inode]
        before = set(self._anew)
        self._open_new(dataset, folder, present)
        mine = [one for one in self._targets.values() if one.dataset == dataset]
        truncated = any(one.state is _State.TRUNCATED for one in mine)
        for target in mine:
            self._tend(target, present.get(target.inode))
        begun = truncated and any(one.dataset == dataset for one in self._suspects.values())
        return begun or any(one.state is _State.TRUNCATED for one in mine) or bool(self._anew - before)

    def _present(self, folder: Path, dataset: str) -> dict[tuple[int, int], str]:
        """Regular files that match, or that were followed under another name."""
        found: dict[tuple[int, int], str] = {}
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return found
        inodes = {source.ino for source in self._inflow.sources(dataset)}
        for entry in entries:
            mine = self._matches(dataset, entry.name)
            if not mine and entry.inode() not in inodes:
                continue  # without a stat: ten thousand files may lie here
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            inode = (status.st_dev, status.st_ino)
            if mine or self._was_followed(dataset, f"{dataset}/{entry.name}", inode):
                found[inode] = entry.name
        return found

    def _open_new(self, dataset: str, folder: Path, present: dict[tuple[int, int], str]) -> None:
        """Open files that were not there before. Copies are told from new files before an original
        that was truncated begins anew, as long as its old place is known."""
        known = self._inflow.sources(dataset)
        fresh = [(inode, name) for inode, name in present.items() if inode not in self._targets]
        inodes = {(source.dev, source.ino) for source in known}
        gone = self._gone(dataset, known, present) if fresh else frozenset()
        for inode, name in sorted(fresh, key=lambda pair: pair[0] in inodes):
            try:
                handle = os.open(folder / name, _FLAGS)
            except OSError as error:
                _LOG.warning("%s cannot be followed: %s", safe(name), error.strerror)
                self._closed[dataset, name] = error.strerror or "unknown"
                continue
            self._closed.pop((dataset, name), None)
            status = os.fstat(handle)
            if (status.st_dev, status.st_ino) != inode or not stat.S_ISREG(status.st_mode):
                os.close(handle)
                continue
            source = recognise(handle, name, known, gone=gone, now=self._now())
            # An inode may be that of a file long gone: what counts is whether the content goes on.
            goes_on = any((one.dev, one.ino) == inode and one.born == source.born for one in known)
            if not goes_on and not source.offset and inode in inodes and inode not in self._anew:
                self._anew.add(inode)
                os.close(handle)
                continue
            if not goes_on and not source.offset and self._may_be_copy(dataset, handle, inode):
                os.close(handle)
                continue
            self._anew.discard(inode)
            self._suspects.pop(inode, None)
            target = self._targets[inode] = _Target(dataset, name, handle, source)
            if source.offset and not goes_on:
                target.detail = "a copy of a followed file: reading continues where that one ended"
                self._add(target, PostedRows(b"", 0), source)  # or its lines would be new when the original is gone

    def _may_be_copy(self, dataset: str, handle: int, inode: tuple[int, int]) -> bool:
        """Whether a new file should wait: it is empty, or begins like a followed one and may be its copy,
        half made or before the original is truncated. It waits until it differs or is quiet.

        An original that is truncated just now cannot be compared any more; the next look knows that it is.
        """
        size = os.fstat(handle).st_size
        alike = [one for one in self._targets.values() if one.dataset == dataset and one.source.offset]
        if size and not any(begins_alike(handle, one.handle, size) or _was_alike(handle, size, one) for one in alike):
            self._suspects.pop(inode, None)
            return False
        now = self._context.clock.monotonic()
        before = self._suspects.get(inode)
        if before is None or before.size != size:
            first = now if before is None else before.first
            before = self._suspects[inode] = _Suspect(dataset, size, first, now)
        quiet = self._context.settings.intake.settle_seconds
        if size and (now - before.since >= quiet or now - before.first >= _LONGEST_COPY):
            del self._suspects[inode]
            return False
        return True

    def _gone(
        self, dataset: str, known: tuple[StreamSource, ...], present: dict[tuple[int, int], str]
    ) -> frozenset[str]:
        gone = set()
        for source in known:
            inode = (source.dev, source.ino)
            target = self._targets.get(inode)
            if inode not in present:
                gone.add(f"{source.dev}:{source.ino}")
            elif target is not None:
                if not is_intact(target.handle, source):
                    gone.add(f"{source.dev}:{source.ino}")
            elif not self._was_followed(dataset, f"{dataset}/{present[inode]}", inode):
                gone.add(f"{source.dev}:{source.ino}")
        return frozenset(gone)

    def _now(self) -> int:
        return int(self._context.clock.now().timestamp() * 1e9)

    def _tend(self, target: _Target, name: str | None) -> None:
        if name is not None and name != target.path:
            target.path = name
        if not is_intact(target.handle, target.source):
            if name is None:
                self._leave(target)  # under another name with other content it is another file
                return
            if target.state is not _State.TRUNCATED:
                target.state = _State.TRUNCATED
                return
            target.detail = "it was truncated and is read from its beginning"
            target.source = StreamSource(
                path=target.path, dev=target.source.dev, ino=target.source.ino, born=self._now()
            )
        target.state = _State.READING
        read = self._read_on(target)
        target.size = os.fstat(target.handle).st_size
        now = self._context.clock.monotonic()
        if name is not None or read:
            target.lost_at = None
        elif target.lost_at is None:
            target.lost_at = now
        elif now - target.lost_at > _LINGER:
            self._leave(target)

    def _read_on(self, target: _Target) -> bool:
        """Take in what is new; one file that cannot be read now does not hold up the others."""
        try:
            read = self._read(target)
        except (ShopfloorError, OSError) as error:
            _LOG.warning("%s cannot be followed now: %s", safe(target.path), error)
            target.detail, target.state = safe(str(error), 200), _State.WAITING
            return False
        now = self._context.clock.monotonic()
        size = os.fstat(target.handle).st_size
        if target.state.stuck or size <= target.source.offset:
            target.ends_at = 0
        elif size != target.ends_at:
            target.ends_at, target.ends_since = size, now
        return read

    def _leave(self, target: _Target) -> None:
        os.close(target.handle)
        del self._targets[target.inode]

    def _read(self, target: _Target) -> bool:
        """Take in all complete lines; whether there were any."""
        read = False
        while not self._context.stopping.is_set():
            lines = _complete_lines(target.handle, target.source.offset)
            if lines is None:
                target.detail = f"a line is longer than {_LONGEST >> 20} MB: nothing after it is read"
                target.state = _State.BLOCKED
            elif not lines:
                target.state = _State.READING
            if not lines:
                return read
            try:
                self._inflow.check_room(len(lines))
            except ShopfloorError as error:
                target.detail, target.state = error.message, _State.WAITING
                return read
            rows = self._checks.check(target.dataset).read_lines(lines)
            after = advance(target.handle, target.source, lines, rows=rows.rows, rejected=rows.rejected)
            self._add(target, rows, after)
            target.state, target.moved_at = _State.READING, self._context.clock.now()
            target.detail = f"the newest line that is not a row: {rows.rejects[-1].message}" if rows.rejects else ""
            read = True
        return read

    def _add(self, target: _Target, rows: PostedRows, source: StreamSource) -> None:
        done: Future[AppendAnswer] = self._inflow.submit(target.dataset, Post(rows=rows, source=source))
        done.result()
        target.source = source


def _was_alike(handle: int, size: int, target: _Target) -> bool:
    """Whether a file may be a copy of what the target was before it was truncated."""
    return not is_intact(target.handle, target.source) and began_so(handle, target.source, size)


def _complete_lines(handle: int, offset: int) -> bytes | None:
    """Bytes from `offset` up to the last line feed; None for a line that has no end within reason."""
    data = os.pread(handle, _PIECE, offset)
    end = data.rfind(b"\n")
    while end < 0 and len(data) % _PIECE == 0 and data:
        if len(data) >= _LONGEST:
            return None
        more = os.pread(handle, _PIECE, offset + len(data))
        if not more:
            break
        end = more.rfind(b"\n")
        end = end if end < 0 else end + len(data)
        data += more
    return data[: end + 1]


def _shown(dataset: str, name: str) -> str:
    return f"inbox/{dataset}/{safe(name)}"
