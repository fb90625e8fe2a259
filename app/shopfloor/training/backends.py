"""Where chunks of work run: here, in worker processes, or on an existing cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from shopfloor.domain.errors import ConfigError, UnreachableError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

BACKENDS = ("sequential", "loky", "dask", "ray")

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
        # Ray's backend cannot hand out results one by one.
        order = "list" if backend == "ray" else "generator_unordered"
        tasks = (delayed(work)(*chunk) for chunk in chunks)
        yield from Parallel(return_as=order, batch_size=1, mmap_mode="r")(tasks)


def _configured(backend: str, workers: int, scheduler: str) -> AbstractContextManager[Any]:
    if backend == "loky":
        context = parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1)
    elif backend == "dask":
        _join_dask(scheduler)
        context = parallel_config(backend="dask", n_jobs=-1)
    else:
        _join_ray(scheduler)
        context = parallel_config(backend="ray", n_jobs=-1)
    return context  # type: ignore[no-any-return]


def _join_dask(scheduler: str) -> None:
    """Make the cluster at `scheduler` the current one, which joblib's dask backend looks for."""
    try:
        from distributed import Client, get_client
    except ImportError as error:
        raise _not_installed("dask") from error
    try:
        get_client()
    except ValueError:
        try:
            Client(scheduler or None, timeout="10s")
        except (OSError, TimeoutError) as error:
            raise _unreachable("dask", scheduler) from error


def _join_ray(scheduler: str) -> None:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise _not_installed("ray") from error
    if not ray.is_initialized():
        try:
            ray.init(address=scheduler or None, log_to_driver=False)
        except ConnectionError as error:
            raise _unreachable("ray", scheduler) from error
    register_ray()


def _not_installed(name: str) -> ConfigError:
    return ConfigError(
        f"Backend {name!r} needs a package that is not installed.",
        hint=f"Install shopfloor[{name}], or set engine.backend to loky.",
        code="backend_missing",
    )


def _unreachable(name: str, scheduler: str) -> UnreachableError:
    return UnreachableError(
        f"The {name} cluster at {safe(scheduler or 'its default address', 80)} does not answer.",
        hint="Start the cluster, correct its address, or set engine.backend to loky.",
        code="cluster_unreachable",
    )
