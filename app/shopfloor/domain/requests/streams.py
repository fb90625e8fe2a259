"""Questions about streamed rows."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.page import Page
from shopfloor.domain.requests.request import Request
from shopfloor.domain.streaming import StreamStatus


class StreamList(Request[Page[StreamStatus]], frozen=True, kw_only=True):
    """Datasets that rows are streamed into, and the files that are followed."""

    verb: ClassVar[str] = "stream.list"
    dataset: str = ""
