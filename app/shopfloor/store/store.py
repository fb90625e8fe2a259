"""The store: one writer thread, snapshot readers, commits that are durable when they return."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import duckdb

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import StoreError
from shopfloor.domain.event import Event
from shopfloor.domain.failpoint import reach
from shopfloor.domain.text import counted
from shopfloor.duck.refusal import refused
from shopfloor.store import bulk, copies, database, migrate
from shopfloor.store.journal import Journal, JournalEntry, journalled
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import DISK_FULL

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_CONFLICT_RETRIES = 5
_PAUSES = (0.1, 0.5, 2.0)
"""Seconds between the attempts to open the database again."""
_LONG_LOG = 16 << 20
_DEAD = (duckdb.FatalException, duckdb.ConnectionException)
"""What is raised by a connection that has to be opened again."""


@dataclass(frozen=True)
class Work(Generic[T]):
    """A mutation on its way to the writer thread."""

    mutate: Callable[[Transaction], T]
    done: Future[T]


class Reader:
    """A snapshot cursor. Used by one thread at a time."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row or None."""
        row: tuple[Any, ...] | None = self._cursor.execute(sql, list(parameters)).fetchone()
        return row

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        rows: list[tuple[Any, ...]] = self._cursor.execute(sql, list(parameters)).fetchall()
        return rows

    def row(self, table: str, *key: Any) -> dict[str, Any] | None:
        """A whole row by its primary key."""
        return bulk.row(self._cursor, table, key)


class Store:
    """The only holder of the metadata database. Opened by the process that owns the workspace's lock."""

    def __init__(
        self, path: Path, journal: Path, clock: Clock, *, workspace_id: str, on_commit: Callable[[list[Event]], None]
    ) -> None:
        self._path = path
        self._clock = clock
        self._workspace_id = workspace_id
        self._on_commit = on_commit
        self._journal = Journal(journal)
        self._queue: queue.SimpleQueue[Work[Any] | None] = queue.SimpleQueue()
        self._local = threading.local()
        self._generation = 0
        self._closed = ""
        self._unsynced = ""
        self._log_watch = database.LogWatch(path)
        self._last_seq = 0
        self.recovered = ""
        self.replayed = 0
        self._open()
        self._thread = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def last_seq(self) -> int:
        """The number of the newest event."""
        return self._last_seq

    @property
    def degraded(self) -> str:
        """Why the store does less than it should, empty when it is well. It heals by itself."""
        return self._closed or self._unsynced

    def write(self, mutate: Callable[[Transaction], T]) -> T:
        """Run `mutate` in one transaction; durable when this returns, rolled back when it raises."""
        return self.submit(mutate).result()

    def submit(self, mutate: Callable[[Transaction], T]) -> Future[T]:
        """`write` without waiting."""
        work = Work(mutate, Future[T]())
        self._queue.put(work)
        return work.done

    def read(self, query: Callable[[Reader], T]) -> T:
        """Run `query` on this thread's own cursor, in one snapshot."""
        generation = self._generation
        try:
            return self._read(query)
        except _DEAD:
            self.submit(_Reopen(generation)).result()
            return self._read(query)

    def checkpoint(self) -> None:
        """Fold the log into the database file; called when the engine is quiet and disk space allows."""
        done: Future[None] = Future()
        self._queue.put(Work(_CHECKPOINT, done))
        done.result()

    def fold_long_log(self) -> None:
        """`checkpoint` when the log is long: what is only in it is kept in rows, which are slow to search."""
        if database.log_bytes(self._path) > _LONG_LOG:
            self.checkpoint()

    def copy_to(self, target: Path) -> int:
        """A consistent copy in a new database file at `target`; returns the event number it holds."""
        done: Future[int] = Future()
        self._queue.put(Work(_CopyTo(target), done))
        return done.result()

    def close(self) -> None:
        """Finish queued work, checkpoint and release the file."""
        self._queue.put(None)
        self._thread.join()
        self._journal.close()
        self._connection.close()

    def _read(self, query: Callable[[Reader], T]) -> T:
        cursor = self._cursor()
        cursor.execute("BEGIN")
        try:
            return query(Reader(cursor))
        finally:
            cursor.execute("ROLLBACK")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        held = getattr(self._local, "held", None)
        if held is None or held[0] != self._generation:
            held = (self._generation, self._connection.cursor())
            self._local.held = held
        cursor: duckdb.DuckDBPyConnection = held[1]
        return cursor

    def _write_loop(self) -> None:
        while True:
            work = self._queue.get()
            if work is None:
                self._checkpoint_now()
                return
            self._answer(work)

    def _answer(self, work: Work[Any]) -> None:
        if not work.done.set_running_or_notify_cancel():
            return
        try:
            result = self._perform(work.mutate)
        except BaseException as error:  # noqa: BLE001 - the boundary of the writer thread: the caller gets the error
            work.done.set_exception(error)
        else:
            work.done.set_result(result)

    def _perform(self, mutate: Callable[[Transaction], Any]) -> Any:
        if isinstance(mutate, _Reopen) and mutate.generation == self._generation:
            self._reopen("a read found it unusable")
        self._open_if_closed()
        if isinstance(mutate, _Reopen):
            return None
        if mutate is _CHECKPOINT:
            return self._checkpoint_now()
        if isinstance(mutate, _CopyTo):
            return self._copy_now(mutate.target)
        for attempt in range(_CONFLICT_RETRIES):
            try:
                return self._commit(mutate)
            except duckdb.TransactionException as error:
                if "onflict" not in str(error) or attempt == _CONFLICT_RETRIES - 1:
                    raise _not_stored(database.first_line(error), error) from error
                time.sleep(random.uniform(0.001, 0.01) * (attempt + 1))
        raise AssertionError("unreachable")

    def _commit(self, mutate: Callable[[Transaction], Any]) -> Any:
        """One transaction. Whatever can fail comes before COMMIT; what follows it must not."""
        transaction = Transaction(self._connection, self._clock.now(), self._last_seq)
        try:
            self._connection.execute("BEGIN")
            result = mutate(transaction)
            if transaction.needs_event:
                changed = Counter(table for table, _ in transaction.kept)
                message = f"{counted(changed.total(), 'row')} changed"
                transaction.emit("store.changed", "store", message, data={"rows": dict(changed)})
            self._intend(transaction)
            transaction.flush()
            self._wait_for_journal()
            reach("store.commit")
            self._connection.execute("COMMIT")
        except _DEAD as error:
            if not self._committed_all_the_same(transaction, error):
                raise StoreError(
                    f"The store had to be reopened: {database.first_line(error)}", hint="Repeat the request."
                ) from error
        except BaseException:
            self._roll_back()
            raise
        self._last_seq = transaction.seq
        reach("store.committed")
        self._journal.settle(made=True)
        self._sync_log()
        self._announce(transaction.events)
        return result

    def _announce(self, events: list[Event]) -> None:
        try:
            if events:
                self._on_commit(events)
        except Exception:  # noqa: BLE001 - what is committed has succeeded, whoever does not listen
            _LOG.exception("a listener failed after the commit of event %d", events[-1].seq)

    def _intend(self, transaction: Transaction) -> None:
        """The journal's share of a commit, and what it owes to an earlier one that failed."""
        try:
            self._journal.settle(made=False)
            if transaction.kept:
                entry = JournalEntry(
                    transaction.seq, transaction.kept, self._last_seq, at=transaction.now, actor=transaction.by
                )
                self._journal.intend(entry)
        except OSError as error:
            raise _no_journal(error) from error

    def _wait_for_journal(self) -> None:
        try:
            self._journal.wait_durable()
        except OSError as error:
            raise _no_journal(error) from error

    def _committed_all_the_same(self, transaction: Transaction, error: duckdb.Error) -> bool:
        """Nobody knows whether a COMMIT that ended so was made, but the database when it is open again."""
        before = self._last_seq
        held = self._reopen(database.first_line(error))
        return before < transaction.seq <= held

    def _sync_log(self) -> None:
        try:
            self._log_watch.after_commit()
        except OSError as error:
            self._unsynced = f"the folder of the database cannot be synced: {error.strerror}"
        else:
            self._unsynced = ""

    def _roll_back(self) -> None:
        try:
            self._connection.execute("ROLLBACK")
        except duckdb.TransactionException:
            pass  # DuckDB already rolled back and says that no transaction is active
        try:
            self._journal.settle(made=False)
        except OSError:
            pass  # said before the next commit, which fails until it can be

    def _reopen(self, cause: str) -> int:
        """After a fatal error every handle is dead. Returns what `_open` does, 0 while the database does not open."""
        self._closed = cause
        self._connection.close()
        for pause in _PAUSES:
            try:
                return self._open()
            except (StoreError, OSError, duckdb.Error):
                time.sleep(pause)
        return 0

    def _open_if_closed(self) -> None:
        if not self._closed:
            return
        try:
            self._open()
        except (StoreError, OSError, duckdb.Error) as error:
            raise StoreError(
                f"The metadata store is closed: {self._closed}.",
                hint="Free disk space or mend the disk: it opens by itself once it can.",
                code="store_closed",
            ) from error

    def _open(self) -> int:
        """At the start and after a fatal error. Returns the number of the last event that the database itself held.

        What is acknowledged and not there any more, because a log was lost or cut, comes back from the journal.
        """
        self._refuse_to_forget()
        database.ensure(self._path, self._workspace_id)
        connection, note = database.connect(self._path)
        try:
            have = migrate.current(connection)
            if have < migrate.newest():
                self._back_up(connection, have)
            migrate.upgrade(connection)
            held = database.newest_seq(connection)
            self._journal.resolve(held)
            replay = self._replay_journal(connection, held)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._generation += 1
        self._last_seq = max(held, self._last_seq) if replay is None else replay.seq
        self.recovered = note or self.recovered
        self._closed = ""
        if replay is not None:
            self._sync_log()
            self._announce(replay.events)
        return held

    def _back_up(self, connection: duckdb.DuckDBPyConnection, schema: int) -> None:
        """A copy in the schema that the database has, beside the other backups: no migration begins without one."""

        def fill(target: Path) -> int:
            copies.copy(connection, target)
            return database.newest_seq(connection)

        copies.keep(fill, self._path, self._path.with_name("backups"), schema=schema, now=self._clock.now())

    def _checkpoint_now(self) -> None:
        try:
            self._connection.execute("CHECKPOINT")
        except duckdb.TransactionException:
            pass  # a reader holds an old snapshot; the log stays and nothing is lost
        except _DEAD as error:
            self._reopen(database.first_line(error))

    def _copy_now(self, target: Path) -> int:
        copies.copy(self._connection, target)
        return self._last_seq

    def _refuse_to_forget(self) -> None:
        """A database that is gone while its journal is not was lost, not never made."""
        if not self._path.exists() and self._journal.last_seq() > 0:
            raise StoreError(
                "The metadata store is missing, but its journal exists.",
                hint="Restore a backup: shopfloor restore BACKUP (they lie in .shopfloor/backups). "
                "To start from scratch, move .shopfloor/journal away.",
                code="store_missing",
            )

    def _replay_journal(self, connection: duckdb.DuckDBPyConnection, held: int) -> Transaction | None:
        """Put rows back that the journal knows and the database lost; None where it lost none."""
        if self._journal.last_seq() <= held:
            return None
        missing = [entry for entry in self._journal.entries() if entry.seq > held]
        transaction = Transaction(connection, self._clock.now(), held)
        connection.execute("BEGIN")
        for entry in missing:
            rows = [(table, journalled(table, row)) for table, row in entry.rows]
            transaction.put_back(entry.seq, entry.at, entry.actor, rows)
        transaction.seq = max(missing[-1].seq, self._last_seq)  # no number that a client has seen is given out again
        transaction.emit(
            "store.replayed",
            "store",
            f"The database was older than its journal; {len(missing)} commits were restored from it.",
            data={"commits": len(missing)},
        )
        transaction.flush()
        connection.execute("COMMIT")
        self.replayed += len(missing)
        return transaction


def _CHECKPOINT(transaction: Transaction) -> None:
    """A marker in the writer's queue: a checkpoint cannot run inside a transaction."""


def _no_journal(error: OSError) -> StoreError:
    return _not_stored(f"the journal cannot be written: {error.strerror}", error)


def _not_stored(why: str, error: Exception) -> StoreError:
    found = refused(error)
    return StoreError(
        f"The change could not be stored: {why}.",
        hint="Free disk space, then repeat.",
        code="disk_full" if found is not None and found.errno in DISK_FULL else "",
    )


@dataclass(frozen=True)
class _Reopen:
    """A marker in the writer's queue: a reader found the connection of this generation unusable."""

    generation: int

    def __call__(self, transaction: Transaction) -> None:
        raise AssertionError("handled by the writer loop")


@dataclass(frozen=True)
class _CopyTo:
    """A marker in the writer's queue: a copy cannot run inside a transaction either."""

    target: Path

    def __call__(self, transaction: Transaction) -> int:
        raise AssertionError("handled by the writer loop")
