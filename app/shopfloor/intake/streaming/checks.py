"""The contract of each dataset as posts are checked against it, read again when its file changes."""

from __future__ import annotations

from typing import NamedTuple

from shopfloor.domain.contract import Contract, Mode
from shopfloor.domain.errors import RefusedError
from shopfloor.intake.streaming.rows import RowCheck
from shopfloor.runtime.context import Context

_FRESH = 0.25


class _Held(NamedTuple):
    stamp: tuple[int, int, int]
    contract: Contract | None
    check: RowCheck


class Checks:
    """Row checks by dataset. May be used by several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held: dict[str, _Held] = {}
        self._patterns: dict[str, tuple[float, tuple[str, ...]]] = {}

    def check(self, dataset: str) -> RowCheck:
        """The check of a dataset; raises `ConfigError` for a contract that cannot be read, and
        `RefusedError` for a dataset in which every delivery replaces all rows."""
        held = self._current(dataset)
        if held.contract is not None and held.contract.query:
            raise RefusedError(
                f"Dataset {dataset} takes no rows: its query makes them from other datasets.",
                hint=f"Send them to those. Its query: shopfloor dataset show {dataset}",
                code="made_by_query",
            )
        if held.contract is not None and held.contract.mode is Mode.SNAPSHOT:
            raise RefusedError(
                f"Dataset {dataset} is a snapshot: each delivery replaces all rows, so single rows cannot be added.",
                hint=f"Deliver whole files, or: shopfloor dataset define {dataset} --mode append",
                code="snapshot",
            )
        return held.check

    def follow(self, dataset: str) -> tuple[str, ...]:
        """Patterns of the files that are followed; raises `ConfigError`."""
        now = self._context.clock.monotonic()
        read_at, patterns = self._patterns.get(dataset, (-_FRESH, ()))
        if now - read_at >= _FRESH:  # a scan asks for each of ten thousand files
            contract = self._current(dataset).contract
            patterns = contract.arrival.follow if contract is not None else ()
            self._patterns[dataset] = (now, patterns)
        return patterns

    def _current(self, dataset: str) -> _Held:
        stamp = self._stamp(dataset)
        held = self._held.get(dataset)
        if held is None or held.stamp != stamp:
            contract = self._context.contract(dataset)
            held = self._held[dataset] = _Held(stamp, contract, RowCheck(contract))
        return held

    def _stamp(self, dataset: str) -> tuple[int, int, int]:
        try:
            status = self._context.layout.contract(dataset).stat()
        except OSError:
            return (0, 0, 0)
        return status.st_mtime_ns, status.st_size, status.st_ino
