"""The metadata store is killed, damaged and refused at every call: what it acknowledged is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shopfloor.domain.errors import RefusedError
from shopfloor.runtime.ownership import Ownership
from shopfloor.store import database, jobs, revisions
from shopfloor.store.store import Store
from tests.soak import times
from tests.store.opening import ENVIRONMENT, enqueue, open_store
from tests.store.test_together import revision

# One process that loads everything once; each round is a fork of it, killed after so many microseconds.
_ROUNDS = """
import os, random, signal, sys, time
from pathlib import Path
from tests.store.opening import enqueue, open_store

def life(folder, told):
    store = open_store(folder)
    number = 0
    while True:
        os.write(told, enqueue(store).encode() + b"\\n")
        number += 1
        if {checkpoint}:
            store.checkpoint()

chance = random.Random({seed})
for turn in range({rounds}):
    folder = Path(sys.argv[1]) / ({name})
    folder.mkdir(exist_ok=True)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        life(folder, write)
    os.close(write)
    {wait}
    time.sleep(chance.uniform(0, {longest}))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(read) as acknowledged:
        lines = acknowledged.read().split("\\n")[:-1]
    (Path(sys.argv[1]) / f"acknowledged-{{turn}}").write_text("\\n".join(lines))
"""


def _lives(folder: Path, **how: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ROUNDS.format(**how), str(folder)],
        env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _acknowledged(folder: Path, turn: int) -> list[str]:
    return (folder / f"acknowledged-{turn}").read_text().split()


def _stored(store: Store) -> set[str]:
    return {job.id for job in store.read(jobs.queued)}


@pytest.mark.soak
def test_a_kill_at_any_moment_of_the_first_start_leaves_a_workspace_that_starts(tmp_path: Path) -> None:
    rounds = times(20, 200)
    _lives(tmp_path, seed=1, rounds=rounds, checkpoint=False, name="str(turn)", wait="", longest=0.15)
    begun = 0
    for turn in range(rounds):
        begun += any((tmp_path / str(turn)).glob("m.duckdb*"))
        store = open_store(tmp_path / str(turn))
        assert set(_acknowledged(tmp_path, turn)) <= _stored(store)
        store.close()
    assert begun > 0, "every kill came before the creation"


@pytest.mark.soak
def test_a_kill_among_checkpoints_loses_nothing_acknowledged(tmp_path: Path) -> None:
    rounds = times(10, 200)
    _lives(
        tmp_path,
        seed=2,
        rounds=rounds,
        checkpoint="number % 3 == 0",
        name="'one'",
        wait="os.read(read, 1)",
        longest=0.2,
    )
    store = open_store(tmp_path / "one")
    # The first byte of each round told that the store was open.
    known = {id if id.startswith("j") else f"j{id}" for turn in range(rounds) for id in _acknowledged(tmp_path, turn)}
    assert len(known) > rounds
    assert known <= _stored(store)
    store.close()


def _zero(log: bytes) -> bytes:
    return log[:-60] + b"\0" * 60


def _cut(log: bytes) -> bytes:
    return log[:-37]


def _flip(log: bytes) -> bytes:
    middle = len(log) // 2
    return log[:middle] + bytes([log[middle] ^ 8]) + log[middle + 1 :]


@pytest.mark.parametrize("damage", [_zero, _cut, _flip])
def test_what_a_damaged_log_has_lost_comes_back_from_the_journal(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom tests.store.opening import open_store\n"
        "from tests.store.test_together import revision\nfrom shopfloor.store import revisions\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "for number in range(1, 9):\n    store.write(lambda tx: revisions.put(tx, revision(number)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, env=ENVIRONMENT)
    log = database.log_path(tmp_path / "m.duckdb")
    log.write_bytes(damage(log.read_bytes()))
    store = open_store(tmp_path)
    found = store.read(lambda query: revisions.listing(query, "d", 100, 0)).rows
    assert [one.revision for one in found] == list(range(8, 0, -1))
    assert store.replayed or store.recovered
    store.write(lambda tx: revisions.put(tx, revision(9)))
    store.close()


_TRACED = """
import sys
from pathlib import Path
from shopfloor.domain.errors import StoreError
from shopfloor.store import jobs
from tests.store.opening import enqueue, open_store
store = open_store(Path(sys.argv[1]))
for number in range(8):
    if number == 5:
        store.checkpoint()
    try:
        print(enqueue(store), flush=True)
    except StoreError:
        print("failed", flush=True)
print("reads", len(store.read(jobs.queued)), flush=True)
store.close()
"""
_CALLS = "write,pwrite64,fsync,fdatasync,ftruncate,unlink"


def _traced(folder: Path, calls: str, fault: str, nth: int) -> tuple[set[str], str, bool]:
    """What was acknowledged, the last line, and whether it met the fault, of a store's nth call on its files."""
    base = open_store(folder)
    enqueue(base)
    base.close()
    files = [folder / "m.duckdb", folder / "m.duckdb.wal", *(folder / "journal").glob("*.jsonl")]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *(word for file in files for word in ("-P", str(file))),
         "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={nth}",
         sys.executable, "-c", _TRACED, str(folder)],
        env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert "Traceback" not in done.stderr, done.stderr
    met = done.returncode == -9 or "failed" in lines
    return {line for line in lines if line.startswith("j")}, lines[-1] if lines else "", met


def _needs_strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this machine does not allow to trace processes")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("calls", "fault"),
    [
        (_CALLS, "signal=KILL"),
        ("fsync,fdatasync", "error=EIO"),
        ("write,pwrite64", "error=ENOSPC"),
        ("write,pwrite64", "error=EIO"),
    ],
    ids=["killed", "sync refused", "disk full", "write refused"],
)
def test_a_fault_at_any_call_on_the_stores_files_loses_nothing_acknowledged(
    tmp_path: Path, calls: str, fault: str
) -> None:
    _needs_strace()
    faults = 0
    for nth in range(1, times(3, 40)):
        folder = tmp_path / str(nth)
        folder.mkdir()
        acknowledged, last, met = _traced(folder, calls, fault, nth)
        faults += met
        if "KILL" not in fault:
            assert last.startswith("reads"), f"{fault} at call {nth} ended the store: {last}"
            assert int(last.split()[1]) >= len(acknowledged)
        store = open_store(folder)
        assert acknowledged <= _stored(store), f"{fault} at call {nth}"
        enqueue(store)
        store.close()
    assert faults, "no call was met"


def test_a_look_into_the_database_file_gives_no_other_process_the_workspace(tmp_path: Path) -> None:
    """DuckDB's own lock would be lost by it."""
    store = open_store(tmp_path)
    owner = Ownership.take(tmp_path / "owner.lock")
    with (tmp_path / "m.duckdb").open("rb") as file:
        file.read(1)
    code = (
        "import sys\nfrom pathlib import Path\nfrom shopfloor.domain.errors import RefusedError\n"
        "from shopfloor.runtime.ownership import Ownership\n"
        "try:\n    Ownership.take(Path(sys.argv[1]))\nexcept RefusedError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "owner.lock")], env=ENVIRONMENT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert f"Another engine owns this workspace (process {os.getpid()})" in done.stdout
    with pytest.raises(RefusedError):
        Ownership.take(tmp_path / "owner.lock")
    owner.release()
    store.close()


def test_a_long_look_keeps_its_snapshot_and_nobody_waiting(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for _ in range(5):
        enqueue(store)
    began, over = threading.Event(), threading.Event()
    seen: list[int] = []

    def look(query: object) -> None:
        seen.append(len(jobs.queued(query)))  # type: ignore[arg-type]
        began.set()
        assert over.wait(60)
        seen.append(len(jobs.queued(query)))  # type: ignore[arg-type]

    reader = threading.Thread(target=lambda: store.read(look))
    reader.start()
    assert began.wait(60)
    for _ in range(5):
        enqueue(store)
        store.checkpoint()
    over.set()
    reader.join()
    assert seen == [5, 5]
    assert len(store.read(jobs.queued)) == 10
    store.close()
