"""The running engine as its answers see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from shopfloor.domain.codec import from_json, to_text
from shopfloor.domain.requests.request import Mutation, answer_type
from shopfloor.engine.peer import Peer, own_peer
from shopfloor.runtime.context import Context
from shopfloor.runtime.worker_pool import WorkerPool
from shopfloor.store import operations
from shopfloor.store.transaction import Transaction

if TYPE_CHECKING:
    from shopfloor.arrival.watch import Watch
    from shopfloor.intake.streaming.streams import Streams

R = TypeVar("R")


@dataclass(frozen=True)
class EngineServices:
    """The shared context, the slots that work, the watch over the drop folders, the streams, and how to stop.

    `peer` is who asks, where somebody does.
    """

    context: Context
    pool: WorkerPool
    watch: Watch
    streams: Streams
    stop: Callable[[], None]
    peer: Peer = field(default_factory=own_peer)
    answers: operations.Answers = field(default_factory=operations.Answers)

    def mutate(self, request: Mutation[R], change: Callable[[Transaction], R]) -> R:
        """Do `change` once for the request's `op_id`; a repeated request gets the first answer."""

        def once(transaction: Transaction) -> R:
            before = self.answers.of(transaction, request.op_id)
            if before is not None:
                answer: R = from_json(before, answer_type(type(request)))
                return answer
            transaction.actor, transaction.op_id = request.actor, request.op_id
            first = transaction.seq + 1
            result = change(transaction)
            operations.record(transaction, request.op_id, request.verb, to_text(result), first_seq=first)
            return result

        return self.context.store.write(once)
