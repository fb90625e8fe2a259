"""Many at once, and a kill at each step of a commit."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.soak import times
from tests.store.opening import ENVIRONMENT, enqueue, open_store

from shopfloor.domain.event import Event
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.reject import MOST, Reject
from shopfloor.domain.revision import ContractCause, ContractRevision
from shopfloor.store import events, files, jobs, operations, rejects, revisions
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.journal import Journal
from shopfloor.store.rows import Query

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_writers_and_readers_at_once(tmp_path: Path) -> None:
    """Ids and events count without a gap, listeners hear in order, and each look sees whole commits."""
    heard: list[Event] = []
    store = open_store(tmp_path, heard)
    seen: list[tuple[int, int]] = []
    over = threading.Event()

    def look(query: Query) -> tuple[int, int]:
        return len(jobs.queued(query)), events.total(query)

    def read() -> None:
        while not over.is_set():
            seen.append(store.read(look))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=lambda: [enqueue(store) for _ in range(25)]) for _ in range(6)]
    for thread in (reader, *writers):
        thread.start()
    for writer in writers:
        writer.join()
    over.set()
    reader.join()
    assert [event.seq for event in heard] == list(range(1, 151))
    assert {job.id for job in store.read(jobs.queued)} == {f"j{number}" for number in range(1, 151)}
    assert all(queued == told for queued, told in seen)
    assert seen == sorted(seen)
    store.close()


_REVISE = """
import sys
from pathlib import Path
from tests.store.opening import open_store
from tests.store.test_together import revision
from shopfloor.store import revisions
store = open_store(Path(sys.argv[1]))
while True:
    number = store.read(lambda query: revisions.number(query, "d")) + 1
    store.write(lambda tx: revisions.put(tx, revision(number)))
    print(number, flush=True)
"""


def revision(number: int) -> ContractRevision:
    return ContractRevision(
        dataset="d", revision=number, cause=ContractCause.EDITED, actor="ann", changes=(f"change {number}",), at=NOW
    )


@pytest.mark.soak
@pytest.mark.parametrize("step", ["store.commit", "store.committed"])
@pytest.mark.parametrize("nth", range(1, times(3, 60)))
def test_a_kill_at_each_step_of_a_commit(tmp_path: Path, step: str, nth: int) -> None:
    """What was acknowledged is there; the commit that was cut is there wholly or not at all."""
    environment = {**ENVIRONMENT, "SHOPFLOOR_FAILPOINT": f"{step}:{nth}:kill"}
    run = subprocess.run(
        [sys.executable, "-c", _REVISE, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == -9, run.stderr
    acknowledged = [int(line) for line in run.stdout.split()]
    assert acknowledged == list(range(1, nth))
    store = open_store(tmp_path)
    found = store.read(lambda query: revisions.listing(query, "d", 100, 0)).rows
    assert [one.revision for one in found] == list(range(nth if step == "store.committed" else nth - 1, 0, -1))
    assert all(one == revision(one.revision) for one in found)
    assert store.last_seq == len(found)
    assert [entry.seq for entry in Journal(tmp_path / "journal").entries()] == [one.revision for one in found[::-1]]
    store.write(lambda tx: revisions.put(tx, revision(len(found) + 1)))
    assert store.read(lambda query: revisions.number(query, "d")) == len(found) + 1
    store.close()


def test_an_operations_answer_and_its_work_are_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)

    def ask(fail: bool) -> str:
        def once(tx):  # type: ignore[no-untyped-def]
            if (before := operations.answered(tx, "op")) is not None:
                return before
            id, _ = tx.next_id("j")
            operations.record(tx, "op", "job.add", f'"{id}"', first_seq=tx.seq + 1)
            if fail:
                raise ValueError("no")
            return f'"{id}"'

        return store.write(once)

    with pytest.raises(ValueError, match="no"):
        ask(fail=True)
    assert [ask(fail=False) for _ in range(3)] == ['"j1"'] * 3
    store.close()
    again = open_store(tmp_path)
    assert again.read(lambda query: operations.answered(query, "op")) == '"j1"'
    again.close()


def _reject(number: int) -> Reject:
    return Reject(code="type", message="m", line=number)


def test_rejects_are_those_of_the_last_attempt_and_go_with_their_time(tmp_path: Path) -> None:
    store = open_store(tmp_path)

    def known(number: int, state: FileState) -> LedgerRow:
        file = FileRecord(id=f"f{number}", dataset="d", path=f"inbox/d/{number}.csv", bytes=1, state=state, seen_at=NOW)
        identity = Identity(raw_path=file.path.encode(), dev=1, ino=number, size=1, mtime_ns=1, ctime_ns=1)
        return LedgerRow(file=file, number=number, identity=identity)

    store.write(lambda tx: files.put_many(tx, [known(1, FileState.QUARANTINED), known(2, FileState.COMMITTED)]))
    store.write(lambda tx: rejects.put(tx, "f1", [_reject(n) for n in range(1, MOST + 500)]))
    assert store.read(lambda query: rejects.listing(query, "f1", 1, 0)).total == MOST
    for file in ("f1", "f2"):
        store.write(lambda tx, f=file: rejects.put(tx, f, [_reject(n) for n in (7, 3, 5)]))
    page = store.read(lambda query: rejects.listing(query, "f1", 2, 1))
    assert ([one.line for one in page.rows], page.total) == ([3, 5], 3)
    later = NOW + timedelta(days=1)
    assert store.read(lambda query: rejects.old(query, NOW)) == []
    assert store.read(lambda query: rejects.old(query, later)) == [("d", 1, 3)]
    store.write(lambda tx: rejects.forget(tx, later))
    assert store.read(lambda query: rejects.listing(query, "f2", 9, 0)).total == 0
    assert store.read(lambda query: rejects.listing(query, "f1", 9, 0)).total == 3  # it still waits for somebody
    store.close()


def test_events_are_found_by_number_and_subject(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for number in range(12):
        store.write(lambda tx, n=number: tx.emit("k", "ab"[n % 2], f"m{n}", data={}))

    def look(query: Query) -> None:
        for seq in range(13):
            for limit in (1, 5, 100):
                for subject in ("", "a", "b", "c"):
                    wanted = [n for n in range(1, 13) if not subject or "ab"[(n - 1) % 2] == subject]
                    found = [one.seq for one in events.after(query, seq, limit, subject)]
                    assert found == [n for n in wanted if n > seq][:limit]
                    assert [one.seq for one in events.tail(query, limit, subject)] == wanted[-limit:]
                    assert events.total(query, subject) == len(wanted)

    store.read(look)
    store.close()
