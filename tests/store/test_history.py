"""The history of rows: every change of what is tracked leaves its earlier image, whoever makes it and however."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.opening import open_store

from shopfloor.domain.file import FilePurpose, FileRecord, FileState
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.release import AliasChange
from shopfloor.store import alerts, files, history, migrate, models
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.images import TRACKED, RowImage
from shopfloor.store.models import ModelState
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def _alert(store: Store) -> AlertRecord:
    alert = AlertRecord(id="", subject="m", check="performance", opened_at=NOW, updated_at=NOW)
    return store.write(lambda tx: alerts.create(tx, alert))


def _note(transaction: Transaction, alert: AlertRecord, note: str, actor: str = "ada") -> None:
    changed = msgspec.structs.replace(alert, note=note)
    alerts.put(transaction, changed)
    transaction.emit("alert.noted", "m", note, actor=actor, data={"alert": alert.id})


def _file(number: int, state: FileState) -> LedgerRow:
    file = FileRecord(
        id=f"f{number}", dataset="d", path=f"inbox/d/{number}.csv", purpose=FilePurpose.DATA, bytes=1, state=state,
        seen_at=NOW, sha256="0" * 64,
    )  # fmt: skip
    identity = Identity(raw_path=b"\xff%d" % number, dev=1, ino=number, size=1, mtime_ns=1, ctime_ns=1)
    return LedgerRow(file=file, number=number, identity=identity)


def _noted(image: RowImage) -> str:
    return alerts.of_image(image.before or {}).note


def _states(store: Store, id: str) -> list[str]:
    return [
        image.before["state"]
        for image in store.read(lambda query: history.of_row(query, "files", [id]))
        if image.before
    ]


def test_a_change_keeps_the_earlier_row_with_its_event_and_who_made_it(store: Store) -> None:
    alert = _alert(store)
    store.write(lambda tx: _note(tx, alert, "first"))
    store.write(lambda tx: _note(tx, alert, "second", actor="bob"))
    made, first, second = store.read(lambda query: history.of_row(query, "alerts", [alert.id]))
    assert made.before is None
    assert _noted(first) == ""
    assert _noted(second) == "first"
    assert [made.actor, first.actor, second.actor] == ["engine", "ada", "bob"]
    assert second.seq == store.last_seq == first.seq + 1
    assert store.read(lambda query: history.later(query, first)) == second
    assert store.read(lambda query: history.later(query, second)) is None


def test_a_row_changed_twice_in_one_commit_has_the_image_from_before_it(store: Store) -> None:
    alert = _alert(store)

    def twice(tx: Transaction) -> None:
        _note(tx, alert, "half")
        _note(tx, alert, "whole")

    store.write(twice)
    assert [bool(image.before) for image in store.read(lambda query: history.of_row(query, "alerts", [alert.id]))] == [
        False,
        True,
    ]


def test_a_change_without_an_event_gets_one(store: Store) -> None:
    alert = _alert(store)
    store.write(lambda tx: _note(tx, alert, "said"))
    store.write(lambda tx: models.put_state(tx, ModelState(name="m", awaiting=1)))
    first = store.read(lambda query: history.of_row(query, "alerts", [alert.id]))[-1]
    unsaid = store.read(lambda query: history.of_row(query, "models", ["m"]))[-1]
    assert unsaid.seq == first.seq + 1 == store.last_seq


def test_of_a_models_state_only_decisions_are_kept(store: Store) -> None:
    for state in (ModelState(name="m"), ModelState(name="m", live_score=0.5), ModelState(name="m", awaiting=2)):
        store.write(lambda tx, state=state: models.put_state(tx, state))  # type: ignore[misc]
    made, decided = store.read(lambda query: history.of_row(query, "models", ["m"]))
    assert made.before is None
    assert (decided.before or {})["live_score"] == 0.5


def test_a_decision_is_kept_though_the_same_commit_wrote_figures_before_it(store: Store) -> None:
    def both(tx: Transaction) -> None:
        models.put_state(tx, ModelState(name="m", live_score=0.5))
        models.put_state(tx, ModelState(name="m", live_score=0.5, awaiting=2))

    store.write(lambda tx: models.put_state(tx, ModelState(name="m")))
    store.write(both)
    made, decided = store.read(lambda query: history.of_row(query, "models", ["m"]))
    assert made.before is None
    assert decided.before is not None
    assert (decided.before["live_score"], decided.before["awaiting"]) == (None, None)


@pytest.mark.parametrize("count", [1, 30])
def test_a_files_way_to_its_decision_is_not_kept_and_the_decision_is(store: Store, count: int) -> None:
    """30 go by one statement of JSON, one by parameters."""
    for state in (FileState.SETTLING, FileState.STAGED, FileState.COMMITTED, FileState.WITHDRAWN):
        rows = [_file(number, state) for number in range(1, count + 1)]
        store.write(lambda tx, rows=rows: files.put_many(tx, rows))  # type: ignore[misc]
    assert _states(store, f"f{count}") == ["committed"]
    store.write(lambda tx: files.put(tx, _file(1, FileState.COMMITTED)))
    assert _states(store, "f1") == ["committed", "withdrawn"]


def test_a_row_put_among_many_and_again_alone_has_one_image(store: Store) -> None:
    def both(tx: Transaction) -> None:
        files.put_many(tx, [_file(1, FileState.COMMITTED), _file(2, FileState.COMMITTED)])
        files.put(tx, _file(1, FileState.WITHDRAWN))

    store.write(lambda tx: files.put(tx, _file(1, FileState.STAGED)))
    store.write(both)
    assert _states(store, "f1") == []


def test_as_of_a_time_gives_the_rows_of_then(store: Store) -> None:
    alert = _alert(store)
    times = []
    for note in ("a", "b", "c"):
        times.append(datetime.now(UTC))
        store.write(lambda tx, note=note: _note(tx, alert, note))  # type: ignore[misc]
    for at, note in zip(times, ("", "a", "b"), strict=True):
        found = store.read(lambda query, at=at: history.as_of(query, "alerts", [[alert.id], ["a99"]], at))  # type: ignore[misc]
        assert {key: alerts.of_image(row).note for key, row in found.items()} == {(alert.id,): note}
    assert store.read(lambda query: history.as_of(query, "alerts", [[alert.id]], datetime.now(UTC))) == {}
    before_it_was = NOW - timedelta(days=1)
    assert store.read(lambda query: history.as_of(query, "alerts", [[alert.id]], before_it_was)) == {}


def test_what_the_journal_puts_back_has_its_history_again(tmp_path: Path) -> None:
    """The database is lost with half a history; the journal knows each commit's rows, time and actor."""
    store = open_store(tmp_path)
    alert = _alert(store)
    store.copy_to(tmp_path / "backup.duckdb")
    for note, actor in (("a", "ada"), ("b", "bob")):
        store.write(lambda tx, note=note, actor=actor: _note(tx, alert, note, actor))  # type: ignore[misc]
    known = store.read(lambda query: history.of_row(query, "alerts", [alert.id]))
    store.close()
    shutil.copyfile(tmp_path / "backup.duckdb", tmp_path / "m.duckdb")
    again = open_store(tmp_path)
    assert again.replayed == 2
    assert again.read(lambda query: history.of_row(query, "alerts", [alert.id])) == known
    again.close()


def test_every_tracked_table_has_a_key(store: Store) -> None:
    def look(query: Any) -> None:
        for table in TRACKED:
            columns = query.all(f"PRAGMA table_info({table})")
            assert any(row[5] for row in columns), table
            assert set(TRACKED[table].watched) <= {row[1] for row in columns}

    store.read(look)


def test_a_database_from_before_the_history_gets_one(tmp_path: Path) -> None:
    """The newest schema adds to what is there; its operations have no events that are known."""
    import duckdb

    path = tmp_path / "old.duckdb"
    connection = duckdb.connect(str(path))
    for number, script in migrate.scripts().items():
        if number < 8:
            connection.execute(script)
    connection.execute("INSERT INTO meta VALUES ('schema', '7'), ('workspace', 'w'), ('epoch', '0')")
    connection.execute("INSERT INTO operations VALUES ('o1', 'alert.ack', now()::TIMESTAMP, '{}')")
    migrate.upgrade(connection)
    assert connection.execute("SELECT op_id, first_seq FROM operations").fetchall() == [("o1", None)]
    assert connection.execute("SELECT count(images) FROM events").fetchone() == (0,)
    connection.close()


MOVES = st.lists(st.tuples(st.sampled_from(["champion", "previous"]), st.integers(1, 4)), max_size=12)


@settings(max_examples=15, deadline=None)
@given(moves=MOVES)
def test_going_back_image_by_image_visits_every_state_there_was(
    moves: list[tuple[str, int]], tmp_path_factory: Any
) -> None:
    store = open_store(tmp_path_factory.mktemp("moves"))
    held: dict[str, int] = {}
    states = [dict(held)]
    for alias, version in moves:
        change = AliasChange(model="m", alias=alias, version=version, previous=held.get(alias), at=NOW)
        store.write(lambda tx, change=change: models.move_alias(tx, change))  # type: ignore[misc]
        held[alias] = version
        states.append(dict(held))
    images = [
        image
        for alias in ("champion", "previous")
        for image in store.read(lambda query, alias=alias: history.of_row(query, "aliases", ["m", alias]))  # type: ignore[misc]
    ]
    for image in sorted(images, key=lambda each: -each.seq):
        assert held == states.pop()
        if image.before is None:
            del held[image.key[1]]
        else:
            held[image.key[1]] = image.before["version"]
    assert held == states.pop() == {}
    store.close()
