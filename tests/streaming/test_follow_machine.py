"""A followed file through everything that can happen to it, against a model that knows all lines.

No engine process: the streams themselves over a store, so that hundreds of histories take seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.soak import times
from tests.waiting import until

from shopfloor.arrival.scan import scan
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.file import FilePurpose
from shopfloor.domain.ids import ulid
from shopfloor.intake.contract.checks import check_with_duckdb
from shopfloor.intake.streaming import follower
from shopfloor.intake.streaming.delivery import LINES
from shopfloor.intake.streaming.streams import Streams
from shopfloor.runtime.context import Context
from shopfloor.runtime.event_stream import EventStream
from shopfloor.store.store import Store
from shopfloor.workspace.layout import Layout


class FollowedFile(RuleBasedStateMachine):
    """Append, append half a line, rename, copy and truncate, truncate, replace, look, roll, restart."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.layout = Layout(self.root)
        self.layout.create()
        (self.root / "workspace.toml").write_text("")
        self.layout.contract("d").write_text('[arrival]\nfollow = ["events*"]\n')
        self.folder = self.layout.inbox / "d"
        self.folder.mkdir()
        self.log = self.folder / "events.jsonl"
        self.written = 0
        self.complete = 0
        self.half = b""
        self.names = 0
        self.start()

    def start(self) -> None:
        clock, events = SystemClock(), EventStream()
        self.store = Store(
            self.layout.database, self.layout.journal, clock, workspace_id=ulid(), on_commit=events.publish
        )
        context = Context(
            layout=self.layout,
            store=self.store,
            clock=clock,
            stream=events,
            epoch=1,
            started_at=clock.now(),
            check_contract=check_with_duckdb,
        )
        intake = msgspec.structs.replace(context.settings.intake, settle_seconds=0.5)
        context.settings = msgspec.structs.replace(context.settings, intake=intake)
        self.context = context
        self.streams = Streams(context)
        self.streams.start()

    def write(self, data: bytes) -> None:
        with self.log.open("ab", buffering=0) as file:
            file.write(data)

    @rule(count=st.integers(1, 60))
    def append(self, count: int) -> None:
        rows = range(self.written, self.written + count)
        self.write(self.half + b"".join(b'{"n":%d,"t":"%s"}\n' % (n, b"x" * (n % 90)) for n in rows))
        self.written += count
        self.half = b""

    @precondition(lambda self: not self.half)
    @rule(cut=st.integers(1, 8))
    def append_half_a_line(self, cut: int) -> None:
        line = b'{"n":%d,"t":"half"}\n' % self.written
        self.write(line[:cut])
        self.half = line[cut:]
        self.written += 1

    @precondition(lambda self: not self.half)
    @rule()
    def rename(self) -> None:
        if self.log.exists():
            self.names += 1
            self.log.rename(self.folder / f"events.{self.names}")

    @precondition(lambda self: not self.half)
    @rule()
    def copy_and_truncate(self) -> None:
        """A copy that matches holds what was not read yet. Where it was never looked at, original and
        copy are two files of the same content, so there is a look before."""
        if self.log.exists():
            self.look()
            self.names += 1
            shutil.copyfile(self.log, self.folder / f"events.{self.names}")
            os.truncate(self.log, 0)

    @precondition(lambda self: not self.half)
    @rule()
    def truncate_after_a_look(self) -> None:
        if self.log.exists():
            self.look()
            os.truncate(self.log, 0)

    @precondition(lambda self: not self.half)
    @rule()
    def remove_after_a_look(self) -> None:
        """The inode is free for the next file."""
        if self.log.exists():
            self.look()
            self.log.unlink()

    @rule()
    def look(self) -> None:
        for seen in scan(self.layout.inbox):
            assert self.streams.follows(FilePurpose.DATA, seen)
        self.streams._follower.poll()

    @rule()
    def roll(self) -> None:
        self.look()
        self.streams.roll()

    @rule()
    def restart(self) -> None:
        """As after a kill: nothing is handed over, all that was not on the disk is gone."""
        self.context.stopping.set()
        self.streams._follower.stop()
        self.streams._inflow._roller._wake.set()
        self.streams._inflow._roller._thread.join()
        self.streams._inflow._committer.stop()
        self.store.close()
        for log in self.streams._inflow._logs.values():
            log._abandon()
        self.start()

    @invariant()
    def no_line_is_in_twice(self) -> None:
        if hasattr(self, "streams"):
            found = self.found()
            assert not [n for n, count in found.items() if count > 1], found

    def found(self) -> Counter[int]:
        """Rows of rolled segments; nobody takes them in here."""
        lines = b"".join(path.read_bytes() for path in self.layout.streams.glob(f"d/*{LINES}")).splitlines()
        return Counter(json.loads(line)["n"] for line in lines)

    def has_read_all(self) -> bool:
        """After one more look."""
        self.look()
        return not self.streams._follower.waiting()

    def teardown(self) -> None:
        if not hasattr(self, "streams"):
            return
        try:
            if self.half:
                self.write(self.half)
            until(self.has_read_all)
            self.look()
            self.streams.roll()
            assert self.found() == Counter(range(self.written))
            assert self.streams.waiting() == 0 or self.streams._inflow._roller.held("d")
            rows = self.store.read(
                lambda query: query.all("SELECT sum(rows) FROM files WHERE NOT starts_with(path, 'stream/')")
            )
            assert (rows[0][0] or 0) == self.written, "the ledger shows every line once"
        finally:
            self.restart()
            self.context.stopping.set()
            self.streams.stop()
            self.store.close()
            shutil.rmtree(self.root)


TestFollowedFile = FollowedFile.TestCase
TestFollowedFile.settings = settings(max_examples=times(8, 25), stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_copy_that_is_made_while_the_folder_is_listed_is_known_as_one(restarted: bool) -> None:
    """Copied, truncated and written anew between the listing of a look and its reading of the original."""
    history = FollowedFile()
    history.begin()
    try:
        history.append(40)
        history.look()
        if restarted:
            history.restart()
        mine = history.streams._follower
        listed = mine._present

        def meanwhile(folder: Path, dataset: str) -> dict[tuple[int, int], str]:
            found = listed(folder, dataset)
            mine._present = listed  # type: ignore[method-assign]
            shutil.copyfile(history.log, history.folder / "events.1")
            os.truncate(history.log, 0)
            history.append(55)
            return found

        with mine._turn:
            mine._present = meanwhile  # type: ignore[method-assign]
        history.look()
        assert history.written == 95
    finally:
        history.teardown()


def test_a_copy_is_known_as_one_though_its_original_is_truncated_while_they_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = FollowedFile()
    history.begin()
    try:
        history.append(40)
        history.look()
        shutil.copyfile(history.log, history.folder / "events.1")
        alike = follower.same_beginning

        def just_then(handle: int, other: int, size: int) -> bool:
            os.truncate(history.log, 0)
            return alike(handle, other, size)

        with monkeypatch.context() as changed:
            changed.setattr(follower, "same_beginning", just_then)
            history.look()
        history.look()
        history.append(55)
    finally:
        history.teardown()
