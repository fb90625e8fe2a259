"""What a kind of job consists of, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.domain.wire import WireError
from shopfloor.runtime.context import Context
from shopfloor.runtime.task import WorkerTask
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.store.transaction import Transaction


class Handler(Protocol):
    """The steps of one kind of job, in the order of a safe publication.

    A kill between any two steps is repaired by doing the job again: objects are named by their
    content, and all rows are written in one transaction with the job's end.
    """

    kind: JobKind
    worker_class: WorkerClass

    def prepare(self, context: Context, job: JobRecord) -> WorkerTask[Any] | None:
        """Read what the worker needs; None when there is nothing to do any more."""
        ...

    def publish(self, context: Context, job: JobRecord, value: Any) -> Any:
        """Make the result's files durable under their final names, before anything refers to them."""
        ...

    def commit(self, context: Context, transaction: Transaction, job: JobRecord, published: Any) -> dict[str, Any]:
        """Write all rows and follow-up jobs; returns the job's result."""
        ...

    def report(self, context: Context, job: JobRecord, published: Any) -> Iterable[str]:
        """What the job did, with figures, in lines for its log; asked after the commit."""
        ...

    def settle(self, context: Context, job: JobRecord, published: Any) -> None:
        """What can be repeated after the commit: move originals, tell the serving process."""
        ...

    def failed(self, context: Context, transaction: Transaction, job: JobRecord, error: WireError) -> None:
        """Record that the job ended without a result: it failed, is lost or was cancelled, as its state says."""
        ...
