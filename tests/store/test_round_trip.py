"""What is written comes back from the store as it was, each field in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from tests.store.opening import open_store

from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult
from shopfloor.domain.reject import Reject
from shopfloor.domain.release import AliasChange, ModelVersion
from shopfloor.domain.revision import ContractRevision
from shopfloor.domain.run import RunRecord
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.store import (
    alerts,
    datasets,
    dependents,
    events,
    files,
    inference,
    models,
    rejects,
    revisions,
    runs,
    trust,
)  # fmt: skip
from shopfloor.store.files import LedgerRow
from shopfloor.store.inference import InferencePart
from shopfloor.store.models import ModelState, VersionFacts
from shopfloor.store.store import Store

R = TypeVar("R")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def filled(kind: type[R], **given: Any) -> R:
    """A record, no field of which is empty or equal to another."""
    made: R = _value(kind, count(2))
    return msgspec.structs.replace(made, **given)  # type: ignore[type-var]


def _value(kind: Any, numbers: Iterator[int]) -> Any:
    origin, number = get_origin(kind), next(numbers)
    if origin in {Union, UnionType}:
        return _value(get_args(kind)[0], numbers)
    if origin is tuple:
        return tuple(_value(each, numbers) for each in get_args(kind) if each is not Ellipsis)
    if origin in {dict, Mapping}:
        return {f"k{number}": _value(get_args(kind)[1], numbers)}
    if kind is Any:
        return number
    if issubclass(kind, msgspec.Struct):
        return kind(**{name: _value(hint, numbers) for name, hint in get_type_hints(kind).items()})
    if issubclass(kind, Enum):
        return list(kind)[number % len(kind)]
    plain: dict[type, Any] = {
        bool: True,
        int: number,
        float: number + 0.5,
        str: f"s{number}",
        bytes: f"b{number}".encode(),
        datetime: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number),
    }
    return plain[kind]


def version(number: int, *parts: Part) -> DatasetVersion:
    return filled(
        DatasetVersion, dataset="d", version=number, parts=parts, added_rows=(-1) ** number * 10 * number, trust=None
    )


def test_a_verdict_is_found_by_its_files_while_it_is_in_doubt(store: Store) -> None:
    verdicts = [
        filled(DeliveryTrust, dataset="d", version=number, trust=trusted, files=(f"f{number}",))
        for number, trusted in enumerate(Trust, 1)
    ]
    for one in verdicts:
        store.write(lambda tx, one=one: trust.put(tx, one))
    assert store.read(lambda query: trust.of_dataset(query, "d")) == verdicts
    assert store.read(lambda query: trust.in_doubt(query, "d", ("f1", "f2", "f9"))) == [verdicts[1]]


def test_each_version_of_a_dataset_keeps_its_parts(store: Store) -> None:
    a, b, c = (filled(Part, sha256=name, bytes=size) for name, size in (("a", 100), ("b", 20), ("c", 3)))
    written = [version(1, a, b), version(2, b, c, c), version(3, c)]
    for before, one in zip([(), *(one.parts for one in written)], written, strict=False):
        store.write(lambda tx, one=one, before=before: datasets.commit_version(tx, one, "append", previous=before))
    with_parts = [store.read(lambda query, n=n: datasets.version(query, "d", n)) for n in (1, 2, 3)]
    assert with_parts == written
    found = store.read(lambda query: datasets.versions(query, "d", 2, 1))
    assert (list(found.rows), found.total, found.offset) == ([written[1], written[0]], 3, 1)
    assert store.read(lambda query: datasets.added_parts(query, "d", 2)) == (c, c)
    assert store.read(lambda query: datasets.digest(query, "d", 2)) == written[1].digest
    assert store.read(lambda query: datasets.version(query, "d", 4)) is None
    assert store.read(lambda query: datasets.current_version(query, "d")) == 3
    assert store.read(lambda query: datasets.new_rows_since(query, "d", 1)) == 66
    found_uses = [store.read(lambda q, p=p: dependents.dependents(q, stored(p))).uses for p in (a, b, c)]
    assert found_uses == [("d@1",), ("d@1 to @2",), ("d@2 and later", "d@2")]


def stored(part: Part) -> StoredObject:
    return StoredObject(kind=ObjectKind.PART, sha256=part.sha256)


def test_a_dataset_stands_as_its_newest_version(store: Store) -> None:
    one = version(1, filled(Part, bytes=100), filled(Part, bytes=20, sha256="other"))
    store.write(lambda tx: datasets.commit_version(tx, one, "upsert", previous=()))
    for number, state in enumerate(["committed", "committed", "committed", "quarantined", "quarantined", "waiting"]):
        row = filled(LedgerRow, number=number)
        file = msgspec.structs.replace(row.file, id=f"f{number}", dataset="d", purpose="data", state=FileState(state))
        store.write(lambda tx, row=row, file=file: files.put(tx, msgspec.structs.replace(row, file=file)))
    found = store.read(lambda query: datasets.get(query, "d"))
    assert found is not None
    assert (found.name, found.mode, found.version, found.updated_at) == ("d", "upsert", 1, one.created_at)
    assert (found.rows, found.columns, found.parts, found.bytes) == (one.rows, 1, 2, 120)
    assert (found.added_rows, found.files, found.quarantined, found.waiting) == (-10, 3, 2, 1)
    listed = store.read(lambda query: datasets.listing(query, "D", 5, 0))
    assert (listed.rows, listed.total) == ((found,), 1)


def test_files_come_back_with_all_that_is_known_of_them(store: Store) -> None:
    row = filled(LedgerRow)
    file = msgspec.structs.replace(row.file, state=FileState.WAITING)
    identity = msgspec.structs.replace(row.identity, size=file.bytes)
    row = msgspec.structs.replace(row, file=file, identity=identity)
    store.write(lambda tx: files.put(tx, row))
    assert store.read(lambda query: files.ledger(query, [file.id])) == [row]
    assert store.read(lambda query: files.get(query, file.id)) == file
    assert store.read(lambda query: files.at_path(query, file.path)) == row
    assert store.read(lambda query: files.newest_at(query, identity.raw_path)) == file


def test_files_are_counted_by_their_state(store: Store) -> None:
    rows = [
        filled(LedgerRow, number=number, file=filled(FileRecord, id=f"f{number}", state=state))
        for number, state in enumerate(state for place, state in enumerate(FileState) for _ in range(2**place))
    ]
    store.write(lambda tx: files.put_many(tx, rows))
    amount = {state: 2**place for place, state in enumerate(FileState)}
    found = store.read(files.counts)
    assert found.waiting == sum(amount[state] for state in FileState if state.unsettled)
    assert found.committed == amount[FileState.COMMITTED] + amount[FileState.WITHDRAWN]
    assert (found.quarantined, found.duplicate) == (amount[FileState.QUARANTINED], amount[FileState.DUPLICATE])
    assert (found.refused - found.discarded, found.discarded) == (
        amount[FileState.REFUSED],
        amount[FileState.DISCARDED],
    )
    assert found.seen == sum(amount.values())


def test_rejects_and_revisions_come_back(store: Store) -> None:
    rows = [filled(Reject, line=number) for number in (3, 1, 2)]
    store.write(lambda tx: rejects.put(tx, "f1", rows))
    found = store.read(lambda query: rejects.listing(query, "f1", 2, 1))
    assert (list(found.rows), found.total, found.offset) == (rows[1:], 3, 1)
    first, last = (filled(ContractRevision, dataset="d", revision=number) for number in (1, 2))
    store.write(lambda tx: [revisions.put(tx, one) for one in (first, last)])
    assert store.read(lambda query: revisions.get(query, "d", 1)) == first
    assert store.read(lambda query: revisions.last(query, "d")) == last
    assert store.read(lambda query: revisions.number(query, "d")) == 2
    assert store.read(lambda query: revisions.get(query, "d", 3)) is None
    listed = store.read(lambda query: revisions.listing(query, "d", 5, 0))
    assert (listed.rows, listed.total) == ((last, first), 2)


def test_events_come_back(store: Store) -> None:
    sent = store.write(
        lambda tx: [tx.emit(f"kind{n}", f"s{n}", f"m{n}", actor=f"a{n}", data={"n": n}) for n in (1, 2, 3)]
    )
    assert store.read(lambda query: events.after(query, 1, 5)) == sent[1:]
    assert store.read(lambda query: events.tail(query, 2)) == sent[1:]
    assert store.read(lambda query: events.tail(query, 5, "s2")) == sent[1:2]
    assert (store.read(events.total), store.read(lambda query: events.total(query, "s2"))) == (3, 1)


def test_models_their_versions_and_aliases_come_back(store: Store) -> None:
    state, one = filled(ModelState, name="m"), filled(ModelVersion, model="m", version=1)
    until, holdout = datetime(2026, 2, 3, tzinfo=UTC), {"rows": 7}
    store.write(lambda tx: models.put_state(tx, state))
    store.write(lambda tx: models.put_version(tx, one, trained_until=until, holdout=holdout))
    change = filled(AliasChange, model="m", alias="champion", version=1, previous=None)
    moved = store.write(lambda tx: models.move_alias(tx, change))
    known = msgspec.structs.replace(one, aliases=("champion",))
    assert store.read(lambda query: models.state(query, "m")) == state
    assert store.read(lambda query: models.version(query, "m", 1)) == known
    assert store.read(lambda query: models.versions(query, "m", 5, 0)).rows == (known,)
    assert store.read(lambda query: models.history(query, "m")).rows == (moved,)
    assert store.read(lambda query: models.facts(query, "m", 1)) == VersionFacts(
        1, one.artifact.sha256, until, holdout, one.created_at
    )
    assert list(store.read(lambda query: models.deployments(query, moved.at))) == [
        ("m", change.cause, change.reason, moved.at)
    ]


def test_runs_alerts_checks_and_logged_predictions_come_back(store: Store) -> None:
    run = store.write(lambda tx: runs.create(tx, filled(RunRecord, job="j7")))
    assert (run.id, store.read(lambda query: runs.get(query, run.id))) == ("r1", run)
    assert store.read(lambda query: runs.of_job(query, "j7")) == run
    alert = store.write(lambda tx: alerts.create(tx, filled(AlertRecord, state=AlertState.OPEN)))
    assert (alert.id, store.read(lambda query: alerts.get(query, alert.id))) == ("a1", alert)
    listed = store.read(lambda q: alerts.listing(q, subject="", state="open", text="", limit=5, offset=0))
    assert (listed.rows, listed.total) == ((alert,), 1)
    checks = [filled(CheckResult, model="m", check=code) for code in ("drift", "missing_share", "drift")]
    store.write(lambda tx: alerts.add_checks(tx, checks))
    page = store.read(lambda query: alerts.check_history(query, "m", 2, 1))
    assert (list(page.rows), page.total) == ([checks[1], checks[0]], 3)
    assert store.read(lambda query: alerts.newest_checks(query, "m")) == [checks[1], checks[2]]
    part = filled(InferencePart, model="m")
    assert store.write(lambda tx: inference.put(tx, part))
    assert not store.write(lambda tx: inference.put(tx, part))
    assert store.read(lambda query: inference.parts(query, "m", part.kind)) == [part]


def test_runs_are_sorted_by_the_metric_that_they_were_judged_by(store: Store) -> None:
    made = [filled(RunRecord, model="m", metrics={"a": score, "b": -score}) for score in (0.1, 0.3, 0.2)]
    for metric, best in (("", 0.3), ("a", 0.3), ("b", 0.1)):
        written = store.write(lambda tx: [runs.create(tx, run) for run in made])
        store.write(lambda tx, all=written, metric=metric: [runs.put(tx, run, metric=metric) for run in all])
        first = store.read(
            lambda q: runs.listing(q, runs.RunSearch({}, model="m", sort="-score"), limit=1, offset=0)
        ).rows[0]
        assert first.metrics["a"] == best
        store.write(lambda tx: tx.execute("DELETE FROM runs"))
