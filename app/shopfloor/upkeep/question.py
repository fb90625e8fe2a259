"""A question in SQL and its answer, as they travel between the engine and the sandboxed child."""

from __future__ import annotations

from shopfloor.domain.record import Record
from shopfloor.domain.requests.workspace import QueryTable
from shopfloor.domain.wire import WireError
from shopfloor.workspace.digests import KnownDigest


class SqlLimits(Record, frozen=True, kw_only=True):
    """What one question may use. `scratch_mb` bounds what does not fit into memory, `answer_mb` the JSON."""

    seconds: float = 30.0
    memory_mb: int = 512
    threads: int = 2
    scratch_mb: int = 1024
    answer_mb: int = 32


class Question(Record, frozen=True, kw_only=True):
    """The query that the child runs. All paths are absolute; `scratch` is an empty directory of its own.

    `digests` are of files that the engine has read already.
    """

    statement: str
    limit: int
    database: str
    workspace: str
    scratch: str
    limits: SqlLimits
    digests: tuple[KnownDigest, ...] = ()


class SqlAnswer(Record, frozen=True, kw_only=True):
    """What the child answers: one of both; `digests` are of the files that it read for it."""

    table: QueryTable | None = None
    error: WireError | None = None
    digests: tuple[KnownDigest, ...] = ()
