"""How many threads a fit or a batch of predictions should use right now.

OpenMP threads that wait for a core that others use do not sleep, they spin: measured on 2 busy
cores, a boosting fit that takes 1.1 s with one thread took 10 to 14 s with two. Boosted trees are
the same bits with any number of threads, so their number may follow the load.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from threadpoolctl import ThreadpoolController, threadpool_limits  # type: ignore[import-untyped]

_LOAD = Path("/proc/loadavg")
_FEWEST_ROWS_FOR_THREADS = 20_000


def limited(most: int) -> threadpool_limits:
    """A context in which BLAS and OpenMP use one thread, whatever `most` allows.

    The order of their sums, and so the last bits of a model, follows the number of threads: the
    same rows must give the same artifact on a busy machine and on an idle one.
    """
    return threadpool_limits({"blas": 1, "openmp": min(1, most)})


@contextmanager
def for_rows(rows: int) -> Iterator[None]:
    """A context for predicting `rows` rows: one OpenMP thread, or for many rows the idle cores
    as far as the limit that is in force allows. Costs 30 µs."""
    controller = _controller()
    allowed = [one.num_threads for one in controller.lib_controllers if one.user_api == "openmp"]
    threads = idle_cores(min(allowed, default=1)) if rows >= _FEWEST_ROWS_FOR_THREADS else 1
    with controller.limit(limits={"openmp": threads}):
        yield


def idle_cores(most: int) -> int:
    """Cores without a running thread, counting our own as idle; from 1 to `most`."""
    if most < 2:
        return 1
    cores = len(os.sched_getaffinity(0))
    others = max(_running() - 1 for _ in range(3))
    return max(1, min(most, cores - max(0, others)))


def _running() -> int:
    """Threads that run or wait for a core at this moment (1 where the system does not tell)."""
    try:
        field = _LOAD.read_text().split()[3]
    except (OSError, IndexError):
        return 1
    time.sleep(0.0005)  # samples a moment apart, so that one brief thread does not decide
    return int(field.partition("/")[0])


@cache
def _controller() -> ThreadpoolController:
    """The thread pools of the libraries loaded by now, which whoever has a model to ask has."""
    return ThreadpoolController()
