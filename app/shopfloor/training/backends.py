"""Where chunks of work run: here, in worker processes, or on an existing cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from shopfloor.domain.errors import ConfigError, UnreachableError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

BACKENDS = ("sequential", "loky", "dask")
_CONNECT_SECONDS = 10.0

Result = TypeVar("Result")


def check_backend(name: str) -> None:
    """Raise `ConfigError` for a backend that does not exist."""
    if name not in BACKENDS:
        raise ConfigError(
            f"Backend {safe(name, 40)!r} is unknown.",
            hint=did_you_mean(name, BACKENDS),
            code="backend_unknown",
        )


def run_chunks(
    work: Callable[..., Result], chunks: Sequence[tuple[Any, ...]], backend: str, workers: int, scheduler: str
) -> Iterator[Result]:
    """`work(*chunk)` for every chunk, results as they finish, in any order.

    Each worker uses one thread: the parallelism is in the chunks.
    """
    check_backend(backend)
    if backend == "sequential" or (backend == "loky" and (workers < 2 or len(chunks) < 2)):
        for chunk in chunks:
            yield work(*chunk)
        return
    with _configured(backend, workers, scheduler):
        tasks = (delayed(work)(*chunk) for chunk in chunks)
        yield from Parallel(return_as="generator_unordered", batch_size=1, mmap_mode="r")(tasks)


def _configured(backend: str, workers: int, scheduler: str) -> AbstractContextManager[Any]:
    if backend == "loky":
        return parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1)  # type: ignore[no-any-return]
    _join_dask(scheduler)
    return parallel_config(backend="dask", n_jobs=-1)  # type: ignore[no-any-return]


def _join_dask(scheduler: str) -> None:
    """Make the cluster at `scheduler` the current one, which joblib's dask backend looks for."""
    try:
        from distributed import get_client
    except ImportError as error:
        raise ConfigError(
            "Backend 'dask' needs a package that is not installed.",
            hint="Install shopfloor[dask], or set engine.backend to loky.",
            code="backend_missing",
        ) from error
    try:
        get_client(scheduler, timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:  # ValueError: not an address
        raise UnreachableError(
            f"The dask scheduler at {safe(scheduler or 'no address', 80)} does not respond.",
            hint="Start the cluster, correct engine.scheduler, or set engine.backend to loky.",
            code="cluster_unreachable",
        ) from error
