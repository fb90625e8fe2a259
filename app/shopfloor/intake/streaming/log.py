"""The log of one dataset's stream: posts that are safe, and not part of a version yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import ConflictError, StoreError
from shopfloor.domain.text import safe
from shopfloor.intake.streaming import frame
from shopfloor.intake.streaming.entry import StreamEntry, StreamSource, pack, unpack
from shopfloor.intake.streaming.keys import YOUNG, KeyFile, KeyMemory
from shopfloor.intake.streaming.rows import PostedRows
from shopfloor.workspace.segment import SegmentWriter

_LOG = logging.getLogger("shopfloor.streaming")
_UNBOUNDED = 1 << 62
_SOURCES = 1_000  # followed files that are remembered, the most recently read ones
SUFFIX = ".log"


@dataclass(frozen=True)
class Post:
    """Rows to add once. `source` is given for lines of a followed file, which need no key."""

    rows: PostedRows
    key: str = ""
    digest: str = ""
    source: StreamSource | None = None


@dataclass(frozen=True)
class AppendAnswer:
    """What became of a post: its entry, whether it is an old one, or why it was refused."""

    entry: StreamEntry
    duplicate: bool = False
    refusal: ConflictError | None = None


@dataclass(frozen=True)
class Sealed:
    """A segment that nobody appends to any more."""

    path: Path
    rows: int
    bytes: int


@dataclass
class Open:
    """What has gathered in the open segment."""

    rows: int = 0
    bytes: int = 0
    first: float = 0.0
    last: float = 0.0


@dataclass
class Damage:
    """What a recovery found unreadable, for people to know."""

    damaged: int = 0
    torn: int = 0


@dataclass
class StreamLog:
    """Appends posts durably, each key once. Used by one thread; others only read its figures.

    After a write or sync that failed nobody knows what is on the disk. So the log does what a new
    engine would do: it forgets what it thought and reads the directory again (`recover`).
    """

    dataset: str
    directory: Path
    clock: Clock
    key_file: KeyFile = field(init=False)
    keys: KeyMemory = field(default_factory=KeyMemory)
    sources: dict[str, StreamSource] = field(default_factory=dict)
    """By inode: where reading goes on."""
    generations: dict[tuple[str, int], StreamSource] = field(default_factory=dict)
    """By inode and birth: for people, who see a file that was truncated as another one."""
    position: int = 0
    open: Open = field(default_factory=Open)
    sealed: list[Sealed] = field(default_factory=list)
    damage: Damage = field(default_factory=Damage)
    last: StreamEntry | None = None
    latest: datetime | None = None  # when rows were accepted last, by this engine
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever reads the directory or takes files out of it."""
    _writer: SegmentWriter | None = None
    _recovered: bool = True
    """False while it is unknown which posts are in."""

    def __post_init__(self) -> None:
        self.key_file = KeyFile(self.directory)

    def recover(self) -> None:
        """Learn from the directory what was acknowledged; every segment found is sealed.

        Raises `StoreError` when the directory cannot be read; nothing is written before it could be.
        """
        self._abandon()
        self._recovered = False
        try:
            self._read_directory()
        except OSError as error:
            raise StoreError(
                f"The streamed rows of {self.dataset} cannot be read: {error.strerror or error}.",
                hint="Send the rows again with the same key once `shopfloor doctor` finds nothing.",
                code="stream_failed",
            ) from error
        self._recovered = True

    def _read_directory(self) -> None:
        with self.turn:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.keys, self.position = KeyMemory(), 0
            self.sources, self.generations = {}, {}
            self.open, self.sealed = Open(), []
            for entry in self.key_file.load():
                self._learn(entry, pack(entry))
            for half in self.directory.glob(".*.tmp"):
                half.unlink()
            for path in sorted(self.directory.glob(f"*{SUFFIX}")):
                if path.name != YOUNG:
                    self._take_up(path)

    def write(self, posts: Sequence[Post]) -> list[AppendAnswer]:
        """Add what is new with one write and one sync; what became of each post, when it is safe.

        Raises `StoreError`; then it is unknown which posts are in, and the same keys may be sent again.
        """
        if not self._recovered:
            self.recover()
        answers = self._arrange(posts)
        fresh = [
            (pack(answer.entry), post.rows.payload, answer.entry)
            for answer, post in zip(answers, posts, strict=True)
            if not answer.duplicate and answer.refusal is None
        ]
        if fresh:
            try:
                self._append(b"".join(frame.encode(header, payload) for header, payload, _ in fresh))
            except StoreError:
                self.recover()
                raise
            for header, payload, entry in fresh:
                self._count(entry, header, len(payload))
        return answers

    def seal(self) -> None:
        """End the open segment, so that it can become a delivery."""
        if self._writer is None or self._writer.path is None or not self.last:
            return
        path = self._writer.path
        try:
            self._writer.close()
        except StoreError:
            self.recover()
            raise
        self._writer = None
        self.sealed.append(Sealed(path, self.open.rows, self.open.bytes))
        self.open, self.last = Open(), None

    def state(self) -> StreamEntry:
        """All that must outlive the segments: the position and the followed files."""
        newest = list(self.sources.values())[-_SOURCES:]
        return StreamEntry(position=self.position, at=self.clock.now(), sources=tuple(newest))

    def _arrange(self, posts: Sequence[Post]) -> list[AppendAnswer]:
        """An old answer, a refusal or a new entry for each post."""
        answers: list[AppendAnswer] = []
        fresh: dict[str, StreamEntry] = {}
        position = self.position
        for post in posts:
            known = (fresh.get(post.key) or self.keys.find(post.key)) if post.key else None
            if known is not None:
                answers.append(_repeated(known, post))
                continue
            position += post.rows.rows
            fresh[post.key] = self._entry(post, position)
            answers.append(AppendAnswer(fresh[post.key]))
        return answers

    def _entry(self, post: Post, position: int) -> StreamEntry:
        return StreamEntry(
            key=post.key,
            digest=post.digest,
            rows=post.rows.rows,
            rejected=post.rows.rejected,
            rejects=post.rows.rejects,
            notices=post.rows.notices,
            position=position,
            at=self.clock.now(),
            sources=() if post.source is None else (post.source,),
        )

    def _append(self, data: bytes) -> None:
        if self._writer is None:
            self._writer = SegmentWriter(
                self.directory,
                self.clock,
                max_bytes=_UNBOUNDED,
                max_age=float("inf"),
                suffix=SUFFIX,
                name=f"stream of {self.dataset}",
            )
        self._writer.append(data)
        self._writer.sync()

    def _count(self, entry: StreamEntry, header: bytes, size: int) -> None:
        now = self.clock.monotonic()
        self._learn(entry, header)
        self.last = entry
        self.latest = entry.at
        self.open.first = self.open.first or now
        self.open.last = now
        self.open.rows += entry.rows
        self.open.bytes += size

    def _learn(self, entry: StreamEntry, header: bytes) -> None:
        self.keys.add(entry, header)
        self.position = max(self.position, entry.position)
        for source in entry.sources:
            identity = f"{source.dev}:{source.ino}"
            self.sources.pop(identity, None)  # to the end: the newest are remembered longest
            self.sources[identity] = source
            self.generations[identity, source.born] = source
            if len(self.generations) > _SOURCES:
                del self.generations[next(iter(self.generations))]

    def _take_up(self, path: Path) -> None:
        scanned = frame.scan(path.read_bytes())
        self.damage.damaged += scanned.damaged
        self.damage.torn += scanned.torn
        rows = size = 0
        for found in scanned.frames:
            entry = unpack(found.header)
            self._learn(entry, found.header)
            rows += entry.rows
            size += len(found.payload)
        if scanned.frames or scanned.damaged:
            self.sealed.append(Sealed(path, rows, size))
        else:
            path.unlink()

    def _abandon(self) -> None:
        writer, self._writer, self.last = self._writer, None, None
        if writer is None:
            return
        try:
            writer.close()
        except (StoreError, OSError) as error:
            _LOG.warning("a segment of %s could not be closed: %s", self.dataset, error)


def _repeated(known: StreamEntry, post: Post) -> AppendAnswer:
    if known.digest == post.digest:
        return AppendAnswer(known, duplicate=True)
    refusal = ConflictError(
        f"The key {safe(post.key, 60)!r} was already used for other rows.",
        hint="Use a new Idempotency-Key for new rows, and the old one only to repeat the same post.",
        code="key_reused",
    )
    return AppendAnswer(known, refusal=refusal)
