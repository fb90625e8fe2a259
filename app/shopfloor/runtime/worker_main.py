"""A worker process: reads one call a line, does it, writes messages. It never opens the metadata store."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.errors import DataError, ShopfloorError
from shopfloor.domain.wire import describe
from shopfloor.runtime.call import Call, Failure, Message, Progress, Result
from shopfloor.runtime.failure import blamed
from shopfloor.runtime.task import find, spec_type
from shopfloor.workspace.durable import write_all


def work(warm_ups: Sequence[str], calls: int, answers: int) -> None:
    """Serve calls from the descriptor `calls` until it closes."""
    _become_worker()
    for name in warm_ups:  # while the worker waits for its first call: a file's settling time pays for the imports
        find(name)()
    with os.fdopen(calls, "rb") as lines:
        for line in lines:
            _serve(msgspec.json.decode(line, type=Call), lambda message: _send(answers, message))


def _become_worker() -> None:
    # What a task starts in processes of its own imports this module as theirs, not the engine.
    sys.modules["__main__"] = sys.modules[__name__]
    _redirect(0, os.devnull, os.O_RDONLY)
    os.environ["PYTHONUNBUFFERED"] = "1"
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    # An OpenMP thread that spins for its turn on a busy machine costs more than it computes.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _serve(call: Call, send: Callable[[Message], None]) -> None:
    _redirect(1, call.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    _redirect(2, call.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        send(Result(value=_run(call, lambda fraction, stage="": send(Progress(fraction=fraction, stage=stage)))))
    except ShopfloorError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        send(Failure(error=describe(error)))
    except MemoryError:
        send(
            Failure(
                error=describe(
                    DataError(
                        "The worker ran out of memory.", hint="Give it smaller files or more memory: intake.memory_mb"
                    )
                )
            )
        )
    except Exception as error:  # noqa: BLE001 - the boundary of the worker: the engine gets a sentence, the log the trace
        traceback.print_exc()
        send(Failure(error=describe(blamed(error, Path.cwd()))))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run(call: Call, progress: Callable[..., None]) -> Any:
    run = find(call.task)
    return msgspec.to_builtins(run(convert(call.spec, spec_type(run)), progress))


def _redirect(target: int, path: str, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    os.dup2(handle, target)
    os.close(handle)


def _send(answers: int, message: Message) -> None:
    write_all(answers, msgspec.json.encode(message) + b"\n")
