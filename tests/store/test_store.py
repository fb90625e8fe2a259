"""The store: durable when it returns, once per operation, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.opening import ENVIRONMENT, enqueue, open_store

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import ConflictError, StoreError, UsageError
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.job import CauseKind, JobCause, JobKind
from shopfloor.domain.monitor import AlertRecord, AlertState, Severity
from shopfloor.domain.page import Page
from shopfloor.domain.release import AliasChange, ModelVersion
from shopfloor.domain.run import ArtifactRef, RunRecord, RunState
from shopfloor.statistics import metrics
from shopfloor.store import alerts, database, datasets, events, files, inference, jobs, migrate, models, runs
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.inference import InferencePart
from shopfloor.store.journal import Journal, JournalEntry
from shopfloor.store.rows import Filter, Query, aware
from shopfloor.store.run_query import narrow
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_a_write_is_seen_by_readers_and_listeners(tmp_path: Path) -> None:
    heard: list[Event] = []
    store = open_store(tmp_path, heard)
    id = enqueue(store)
    assert store.read(lambda query: jobs.get(query, id)).subject == "m"
    assert [event.kind for event in heard] == ["job.queued"]
    assert store.last_seq == heard[-1].seq == 1
    store.close()


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    def half(tx: Transaction) -> None:
        jobs.enqueue(tx, JobKind.TRAIN, "m", payload={}, trigger="test")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(half)
    assert store.read(jobs.queued) == []
    assert store.last_seq == 0
    assert enqueue(store) == "j1"  # neither the id nor the event number was used up
    assert store.last_seq == 1


def test_a_unique_key_gives_the_queued_job(store: Store) -> None:
    first = enqueue(store, unique_key="k")
    assert enqueue(store, unique_key="k") == first
    assert enqueue(store, unique_key="other") != first


def test_readers_keep_their_snapshot(store: Store) -> None:
    enqueue(store)

    def look(query: object) -> tuple[int, int]:
        before = len(jobs.queued(query))  # type: ignore[arg-type]
        enqueue(store)
        return before, len(jobs.queued(query))  # type: ignore[arg-type]

    assert store.read(look) == (1, 1)
    assert len(store.read(jobs.queued)) == 2


def test_two_promotions_of_one_alias_do_not_both_win(store: Store) -> None:
    def move(previous: int | None, version: int) -> None:
        store.write(
            lambda tx: models.move_alias(
                tx, AliasChange(model="m", alias="champion", version=version, previous=previous, at=tx.now)
            )
        )

    move(None, 1)
    move(1, 2)
    with pytest.raises(ConflictError, match="changed to version 2"):
        move(1, 3)
    history = store.read(lambda query: models.history(query, "m"))
    assert [change.version for change in history.rows] == [2, 1]


def test_the_champion_at_a_time_is_one_query(store: Store) -> None:
    times = []
    for previous, version in ((None, 1), (1, 2)):
        store.write(
            lambda tx, p=previous, v=version: models.move_alias(
                tx, AliasChange(model="m", alias="champion", version=v, previous=p, at=tx.now)
            )
        )
        times.append(datetime.now(UTC))
    found = store.read(lambda query: models.history(query, "m", times[0]))
    assert [change.version for change in found.rows] == [1]


def _restarted(store: Store, folder: Path, lose: Callable[[], None]) -> Store:
    store.close()
    lose()
    return open_store(folder)


def _found_dead_by_a_reader(store: Store, folder: Path, lose: Callable[[], None]) -> Store:
    store.read(models.names)  # which holds a cursor of what dies
    store._connection.close()
    lose()
    return store


def _found_dead_by_a_writer(store: Store, folder: Path, lose: Callable[[], None]) -> Store:
    _found_dead_by_a_reader(store, folder, lose)
    with pytest.raises(StoreError, match="had to be reopened"):
        enqueue(store)
    return store


def _dead_in_a_commit(store: Store, folder: Path, lose: Callable[[], None]) -> Store:
    """The database that comes back is so short that its events, put back, reach the number of this commit."""
    intend = store._journal.intend

    def die(entry: JournalEntry) -> None:
        intend(entry)
        store._connection.close()
        lose()

    with patch.object(store._journal, "intend", die), pytest.raises(StoreError, match="had to be reopened"):
        store.write(partial(_champion, version=9, previous=8))
    return store


def _champion(transaction: Transaction, version: int, previous: int | None) -> None:
    change = AliasChange(model="m", alias="champion", version=version, previous=previous, at=transaction.now)
    models.move_alias(transaction, change)


@pytest.mark.parametrize(
    "comes_back", [_restarted, _found_dead_by_a_reader, _found_dead_by_a_writer, _dead_in_a_commit]
)
def test_the_journal_puts_back_what_the_database_lost(
    tmp_path: Path, comes_back: Callable[[Store, Path, Callable[[], None]], Store]
) -> None:
    heard: list[Event] = []
    store = open_store(tmp_path, heard)
    older = tmp_path / "older.duckdb"
    store.copy_to(older)
    for version, previous in [(7, None), (8, 7)]:
        store.write(partial(_champion, version=version, previous=previous))

    def lose() -> None:  # a restore, or a log that DuckDB silently cut short
        database.log_path(tmp_path / "m.duckdb").unlink(missing_ok=True)
        os.replace(older, tmp_path / "m.duckdb")

    store = comes_back(store, tmp_path, lose)
    assert store.read(lambda query: models.aliases(query, "m")) == {"champion": 8}
    assert store.replayed == 2
    assert not store.degraded
    newest = store.read(lambda query: events.tail(query, 1))[0]
    assert newest.kind == "store.replayed"
    assert newest.seq == store.last_seq > heard[1].seq
    store.write(partial(_champion, version=9, previous=8))
    assert store.read(lambda query: models.aliases(query, "m")) == {"champion": 9}
    store.close()
    again = open_store(tmp_path)
    assert again.replayed == 0
    assert again.read(lambda query: models.aliases(query, "m")) == {"champion": 9}
    again.close()


def test_numbers_of_events_that_clients_have_seen_are_not_given_out_again(tmp_path: Path) -> None:
    """Also where the lost events are none of those that the journal keeps."""
    store = open_store(tmp_path)
    older = tmp_path / "older.duckdb"
    store.copy_to(older)
    enqueue(store)
    seen = store.last_seq
    store._connection.close()
    database.log_path(tmp_path / "m.duckdb").unlink(missing_ok=True)
    os.replace(older, tmp_path / "m.duckdb")
    assert store.read(lambda query: events.tail(query, 1)) == []
    enqueue(store)
    assert store.last_seq > seen
    store.close()


def test_a_database_that_cannot_be_put_right_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing holds the file of a store that failed to open, so the next attempt can."""
    store = open_store(tmp_path)
    store.write(partial(_champion, version=7, previous=None))
    opened: list[duckdb.DuckDBPyConnection] = []

    def fail(connection: duckdb.DuckDBPyConnection) -> int:
        opened.append(connection)
        raise duckdb.IOException("IO Error: Input/output error")

    monkeypatch.setattr("shopfloor.store.store._PAUSES", (0.0,))
    with monkeypatch.context() as broken:
        broken.setattr("shopfloor.store.migrate.current", fail)
        store._connection.close()
        with pytest.raises(StoreError, match="metadata store is closed"):
            store.read(lambda query: models.aliases(query, "m"))
    assert len(opened) == 2
    for connection in opened:
        with pytest.raises(duckdb.ConnectionException):
            connection.execute("SELECT 1")
    assert store.read(lambda query: models.aliases(query, "m")) == {"champion": 7}
    store.close()


def test_a_torn_log_is_cut_and_kept_aside(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from tests.store.opening import enqueue, open_store
        store = open_store(Path(sys.argv[1]))
        for _ in range(5):
            enqueue(store)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, env=ENVIRONMENT)
    log = database.log_path(tmp_path / "m.duckdb")
    with log.open("r+b") as handle:
        handle.seek(-100, os.SEEK_END)
        handle.write(b"\0" * 100)  # what a power cut leaves
    store = open_store(tmp_path)
    assert len(store.read(jobs.queued)) == 4  # only the torn commit is gone
    assert "cut at byte" in store.recovered
    assert list(tmp_path.glob("*.damaged-*"))
    store.close()


def test_acknowledged_writes_survive_kill_9(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.store.opening import enqueue, open_store
        store = open_store(Path(sys.argv[1]))
        while True:
            print(enqueue(store), flush=True)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip() for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.wait()
    store = open_store(tmp_path)
    stored = {job.id for job in store.read(jobs.queued)}
    assert set(acknowledged) <= stored
    store.close()


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "m.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="does not open") as caught:
        open_store(tmp_path)
    assert "restore" in caught.value.hint


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    connection = duckdb.connect(str(tmp_path / "m.duckdb"))
    connection.execute("UPDATE meta SET value = '9999' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(StoreError, match="schema 9999"):
        open_store(tmp_path)


def test_a_fresh_database_has_the_newest_schema(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    migrate.create(path, "w")
    connection = duckdb.connect(str(path))
    assert migrate.current(connection) == migrate.newest()
    connection.close()


def test_every_migration_has_a_number_of_its_own() -> None:
    """Two branches that took the same number would leave one of both out."""
    files = [path.name for path in Path(migrate.__file__).parent.joinpath("migrations").glob("*.sql")]
    assert sorted(int(name[:4]) for name in files) == list(range(1, len(files) + 1)) == list(migrate.scripts())


def test_a_search_of_runs_knows_the_recipe_and_the_trigger_also_of_old_runs(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    path = tmp_path / "m.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(migrate.scripts()[1])
        connection.execute("INSERT INTO meta VALUES ('schema', '1'), ('workspace', 'w'), ('epoch', '0')")
        connection.execute("INSERT INTO counters VALUES ('r', 1)")
        old = to_text(RunRecord(id="r1", model="m", chosen="linear", trigger="new data"))
        connection.execute(
            "INSERT INTO runs (id, number, model, state, created_at, record) VALUES ('r1', 1, 'm', 'queued', now(), ?)",
            [old],
        )
    store = open_store(tmp_path)
    store.write(lambda tx: runs.create(tx, RunRecord(id="", model="m", chosen="Forest", trigger="you")))

    def found(text: str) -> list[str]:
        listed = store.read(
            lambda query: runs.listing(
                query, runs.RunSearch(metrics.aliases(), text=text, sort="id"), limit=9, offset=0
            )
        )
        return [run.id for run in listed.rows]

    assert (found("linear"), found("NEW DATA"), found("forest"), found("you")) == (["r1"], ["r1"], ["r2"], ["r2"])
    assert found("!linear") == ["r2"]
    store.close()


def test_states_that_older_workspaces_kept_in_words_are_read_once(tmp_path: Path) -> None:
    """Withdrawn files and rollbacks of a store of schema 3, whose reason and cause said so."""
    (tmp_path / "journal").mkdir()
    with duckdb.connect(str(tmp_path / "m.duckdb")) as connection:
        for number in (1, 2, 3):
            connection.execute(migrate.scripts()[number])
        connection.execute("INSERT INTO meta VALUES ('schema', '3'), ('workspace', 'w'), ('epoch', '0')")
        for number, (state, code) in enumerate(
            (("committed", "withdrawn"), ("quarantined", "schema"), ("committed", ""))
        ):
            connection.execute(
                "INSERT INTO files (id, number, purpose, dataset, path, raw_path, dev, ino, mtime_ns, ctime_ns, size, "
                "rejected_rows, state, reason, seen_count, seen_at) "
                "VALUES (?, ?, 'data', 'd', 'p', 'p'::BLOB, 1, 1, 1, 1, 1, 0, ?, ?, 1, now())",
                [f"f{number}", number, state, to_text({"code": code, "message": "m"}) if code else None],
            )
        for number, cause in enumerate(("a.csv", "rollback to d@1 by ann: bad", "rollback to d@2.csv"), start=1):
            connection.execute(
                "INSERT INTO dataset_versions VALUES ('d', ?, 'x', 1, 1, '[]', '[]', ?, '[]', now(), NULL)",
                [number, cause],
            )
    store = open_store(tmp_path)
    states = store.read(lambda query: [file.state.value for file in files.records(query, ["f0", "f1", "f2"])])
    assert states == ["withdrawn", "quarantined", "committed"]
    restored = store.read(lambda query: [v.restored for v in datasets.versions(query, "d", 9, 0).rows])
    assert restored == [None, 1, None]
    store.close()
    open_store(tmp_path).close()


WORDS = {  # what started a job, as older engines wrote it, and whether the job was about a dataset's version
    "flights@3": (3, JobCause(kind=CauseKind.DATASET_VERSION, name="flights", number=3)),
    "alert a12": (3, JobCause(kind=CauseKind.ALERT, name="a12")),
    "1,204 predictions of j7": (None, JobCause(kind=CauseKind.JOB, name="j7")),
    "1 actual of j8": (None, JobCause(kind=CauseKind.JOB, name="j8")),
    "late@2 promoted by ann": (None, JobCause(kind=CauseKind.MODEL_VERSION, name="late", number=2)),
    "requested by ann: see a1 and flights@3": (3, None),
    "12 files": (None, None),
}


def test_what_started_a_job_is_read_once_from_the_words_of_older_engines(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with duckdb.connect(str(tmp_path / "m.duckdb")) as connection:
        for number in range(1, 9):
            connection.execute(migrate.scripts().get(number, ""))
        connection.execute("INSERT INTO meta VALUES ('schema', '8'), ('workspace', 'w'), ('epoch', '0')")
        for number, (trigger, (version, _)) in enumerate(WORDS.items()):
            record = {"id": f"j{number}", "kind": "monitor", "subject": "late", "trigger": trigger}
            record |= {"created_at": "2026-01-01T00:00:00Z", "payload": {"dataset_version": version}}
            connection.execute(
                "INSERT INTO jobs VALUES (?, ?, 'monitor', 'late', 'queued', 0, NULL, NULL, now(), ?)",
                [record["id"], number, to_text(record)],
            )
    store = open_store(tmp_path)
    found = {job.trigger: job.causes for job in store.read(jobs.queued)}
    assert found == {words: (cause,) if cause else () for words, (_, cause) in WORDS.items()}
    store.close()


def test_only_the_store_names_the_database_file() -> None:
    """Opening the file elsewhere in the owner would silently drop DuckDB's lock."""
    app = Path(__file__).parents[2] / "app" / "shopfloor"
    allowed = {"store/database.py", "store/store.py", "store/copies.py", "workspace/layout.py", "engine/lifecycle.py"}
    for path in app.rglob("*.py"):
        name = str(path.relative_to(app))
        if name not in allowed and not name.startswith("upkeep/"):
            assert ".database" not in path.read_text(), name


@settings(max_examples=30, deadline=None)
@given(
    entries=st.lists(
        st.tuples(
            st.integers(1, 10**9),
            st.dictionaries(st.text(min_size=1), st.one_of(st.integers(-9, 9), st.text()), max_size=3),
        ),
        min_size=1,
        max_size=8,
    ),
    cut=st.integers(1, 200),
)
def test_a_torn_journal_gives_a_prefix(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, dict[str, object]]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder)
    written = [JournalEntry(seq, [("t", row)]) for seq, row in entries]
    for entry in written:
        journal.intend(entry)
    journal.close()
    path = next(folder.glob("*.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    kept = list(Journal(folder).entries())
    assert kept == written[: len(kept)]
    again = Journal(folder)
    again.intend(JournalEntry(5, []))
    again.close()
    assert list(Journal(folder).entries()) == [*kept, JournalEntry(5, [])]


def test_a_lost_database_is_not_silently_made_anew(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write(
        lambda tx: models.move_alias(tx, AliasChange(model="m", alias="champion", version=1, previous=None, at=tx.now))
    )
    store.close()
    (tmp_path / "m.duckdb").unlink()
    with pytest.raises(StoreError, match="missing"):
        open_store(tmp_path)


def test_committed_files_come_back_from_the_journal(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    older = tmp_path / "older.duckdb"
    store.copy_to(older)
    raw = b"/w/inbox/d/caf\xe9\n.csv"
    file = FileRecord(
        id="f1", dataset="d", path="inbox/d/x", bytes=3, state=FileState.COMMITTED, seen_at=datetime.now(UTC)
    )
    identity = Identity(raw_path=raw, dev=1, ino=2, size=3, mtime_ns=4, ctime_ns=5)
    store.write(lambda tx: files.put(tx, LedgerRow(file=file, number=1, identity=identity), keep=True))
    store.close()
    os.replace(older, tmp_path / "m.duckdb")
    reopened = open_store(tmp_path)
    (row,) = reopened.read(lambda query: files.ledger(query, ["f1"]))
    assert row.identity == identity
    assert row.file.state is FileState.COMMITTED
    reopened.close()


def _file(number: int, state: FileState = FileState.COMMITTED) -> LedgerRow:
    file = FileRecord(
        id=f"f{number}", dataset="d", path=f"inbox/d/{number}.csv", bytes=1, state=state, seen_at=datetime.now(UTC)
    )
    identity = Identity(raw_path=file.path.encode(), dev=1, ino=number, size=1, mtime_ns=1, ctime_ns=1)
    return LedgerRow(file=file, number=number, identity=identity)


@pytest.mark.parametrize("held_first", [False, True])
@pytest.mark.parametrize("wanted", [1, 7, 31, 60])
def test_a_window_of_files_holds_the_one_it_is_asked_for(store: Store, wanted: int, held_first: bool) -> None:
    held = {3, 30, 59}
    rows = [_file(n, FileState.QUARANTINED if n in held else FileState.COMMITTED) for n in range(1, 61)]
    store.write(lambda tx: files.put_many(tx, rows))

    def listed(limit: int, around: str) -> Page[FileRecord]:
        return store.read(
            lambda query: files.listing(
                query, dataset="d", state="", purpose="", text="", limit=limit, offset=0, held_first=held_first,
                around=around,
            )
        )  # fmt: skip

    whole = [file.id for file in listed(100, "").rows]
    assert whole[:3] == (["f59", "f30", "f3"] if held_first else ["f60", "f59", "f58"])
    page = listed(10, f"f{wanted}")
    assert f"f{wanted}" in [file.id for file in page.rows]
    assert [file.id for file in page.rows] == whole[page.offset : page.offset + 10]
    assert listed(10, "f999").offset == 0


def _score(store: Store, name: str, value: float, **fields: object) -> str:
    run = RunRecord(
        id="", model=name, state=RunState.SUCCEEDED, params={"depth": 4, "split": "time"}, duration_s=10 * value,
        metrics={"roc_auc": value, "neg_log_loss": -value, "mine": 2 * value - 0.5}, **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    return store.write(lambda tx: _created(tx, run)).id


def _created(transaction: Transaction, run: RunRecord) -> RunRecord:
    made = runs.create(transaction, run)
    runs.put(transaction, made, metric="roc_auc")
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("auc>0.8", "r2"), ("roc_auc>=0.9", "r2"), ("auc<0.9", "r1"), ("auc>0.8 churn", ""), ("late auc>0.8", "r2"),
        ("log_loss<0.8", "r1"), ("neg_log_loss>-0.8", "r1"), ("seconds<8", "r1"), ("score>0.5", "r2 r1"),
        ("state:succeeded", "r2 r1"), ("state:failed", "r3"), ("!state:failed auc>0", "r2 r1"), ("!late", "r3 r1"),
        ("param.depth=4", "r2 r1"), ("param.depth>3", "r2 r1"), ("param.split=time model:late", "r2"),
        ("param.split!=time", ""), ("auc>", "r3 r2 r1"), ("chu fail", "r3"), ("r2", "r2"), ("a:b", ""),
        ("!", "r3 r2 r1"),
        ("auc!=0.9", "r1"), ("version=7", ""), ("param.o'x=1", ""), ("metric.mine>1", "r2"), ("metric.none>0", ""),
    ],
)  # fmt: skip
def test_runs_are_found_by_words_and_by_what_they_measured(store: Store, text: str, found: str) -> None:
    _score(store, "churn", 0.7)
    _score(store, "late", 0.9)
    store.write(lambda tx: runs.create(tx, RunRecord(id="", model="churn", state=RunState.FAILED)))
    page = store.read(
        lambda query: runs.listing(
            query, runs.RunSearch(metrics.aliases(), text=text, sort="-created_at"), limit=9, offset=0
        )
    )
    assert " ".join(run.id for run in page.rows) == found
    assert page.total == len(page.rows)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("auc", "r1 r2 r3"), ("-auc", "r2 r1 r3"), ("-log_loss", "r2 r1 r3"), ("metric.mine", "r1 r2 r3"),
        ("param.depth", "r2 r1 r3"), ("-seconds", "r2 r1 r3"), ("-model", "r2 r3 r1"),
    ],
)  # fmt: skip
def test_runs_are_sorted_by_all_that_they_are_found_by(store: Store, sort: str, found: str) -> None:
    _score(store, "churn", 0.7)
    _score(store, "late", 0.9)
    store.write(lambda tx: runs.create(tx, RunRecord(id="", model="churn", metrics={"roc_auc": None})))
    store.checkpoint()
    page = store.read(
        lambda query: runs.listing(query, runs.RunSearch(metrics.aliases(), sort=sort), limit=9, offset=0)
    )
    assert " ".join(run.id for run in page.rows) == found


def test_a_long_log_is_folded_into_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = database.log_path(store._path)
    _score(store, "churn", 0.7)
    store.fold_long_log()
    assert log.stat().st_size > 0
    monkeypatch.setattr("shopfloor.store.store._LONG_LOG", 10)
    store.fold_long_log()
    assert database.log_bytes(store._path) == 0


@pytest.mark.parametrize(("text", "said"), [("acu>0.9", "auc"), ("auc>high", "not a number")])
def test_a_figure_that_runs_do_not_have_is_refused_with_the_nearest(store: Store, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        store.read(
            lambda query: runs.listing(
                query, runs.RunSearch(metrics.aliases(), text=text, sort="id"), limit=9, offset=0
            )
        )
    assert said in f"{refusal.value.message} {refusal.value.hint}"


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_narrows_runs_or_is_refused_politely(text: str) -> None:
    where = Filter()
    try:
        narrow(where, text, metrics.aliases())
    except UsageError:
        return
    assert where.where().count("?") == len(where.parameters)


def test_a_models_heartbeat_counts_the_days_before_now(store: Store) -> None:
    now = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)

    def part(name: str, at: datetime, rows: int, kind: str = "predictions") -> InferencePart:
        return InferencePart(sha256=f"{name}{at}{kind}", model=name, kind=kind, path="p", model_version=1, rows=rows,
                             source="batch", origin="f1", first_at=at, last_at=at)  # fmt: skip

    parts = [
        part("a", now - timedelta(minutes=30), 5),
        part("a", now - timedelta(hours=2), 7),
        part("a", now - timedelta(days=40), 9),
        part("a", now, 99, "actuals"),
        part("b", now - timedelta(days=3), 1),
    ]
    store.write(lambda tx: [inference.put(tx, one) for one in parts])
    found = store.read(lambda query: inference.heartbeats(query, now, 4))
    assert found["a"] == (now - timedelta(minutes=30), (0, 0, 7, 5))
    assert found["b"] == (now - timedelta(days=3), (1, 0, 0, 0))


def test_models_stand_the_same_asked_together_or_one_by_one(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        for number, name in enumerate("abc", 1):
            models.put_state(tx, models.ModelState(name=name, live_rows=number, awaiting=2 if name == "b" else None))
            for version in range(1, number + 1):
                made = ModelVersion(
                    model=name,
                    version=version,
                    run="r1",
                    dataset_version=1,
                    artifact=ArtifactRef(sha256="a", bytes=1),
                    score=version / 10,
                    created_at=tx.now,
                )
                models.put_version(tx, made)
        models.move_alias(tx, AliasChange(model="c", alias="champion", version=2, actor="ann", at=tx.now))

    store.write(fill)

    def check(query: Query) -> None:
        found = models.summaries(query, ["a", "b", "c", "unknown"])
        for name, standing in found.items():
            assert standing.state == models.state(query, name)
            assert standing.aliases == models.aliases(query, name)
            assert standing.versions == models.next_version(query, name) - 1
            moved = query.one("SELECT moved_at FROM aliases WHERE model = ? AND alias = 'champion'", [name])
            assert standing.champion_since == (None if moved is None else aware(moved[0]))
        assert found["c"].score == 0.2
        assert models.awaiting(query) == {"b"}

    store.read(check)


def test_urgent_alerts_come_before_a_flood_of_warnings(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        for number, (severity, state) in enumerate(
            [("critical", "open"), ("warning", "open"), ("critical", "acknowledged"), ("info", "open"),
             ("warning", "resolved"), ("warning", "open")], 1,
        ):  # fmt: skip
            made = AlertRecord(
                id=f"a{number}", subject="m", check="c", severity=Severity(severity), state=AlertState(state),
                message="x", opened_at=tx.now, updated_at=tx.now,
            )  # fmt: skip
            alerts.put(tx, made)

    store.write(fill)

    def ids(urgent_first: bool) -> list[str]:
        return store.read(
            lambda query: [
                one.id
                for one in alerts.listing(
                    query, subject="", state="", text="", limit=9, offset=0, urgent_first=urgent_first
                ).rows
            ]
        )

    assert ids(True) == ["a1", "a6", "a2", "a4", "a3", "a5"]
    assert ids(False) == ["a6", "a4", "a3", "a2", "a1", "a5"]
