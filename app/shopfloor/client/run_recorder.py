"""Where the entries of recorded runs go."""

from __future__ import annotations

from typing import Protocol

from shopfloor.client.connection import EngineClient
from shopfloor.client.handover import is_foreign
from shopfloor.client.spool import Spool
from shopfloor.domain.recording import RunEntry
from shopfloor.domain.requests.runs import RunLog


class RunRecorder(Protocol):
    """Takes entries about runs; `opening` is the first one of the run that an entry is about."""

    def append(self, opening: RunEntry, entry: RunEntry) -> None: ...

    def end(self, opening: RunEntry, entry: RunEntry) -> None: ...

    def close(self) -> None: ...


def run_recorder(client: EngineClient) -> RunRecorder:
    """A log in the workspace; in one of another user, which is closed to this process, the engine itself."""
    return _Posted(client) if is_foreign(client.workspace) else Spool(client.workspace)


class _Posted:
    """Entries go to the engine one by one."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    def append(self, opening: RunEntry, entry: RunEntry) -> None:
        entries = (entry,) if entry is opening else (opening, entry)
        self._client.ask(RunLog(entries=entries))

    def end(self, opening: RunEntry, entry: RunEntry) -> None:
        self.append(opening, entry)

    def close(self) -> None:
        """The connection is the workspace's."""
