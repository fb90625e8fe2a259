"""Bounds for the process that parses foreign files."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Stacks, libraries' arenas and files that DuckDB maps come on top of its own memory limit.
_OVERHEAD_MB = 1536
_MB = 1 << 20


@contextmanager
def limited(memory_mb: int, cpu_seconds: float = 0.0) -> Iterator[None]:
    """Bound this process's address space, and its CPU time when `cpu_seconds` is above zero.

    Address space: what is mapped now and `memory_mb` twice and an allowance for libraries; an
    allocation beyond it fails, as `MemoryError` or DuckDB's out-of-memory error. CPU time: from
    now on; the kernel ends the process with SIGXCPU. Only soft limits are set, and set back
    afterwards, so a reused worker is not bound for ever.
    """
    space = _mapped() + (2 * memory_mb + _OVERHEAD_MB) * _MB
    bounds = {resource.RLIMIT_AS: space}
    if cpu_seconds > 0:
        used = resource.getrusage(resource.RUSAGE_SELF)
        bounds[resource.RLIMIT_CPU] = int(used.ru_utime + used.ru_stime + cpu_seconds) + 1
    before = {kind: resource.getrlimit(kind) for kind in bounds}
    try:
        for kind, bound in bounds.items():
            resource.setrlimit(kind, (_lower(bound, before[kind]), before[kind][1]))
        yield
    finally:
        for kind, limit in before.items():
            resource.setrlimit(kind, limit)


def cpu_allowance(total_bytes: int) -> float:
    """CPU seconds that files of `total_bytes` may cost: two minutes and one more per 50 MB.

    Raw parsing and compressing needs about one second per 100 MB, so only a runaway meets it.
    """
    return 120.0 + 60.0 * total_bytes / (50 * _MB)


def _lower(bound: int, before: tuple[int, int]) -> int:
    """`bound`, but never above a limit that already exists."""
    present = [limit for limit in before if limit != resource.RLIM_INFINITY]
    return min([bound, *present])


def _mapped() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
