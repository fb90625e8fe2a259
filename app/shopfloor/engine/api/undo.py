"""Taking back what somebody did: the newest own mutation, or the one that brought an event."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.event import Event
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.requests.workspace import ExpectedRow, Inverse, Undo, UndoReport
from shopfloor.domain.text import safe
from shopfloor.engine.api.restoring import RESTORERS, check_stored, follow, moved
from shopfloor.engine.rights import check_right
from shopfloor.engine.services import EngineServices
from shopfloor.store import events, history, operations
from shopfloor.store.images import RowImage
from shopfloor.store.operations import Operation
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_SEE = "See what happened: shopfloor events"


def inverse(services: EngineServices, mutation: Mutation[Any]) -> Inverse | None:
    """What takes back a mutation that was done just now; None where nothing does, or nothing changed."""
    if mutation.irreversible:
        return None

    def find(query: Query) -> Inverse | None:
        done = operations.of_id(query, mutation.op_id)
        images = [] if done is None else history.of_operation(query, done.op_id, done.first_seq, done.last_seq)
        if done is None or not images or any(RESTORERS[image.table].moved(services, query, image) for image in images):
            return None
        rows = tuple(ExpectedRow(table=image.table, key=image.key, seq=image.seq) for image in images)
        return Inverse(command=f"shopfloor undo {done.last_seq}", seq=done.last_seq, expects=rows)

    return services.context.store.read(find)


def undo(services: EngineServices, request: Undo) -> UndoReport:
    """Put back what the mutation changed, or with `dry_run` only say what that would be."""
    if request.dry_run:
        return services.context.store.read(lambda query: _plan(services, query, request)[1])
    planned: list[RowImage] = []
    restored: list[RowImage] = []

    def change(transaction: Transaction) -> UndoReport:
        images, report = _plan(services, transaction, request)
        for image in images:
            RESTORERS[image.table].apply(services, transaction, image)
        told = _told(transaction, report.seq, report.seq)
        transaction.emit(
            "operation.undone",
            told.subject if told is not None else "store",
            _says(transaction, request),
            actor=request.actor,
            data={"seq": report.seq, "verb": report.verb, "steps": report.steps},
        )
        restored.extend(images)
        return report

    with suppress(NotFoundError, RefusedError):  # said below, unless the request is a repeated one
        planned, _ = services.context.store.read(lambda query: _plan(services, query, request))
    check_stored(services, planned)
    report = services.mutate(request, change)
    follow(services, restored)
    return report


def _plan(services: EngineServices, query: Query, request: Undo) -> tuple[list[RowImage], UndoReport]:
    """The rows to put back, the newest change first, and the report; raises `RefusedError` with the reason."""
    done = _operation(query, request)
    told = _told(query, done.first_seq, done.last_seq, done.actor)
    message = told.message if told is not None else done.verb
    _check(services, query, done, request.actor, message)
    images = history.of_operation(query, done.op_id, done.first_seq, done.last_seq)[::-1]
    if told is None or not images:
        raise RefusedError(
            f"What event {done.last_seq} changed is not kept any more: {message}.",
            hint="It is kept for retention.history_days.",
            code="forgotten",
        )
    reasons = [reason for image in images if (reason := moved(services, query, image))]
    if reasons:
        raise RefusedError(
            f"{safe(message, 200)}: this cannot be undone, because {reasons[0]}.",
            hint="See how it stands now, and change it from there.",
            code="moved",
        )
    report = UndoReport(
        seq=done.last_seq,
        verb=done.verb,
        message=message,
        at=told.at,
        steps=tuple(RESTORERS[image.table].tell(query, image) for image in images),
        stays=tuple(dict.fromkeys(text for image in images if (text := RESTORERS[image.table].stays(image)))),
        dry_run=request.dry_run,
    )
    return images, report


def _operation(query: Query, request: Undo) -> Operation:
    if request.seq is None:
        newest = operations.newest_of(query, request.actor)
        if newest is None:
            raise RefusedError(f"{safe(request.actor, 60)} has changed nothing yet.", hint=_SEE, code="nothing_to_undo")
        return newest
    found = operations.of_event(query, request.seq)
    if found is not None:
        return found
    event = _told(query, request.seq, request.seq)
    if event is None:
        raise NotFoundError(f"There is no event {request.seq}.", hint=_SEE, code="event_not_found")
    raise RefusedError(
        f"Event {request.seq} is nothing that somebody asked for: {safe(event.message, 200).rstrip('.')}.",
        hint="What a person does can be undone, what followed by itself cannot.",
        code="not_asked_for",
    )


def _check(services: EngineServices, query: Query, done: Operation, actor: str, message: str) -> None:
    if done.actor != actor:
        raise RefusedError(
            f"{safe(message, 200)}: this was done by {safe(done.actor, 60)}.",
            hint=f"Ask {safe(done.actor, 60)} to undo it: shopfloor undo {done.last_seq}",
            code="not_own",
        )
    kinds = {kind.verb: kind for kind in Mutation.__subclasses__()}
    check_right(services.peer, kinds[_chain(query, done)[-1].verb].needs, services.context.settings.team)
    if why := kinds[done.verb].irreversible:
        raise RefusedError(f"{safe(message, 200)}: this cannot be undone.", hint=why, code="irreversible")


def _chain(query: Query, done: Operation) -> list[Operation]:
    """The operation, what it undid if it was an undo, and so on to what the last one is about in the end."""
    chain = [done]
    while chain[-1].verb == Undo.verb:
        told = _told(query, chain[-1].first_seq, chain[-1].last_seq, chain[-1].actor)
        earlier = operations.of_event(query, told.data["seq"]) if told is not None else None
        if earlier is None:
            break
        chain.append(earlier)
    return chain


def _says(query: Query, request: Undo) -> str:
    """What the event of an undo says. To undo an undo does again what was undone, however often that is repeated."""
    chain = _chain(query, _operation(query, request))
    first = _told(query, chain[-1].first_seq, chain[-1].last_seq, chain[-1].actor)
    word = "Undone" if len(chain) % 2 else "Done again"
    return f"{word}: {chain[-1].verb if first is None else first.message}"


def _told(query: Query, first: int, last: int, actor: str = "") -> Event | None:
    """The last event of some, of those by `actor` if there are any."""
    found = events.after(query, first - 1, max(last - first + 1, 0))
    own = [event for event in found if event.actor == actor]
    return next(iter((own or found)[-1:]), None)
