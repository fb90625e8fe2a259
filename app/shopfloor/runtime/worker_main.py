"""A worker process: reads one call a line, does it, writes messages. It never opens the metadata store.

`python -m shopfloor.runtime.worker_main --answers FD [WARM_UP ...]`
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import convert
from shopfloor.domain.errors import DataError, ShopfloorError
from shopfloor.domain.wire import describe
from shopfloor.runtime.call import Call, Failure, Message, Progress, Result
from shopfloor.runtime.task import asked, find
from shopfloor.workspace.durable import write_all
from shopfloor.workspace.folders import blame

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve calls from standard input until it closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, required=True)
    # Run while the worker waits for its first call, so that a file's settling time pays for the imports.
    parser.add_argument("warm_ups", nargs="*", type=find)
    options = parser.parse_args()
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for warm_up in options.warm_ups:
        warm_up()
    calls = os.fdopen(os.dup(0), "rb")
    _redirect(0, os.devnull, os.O_RDONLY)  # a task that reads standard input must not eat calls
    for line in calls:
        _serve(msgspec.json.decode(line, type=Call), lambda message: _send(options.answers, message))


def _die_with_parent() -> None:
    """A killed engine takes its workers along, so that no orphan works on."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
    except OSError as error:
        traceback.print_exc()
        send(Failure(error=describe(blame(error, Path.cwd()))))
    except Exception as error:  # noqa: BLE001 - the boundary of the worker: the engine gets a sentence, the log the trace
        traceback.print_exc()
        send(Failure(error=describe(error)))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run(call: Call, progress: Callable[..., None]) -> Any:
    run = find(call.task)
    return msgspec.to_builtins(run(convert(call.spec, asked(run)), progress))


def _redirect(target: int, path: str, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
    os.dup2(handle, target)
    os.close(handle)


def _send(answers: int, message: Message) -> None:
    write_all(answers, msgspec.json.encode(message) + b"\n")


if __name__ == "__main__":
    main()
