"""SQL that people write, answered by a child process that can read and do nothing else.

The engine gives the child a copy of the metadata. The child's DuckDB may touch no file at all: the copy
is attached read-only, datasets and logs are read by Arrow and handed in as views. The statement, its time,
memory, scratch space and answer are limited. `python -m shopfloor.upkeep.query` is the child; it
reads one `Question` and writes one `SqlAnswer`, both JSON.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import shopfloor
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.errors import RefusedError, ShopfloorError, UsageError, from_wire
from shopfloor.domain.ids import ulid
from shopfloor.domain.numbers import count, exact
from shopfloor.domain.requests.workspace import QueryTable
from shopfloor.domain.wire import describe
from shopfloor.upkeep.question import Question, SqlAnswer, SqlLimits
from shopfloor.workspace.digests import KnownDigest, known_digests, learn

if TYPE_CHECKING:
    from shopfloor.runtime.context import Context

MAX_ROWS = 1_000_000
_MAX_STATEMENT = 100_000
_PR_SET_PDEATHSIG = 1
_MB = 1 << 20

Spawn = Callable[..., "subprocess.Popen[bytes]"]


def run_query(
    context: Context, statement: str, limit: int, *, limits: SqlLimits | None = None, spawn: Spawn = subprocess.Popen
) -> QueryTable:
    """Answer one SELECT over metadata, datasets (`flights`, `"flights@3"`), `predictions_MODEL` and `actuals_MODEL`.

    At most `limit` rows come back, `truncated` tells when there were more. Raises `RefusedError` for
    anything but one SELECT, for files, and for a question that takes too long or too much; `UsageError`
    for a statement that is wrong.
    """
    from shopfloor.upkeep.snapshot import snapshots

    _check(statement, limit)
    limits = limits or SqlLimits()
    with snapshots(context.store, context.layout, context.clock).lease() as snapshot:
        scratch = snapshot.folder / f"scratch-{ulid()}"
        scratch.mkdir(mode=0o700)
        try:
            question = Question(
                statement=statement,
                limit=limit,
                database=str(snapshot.database.resolve()),
                workspace=str(context.layout.root.resolve()),
                scratch=str(scratch.resolve()),
                limits=limits,
                digests=known_digests(),
            )
            return _ask(question, spawn)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _check(statement: str, limit: int) -> None:
    if not 1 <= limit <= MAX_ROWS:
        raise UsageError(
            f"A limit of {limit} rows is not usable.", hint=f"Use 1 to {count(MAX_ROWS)}.", code="bad_limit"
        )
    if len(statement) > _MAX_STATEMENT:
        raise UsageError(
            f"The statement has {count(len(statement))} characters.",
            hint=f"At most {count(_MAX_STATEMENT)}.",
            code="too_long",
        )


def _ask(question: Question, spawn: Spawn) -> QueryTable:
    child = spawn(
        [sys.executable, "-P", "-m", "shopfloor.upkeep.query"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=question.scratch,
        env=_environment(question),
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(to_json(question), timeout=question.limits.seconds)
    except subprocess.TimeoutExpired:
        raise _too_slow(question.limits) from None
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    return _read(output, child.returncode, question.limits)


def _environment(question: Question) -> dict[str, str]:
    """Nothing of the engine's own environment: it may hold secrets."""
    return {
        "PATH": os.defpath,
        "HOME": question.scratch,
        "TMPDIR": question.scratch,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(Path(shopfloor.__file__).resolve().parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": str(question.limits.threads),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "ARROW_IO_THREADS": str(question.limits.threads),
    }


def _read(output: bytes, code: int, limits: SqlLimits) -> QueryTable:
    if code == -signal.SIGXCPU:
        raise _too_slow(limits)
    try:
        answer = from_json(output, SqlAnswer)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise ShopfloorError(
            f"The query process ended without a result ({_ending(code)}).",
            hint="Select fewer rows or columns.",
            code="sandbox_died",
        ) from None
    learn(answer.digests)
    if answer.error is not None:
        raise from_wire(
            answer.error.exit, answer.error.message, answer.error.hint, answer.error.code, answer.error.stored
        )
    assert answer.table is not None
    return answer.table


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _too_slow(limits: SqlLimits) -> RefusedError:
    return RefusedError(
        f"The query took more than {exact(limits.seconds)} seconds.",
        hint="Narrow it: WHERE, fewer columns, a LIMIT.",
        code="query_timeout",
    )


def main() -> None:
    """The child: one question from standard input, one answer to standard output."""
    question = from_json(sys.stdin.buffer.read(), Question)
    _confine(question.limits)
    learn(question.digests)
    sys.meta_path.insert(0, _WithoutPandas())
    from shopfloor.upkeep.answering import answer

    try:
        output = SqlAnswer(table=answer(question), digests=_new(question))
    except Exception as error:  # noqa: BLE001 - the boundary of the process: the engine gets a sentence
        if not isinstance(error, ShopfloorError):
            traceback.print_exc()
        output = SqlAnswer(error=describe(error), digests=_new(question))
    sys.stdout.buffer.write(to_json(output))
    sys.stdout.buffer.flush()
    os._exit(0)  # a query that was broken off must not delay the end


def _new(question: Question) -> tuple[KnownDigest, ...]:
    """Of the files that were read for this question."""
    return tuple(set(known_digests()) - set(question.digests))


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas where it finds it; nothing here needs it, and it is a third of the start."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not used here", name=fullname)


def _confine(limits: SqlLimits) -> None:
    """The kernel's limits, which no library can exceed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    seconds = int(limits.seconds * (limits.threads + 1)) + 5
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits.scratch_mb * _MB),
        # Address space, not memory: libraries and threads reserve a lot that they never touch.
        (resource.RLIMIT_AS, (2 * limits.memory_mb + 3072) * _MB),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
