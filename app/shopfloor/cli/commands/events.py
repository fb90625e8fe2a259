"""`shopfloor events`: the log of everything that happened."""

from __future__ import annotations

from collections.abc import Iterator

import click

from shopfloor.cli.output import jobs, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.event import Event
from shopfloor.domain.requests.jobs import EventList

_PAGE = 1000
_WAIT_SECONDS = 25.0


@click.command(cls=Verb)
@click.option("--follow", "-f", is_flag=True, help="Follow new events as they happen.")
@click.option("--after", type=click.IntRange(min=0), metavar="SEQ", help="Only later events.")
@click.option("--subject", default="", metavar="NAME", help="Only events about this.")
@click.option("--limit", "-n", type=click.IntRange(min=1), metavar="N", help="The maximum number of events.")
@json_option
@session
def command(
    session: Session,
    follow: bool,
    after: int | None,
    subject: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Print events, oldest first: the newest 50, or all after --after SEQ.

    With --json one array; with --follow one JSON object a line, as they happen.
    """
    past = list(read_past(session, after, subject, limit))
    if as_json and not follow:
        stream.document(past)
        return
    if not past and not follow:
        stream.narrate(jobs.NO_EVENTS if after is None else "No new events.")
    for event in past:
        _print(event, as_json=as_json)
    if follow:
        stream.flush()
        left = None if limit is None else limit - len(past)
        last = past[-1].seq if past else after or 0
        for event in read_new(session, last, subject, left):
            _print(event, as_json=as_json)
            stream.flush()


def read_past(session: Session, after: int | None, subject: str, limit: int | None) -> Iterator[Event]:
    """Events so far: the newest 50 (or `limit`), or all after a number (at most `limit`)."""
    if after is None:
        yield from session.ask(EventList(tail=limit or 50, subject=subject)).rows
        return
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        rows = session.ask(EventList(after=after, limit=size, subject=subject)).rows
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1].seq
        left = None if left is None else left - len(rows)


def read_new(session: Session, after: int, subject: str, limit: int | None) -> Iterator[Event]:
    """Events as they happen, without end unless `limit` is given."""
    left, known = limit, after
    while left is None or left > 0:
        request = EventList(
            after=after,
            wait_s=_WAIT_SECONDS,
            limit=_PAGE if left is None else min(_PAGE, left),
            subject=subject,
        )
        page = session.ask(request, timeout=_WAIT_SECONDS + 15.0)
        yield from page.rows
        # Up to `known`, the newest event before this question, nothing about `subject` was missed:
        # later questions start there, or events about other things would answer each at once.
        after = page.rows[-1].seq if page.rows else max(after, known)
        known = page.seq
        left = None if left is None else left - len(page.rows)


def _print(event: Event, *, as_json: bool) -> None:
    if as_json:
        stream.line(event)
    else:
        stream.data(jobs.event_line(event))
