"""Questions whose answer is a page for people without access."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Request


class ReportPage(Record, frozen=True, kw_only=True):
    """One self-contained page of HTML about a `model` or a `dataset`; `also` is a namesake of the other kind."""

    kind: str
    name: str
    html: str
    also: str = ""


class ReportShow(Request[ReportPage], frozen=True, kw_only=True):
    """The report about a model or a dataset: `NAME`, or `model:NAME`, `dataset:NAME` where both have the name.

    Of a model it is about the champion, of `NAME@V` about that version.
    """

    verb: ClassVar[str] = "report"
    ref: str
