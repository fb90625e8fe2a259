"""Going back to an earlier version: what is learned from it, and what it must not meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition, Retrain
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.requests.datasets import DatasetRollback
from shopfloor.domain.requests.workspace import Undo
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.engine.api.undo import undo
from shopfloor.engine.api.versions import rollback
from shopfloor.engine.line.line import ProductionLine
from shopfloor.engine.services import EngineServices
from shopfloor.runtime.line import VersionCommitted
from shopfloor.store import alerts, datasets, jobs, runs
from shopfloor.store.transaction import Transaction


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def services(works: Works) -> EngineServices:
    nothing: Any = None
    return EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)


def commit(works: Works, number: int, digest: str, rows: int, *, restored: bool = False, least: int = 1) -> bool:
    """The next version comes; True when a training was queued for it."""
    definition = ModelDefinition(name="late", dataset="flights", target="y", retrain=Retrain(min_new_rows=least))
    context: Any = SimpleNamespace(
        models_of=lambda dataset: [definition], layout=works.layout, book=SimpleNamespace(noticed={})
    )

    def put(transaction: Transaction) -> bool:
        datasets.define(transaction, "flights", "append")
        version = DatasetVersion(
            dataset="flights", version=number, digest=digest, rows=9, added_rows=rows, columns=(), parts=(),
            created_at=transaction.now, restored=1 if restored else None,
        )  # fmt: skip
        datasets.commit_version(transaction, version, "append", previous=())
        ProductionLine(context).after(transaction, VersionCommitted(version))
        found = jobs.queued(transaction)
        for job in found:
            assert job.payload == {"dataset_version": number, "trigger": "data"}
            jobs.put(transaction, msgspec.structs.replace(job, state=JobState.SUCCEEDED))
        return bool(found)

    return works.store.write(put)


def learned(works: Works, version: int) -> None:
    run = RunRecord(id="", model="late", dataset="flights", dataset_version=version, state=RunState.SUCCEEDED)
    works.store.write(lambda transaction: runs.create(transaction, run))


def test_what_was_learned_from_a_bad_version_is_learned_anew(works: Works) -> None:
    """Also where the rows are as many as before, or fewer than a retraining asks for."""
    assert commit(works, 1, "good", 100, least=50)
    learned(works, 1)
    assert commit(works, 2, "bad", 60, least=50)
    learned(works, 2)
    assert commit(works, 3, "good", 0, restored=True, least=50)


def test_content_that_was_learned_already_is_not_learned_again(works: Works) -> None:
    assert commit(works, 1, "good", 100)
    learned(works, 1)
    assert not commit(works, 2, "small", 3, least=50)
    assert not commit(works, 3, "good", -3, restored=True)


def test_rows_that_were_taken_away_do_not_count_against_those_that_come(works: Works) -> None:
    assert commit(works, 1, "a", 100)
    learned(works, 1)
    assert not commit(works, 2, "b", -30, least=50)
    assert commit(works, 3, "c", 30, least=50)


def test_no_going_back_while_a_delivery_is_taken_in(works: Works) -> None:
    first = works.flights("Oslo")
    works.commit("flights", [first])
    works.commit("flights", [first, works.flights("Rome", "Bern")])
    # Both versions of `works` have one digest; a real one has its own.
    works.store.write(lambda transaction: transaction.execute("UPDATE dataset_versions SET digest = version::VARCHAR"))

    def start(transaction: Transaction) -> None:
        job = jobs.enqueue(transaction, JobKind.INTAKE, "flights", payload={}, trigger="test")
        jobs.put(transaction, msgspec.structs.replace(job, state=JobState.RUNNING))

    works.store.write(start)
    with pytest.raises(RefusedError, match="is being taken in right now"):
        rollback(services(works), DatasetRollback(ref="flights@1", op_id="x"))


def test_no_going_back_to_rows_that_are_damaged(works: Works) -> None:
    """Neither by a rollback nor by the undo of one, and a version that is whole still comes back."""
    whole, broken = works.flights("Oslo"), works.flights("Rome", "Bern")
    for number, part in enumerate((whole, broken, works.flights("Paris")), start=1):
        works.commit("flights", [part], digest=str(number))
    hands = services(works)
    rollback(hands, DatasetRollback(ref="flights@2", op_id="a", actor="ada"))
    rollback(hands, DatasetRollback(ref="flights@1", op_id="b", actor="ada"))
    works.part_file(broken).chmod(0o600)
    works.part_file(broken).write_bytes(works.part_file(broken).read_bytes()[::-1])
    for change in (
        lambda: rollback(hands, DatasetRollback(ref="flights@2", op_id="c", actor="ada")),
        lambda: undo(hands, Undo(op_id="d", actor="ada")),
    ):
        with pytest.raises(RefusedError, match=r"flights@\d cannot be used: The stored part .* has changed on disk"):
            change()
    assert works.store.read(lambda query: datasets.current_version(query, "flights")) == 5
    assert works.store.read(lambda query: alerts.unresolved(query, "flights"))
    assert rollback(hands, DatasetRollback(ref="flights@3", op_id="e", actor="ada")).version == 6
