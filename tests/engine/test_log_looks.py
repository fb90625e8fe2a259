"""Stored predictions of a serving process: looked at, but not every second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.job import JobKind, JobState
from shopfloor.engine.line.line import ProductionLine
from shopfloor.engine.line.log_looks import look_again
from shopfloor.runtime.line import PredictionsLogged
from shopfloor.statistics import metrics
from shopfloor.store import inference, jobs
from shopfloor.store.inference import InferencePart, LogKind
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.definitions import save_definition


class Server(Works):
    """Model `late` serves its version 1."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.context.line = ProductionLine(self.context)
        definition = ModelDefinition(name="late", dataset="flights", target="city")
        save_definition(self.layout, definition, metrics.find)
        row = {"model": "late", "alias": "champion", "version": 1, "rev": 1, "moved_at": self.clock.now()}
        self.store.write(lambda transaction: transaction.put("aliases", row))
        self.parts = 0

    def answer(self, *, live: bool = True) -> None:
        """Predictions are logged, as by a serving process or from a file."""
        self.parts += 1
        sha256, source = str(self.parts), "rest" if live else "file"
        part = InferencePart(
            sha256=sha256, model="late", kind=LogKind.PREDICTIONS, path=sha256, model_version=1, rows=1,
            source=source, origin="s",
        )  # fmt: skip

        def change(transaction: Transaction) -> None:
            inference.put(transaction, part)
            job = jobs.enqueue(transaction, JobKind.COLLECT, "serving", payload={}, trigger="t")
            self.end(transaction, JobKind.COLLECT)
            self.context.line.after(transaction, PredictionsLogged("late", 1, "words", job.id, live=live))

        self.store.write(change)

    def end(self, transaction: Transaction, kind: JobKind) -> None:
        rows = transaction.all("SELECT id FROM jobs WHERE kind = ? AND state = 'queued'", [kind.value])
        for (id,) in rows:
            job = jobs.get(transaction, id)
            jobs.put(transaction, msgspec.structs.replace(job, state=JobState.SUCCEEDED, finished_at=transaction.now))

    def looks(self) -> int:
        """How many looks were queued; they are made at once."""
        look_again(self.context)
        self.store.write(lambda transaction: self.end(transaction, JobKind.MONITOR))
        found = self.store.read(lambda query: query.all("SELECT record FROM jobs WHERE kind = 'monitor'"))
        assert all('"causes":[{' in record for (record,) in found)
        return len(found)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.store.close()


def test_a_model_that_answers_all_the_time_is_looked_at_every_so_often(server: Server) -> None:
    """A look in three seconds would be twenty a minute, and its results all that is remembered of a model."""
    server.answer()
    assert server.looks() == 1
    for _ in range(40):
        server.clock.forward(seconds=3)
        server.answer()
        server.looks()
    assert server.looks() == 1 + 120 // 60


def test_what_was_logged_last_is_looked_at_too(server: Server) -> None:
    server.answer()
    server.clock.forward(seconds=3)
    server.answer()
    assert server.looks() == 1
    server.clock.forward(seconds=60)
    assert server.looks() == 2
    server.clock.forward(seconds=600)
    assert server.looks() == 2


def test_each_file_of_predictions_is_looked_at_by_itself(server: Server) -> None:
    for number in range(3):
        server.answer(live=False)
        assert server.looks() == number + 1
