"""Questions about jobs and events."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.event import Event
from shopfloor.domain.job import JobRecord
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request


class JobList(Request[Page[JobRecord]], frozen=True, kw_only=True):
    """Jobs, newest first; `unresolved` are those that failed or were lost and that nothing has made good since."""

    verb: ClassVar[str] = "job.list"
    unresolved: bool = False
    kind: str = ""
    state: str = ""
    query: str = ""
    limit: int = 1000
    offset: int = 0


class JobShow(Request[JobRecord], frozen=True, kw_only=True):
    """One job."""

    verb: ClassVar[str] = "job.show"
    id: str


class JobCancel(Mutation[JobRecord], frozen=True, kw_only=True):
    """Stop a queued or running job."""

    verb: ClassVar[str] = "job.cancel"
    irreversible: ClassVar[str] = "A job that was cancelled is queued anew: shopfloor job retry ID"
    id: str


class JobRetry(Mutation[JobRecord], frozen=True, kw_only=True):
    """Queue an ended job again."""

    verb: ClassVar[str] = "job.retry"
    irreversible: ClassVar[str] = "A job that runs is stopped: shopfloor job cancel ID"
    id: str


class JobLogText(Record, frozen=True, kw_only=True):
    """What a job did, oldest line first.

    `end` is where to go on reading (`JobLog.after`), `ended` says that nothing more will come.
    """

    id: str
    lines: tuple[str, ...]
    end: int = 0
    ended: bool = True


class JobLog(Request[JobLogText], frozen=True, kw_only=True):
    """What a job did, and what its worker wrote: the last lines, or those after byte `after`.

    Waits up to `wait_s` seconds for a line, or for the end of the job.
    """

    verb: ClassVar[str] = "job.log"
    id: str
    after: int = 0
    wait_s: float = 0.0


class EventList(Request[Page[Event]], frozen=True, kw_only=True):
    """Events after `after`, oldest first; waits up to `wait_s` seconds for the first one.

    `tail` > 0 instead gives the newest `tail` events, oldest first.
    """

    verb: ClassVar[str] = "event.list"
    after: int = 0
    wait_s: float = 0.0
    limit: int = 1000
    subject: str = ""
    tail: int = 0
