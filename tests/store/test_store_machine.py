"""The store against a few lists: whatever is written, refused, crashed or put back, in any order."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.soak import times
from tests.store.opening import enqueue, open_store

from shopfloor.domain.errors import ConflictError
from shopfloor.domain.event import Event
from shopfloor.domain.job import JobKind
from shopfloor.domain.release import AliasChange
from shopfloor.store import events, jobs, models
from shopfloor.store.rows import Query
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction

ALIASES = ("champion", "challenger")


@dataclass
class Known:
    """What the store must hold. Jobs are in the database alone, aliases also in the journal."""

    queued: list[str] = field(default_factory=list)
    aliases: dict[str, int] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)

    def copy(self) -> Known:
        return Known(list(self.queued), dict(self.aliases), list(self.kinds))


def _move(transaction: Transaction, alias: str, version: int, previous: int | None) -> None:
    change = AliasChange(model="m", alias=alias, version=version, previous=previous, at=transaction.now)
    models.move_alias(transaction, change)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.parent = Path(tempfile.mkdtemp(prefix="store-"))
        self.folder = self.parent / "0"
        self.folder.mkdir()
        self.heard: list[Event] = []
        self.known = Known()
        self.backup: tuple[Path, Known] | None = None
        self.moved_since = False  # an alias, since the backup
        self.crashes = 0

    @initialize()
    def begin(self) -> None:
        self.store: Store = open_store(self.folder, self.heard)

    @rule(subject=st.sampled_from("ab"), key=st.sampled_from([None, "k"]))
    def enqueue(self, subject: str, key: str | None) -> None:
        before = self.store.last_seq
        id = enqueue(self.store, subject, unique_key=key)
        assert (id in self.known.queued) == (self.store.last_seq == before)
        if id not in self.known.queued:
            self.known.queued.append(id)
            self.known.kinds.append("job.queued")

    @rule(alias=st.sampled_from(ALIASES), version=st.integers(1, 9), informed=st.booleans())
    def move(self, alias: str, version: int, informed: bool) -> None:
        previous = self.known.aliases.get(alias) if informed else 99
        if not informed:
            with pytest.raises(ConflictError):
                self.store.write(lambda tx: _move(tx, alias, version, previous))
            return
        self.store.write(lambda tx: _move(tx, alias, version, previous))
        self.known.aliases[alias] = version
        self.known.kinds.append("alias.moved")
        self.moved_since = True

    @rule()
    def fail_half_way(self) -> None:
        def half(tx: Transaction) -> None:
            jobs.enqueue(tx, JobKind.TRAIN, "m", payload={}, trigger="test")
            _move(tx, "champion", 77, self.known.aliases.get("champion"))
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            self.store.write(half)

    @rule()
    def checkpoint(self) -> None:
        self.store.checkpoint()

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self._open()
        assert self.store.replayed == 0

    @rule()
    def crash(self) -> None:
        """The files as they lie, with the log that no checkpoint folded in: what `kill -9` leaves."""
        self.crashes += 1
        left = self.parent / str(self.crashes)
        shutil.copytree(self.folder, left)
        self.store.close()
        self.folder = left
        self._open()
        assert self.store.replayed == 0

    @rule()
    def back_up(self) -> None:
        target = self.parent / "backup.duckdb"
        target.unlink(missing_ok=True)
        seq = self.store.copy_to(target)
        assert seq == self.store.last_seq
        self.backup, self.moved_since = (target, self.known.copy()), False

    @precondition(lambda self: self.backup is not None)
    @rule()
    def put_back(self) -> None:
        """The database is the older one; what the journal knows is put back, in one event."""
        assert self.backup is not None
        path, known = self.backup
        self.store.close()
        shutil.copyfile(path, self.folder / "m.duckdb")
        self._open()
        assert bool(self.store.replayed) == self.moved_since
        self.known = Known(known.queued[:], self.known.aliases, known.kinds[:])
        if self.moved_since:
            self.known.kinds.append("store.replayed")

    @invariant()
    def holds_what_is_known(self) -> None:
        if not hasattr(self, "store"):
            return

        def look(query: Query) -> None:
            assert [job.id for job in jobs.queued(query)] == self.known.queued
            assert models.aliases(query, "m") == self.known.aliases
            found = events.tail(query, 1000)
            assert [event.kind for event in found] == self.known.kinds
            numbers = [event.seq for event in found]
            assert numbers == sorted(set(numbers))
            assert self.store.last_seq == (numbers[-1] if numbers else 0)

        self.store.read(look)

    def _open(self) -> None:
        self.store = open_store(self.folder, self.heard)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.parent, ignore_errors=True)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=times(6, 10), stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
