"""Bounds for the process that parses foreign files."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Threads' stacks and what libraries hold in reserve come on top of DuckDB's own memory limit.
_OVERHEAD_MB = 2048
_MB = 1 << 20


@contextmanager
def limited(memory_mb: int, cpu_seconds: float = 0.0) -> Iterator[None]:
    """Bound this process's memory, and its CPU time when `cpu_seconds` is above zero.

    Memory: what can be written now and `memory_mb` twice and an allowance for libraries; an
    allocation beyond it fails, as `MemoryError` or DuckDB's out-of-memory error. Address space does
    not count: malloc reserves 64 MB of it for every thread, which nobody may write before it is
    allotted. CPU time: from now on; the kernel ends the process with SIGXCPU. Only soft limits are
    set, and set back afterwards, so a reused worker is not bound for ever.
    """
    bounds = {resource.RLIMIT_DATA: _writable() + (2 * memory_mb + _OVERHEAD_MB) * _MB}
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


def _writable() -> int:
    """Bytes of the address space that this process may write, files aside."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
