"""The journal against a store that may fail at any step: it holds exactly the commits that were made."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shopfloor.store import journal as module
from shopfloor.store.journal import Journal, JournalEntry
from shopfloor.workspace.durable import write_all


@dataclass
class Disk:
    """Takes `room` more writes and half of the next one, then it is full."""

    room: int | None = None

    def write(self, handle: int, data: bytes) -> None:
        if self.room == 0:
            write_all(handle, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(handle, data)
        if self.room is not None:
            self.room -= 1


@dataclass
class Database:
    """What is committed, and the number of the last event, which commits without rows for the journal move too."""

    seq: int = 0
    kept: list[JournalEntry] = field(default_factory=list)


FILL = st.sampled_from([None, None, None, 0, 1, 2])


class Commits(RuleBasedStateMachine):
    """One process after another writes; each step of a commit may fail or be the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "write_all", self.disk.write)
        self.patch.setattr(module, "_ROTATE_BYTES", 300)
        self.database = Database()
        self.directory = FOLDERS.mktemp("journal")
        self.journal = Journal(self.directory)

    @rule(kept=st.booleans(), commits=st.booleans(), events=st.integers(1, 3), fill=FILL)
    def commit(self, kept: bool, commits: bool, events: int, fill: int | None) -> None:
        if fill is not None:
            self.disk.room = fill
        entry = JournalEntry(self.database.seq + events, [("t", {"id": "ä" * events})], self.database.seq)
        try:
            self.journal.settle(made=False)
            if kept:
                self.journal.intend(entry)
        except OSError:
            self._rolled_back()
            return
        if not commits:
            self._rolled_back()
            return
        self.database.seq = entry.seq
        if kept:
            self.database.kept.append(entry)
        self.journal.settle(made=True)

    @rule(kept=st.booleans(), commits=st.booleans())
    def crash_in_a_commit(self, kept: bool, commits: bool) -> None:
        entry = JournalEntry(self.database.seq + 1, [("t", {"id": "crash"})], self.database.seq)
        try:
            self.journal.settle(made=False)
            if kept:
                self.journal.intend(entry)
        except OSError:
            pass
        else:
            if commits:
                self.database.seq = entry.seq
                self.database.kept += [entry] if kept else []
        self.journal.close()
        self.disk.room = None
        self.journal = Journal(self.directory)
        self.journal.resolve(self.database.seq)

    @rule()
    def make_room(self) -> None:
        self.disk.room = None

    def _rolled_back(self) -> None:
        try:
            self.journal.settle(made=False)
        except OSError:
            pass

    @invariant()
    def holds_what_was_committed(self) -> None:
        found = list(Journal(self.directory).entries())
        # The last one may wait for its mark; what is before it is settled.
        assert found in (self.database.kept, self.database.kept[:-1])

    def teardown(self) -> None:
        self.disk.room = None
        self.journal.close()
        last = Journal(self.directory)
        last.resolve(self.database.seq)
        assert list(last.entries()) == self.database.kept
        assert last.last_seq() == (self.database.kept[-1].seq if self.database.kept else 0)
        last.close()
        self.patch.undo()


Commits.TestCase.settings = settings(max_examples=40, stateful_step_count=16, deadline=None)


class TestCommits(Commits.TestCase):
    @pytest.fixture(autouse=True)
    def folders(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        global FOLDERS
        FOLDERS = tmp_path_factory


FOLDERS: pytest.TempPathFactory
