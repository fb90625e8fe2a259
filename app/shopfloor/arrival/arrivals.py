"""How each dataset's files arrive, as its contract says now."""

from __future__ import annotations

import os

from shopfloor.domain.contract import Arrival
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import FilePurpose
from shopfloor.domain.names import is_name
from shopfloor.workspace.contracts import load_contract
from shopfloor.workspace.layout import Layout

_USUAL = Arrival()
_DATA = FilePurpose.DATA  # looked up once, not once a file


class Arrivals:
    """Read again when a contract's file changes; a file in error keeps what it said before."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, tuple[int, Arrival]] = {}
        self._now: dict[str, Arrival] = {}

    def begin(self) -> None:
        """A new scan begins: look at each contract's file once more."""
        self._now.clear()

    def of(self, purpose: FilePurpose, dataset: str) -> Arrival:
        """The rules for a file in the folder of `dataset`; only data has rules of its own."""
        if purpose is not _DATA:
            return _USUAL
        found = self._now.get(dataset)
        if found is None:
            if is_name(dataset):
                self._look(dataset)
            found = self._now[dataset] = self._known.get(dataset, (0, _USUAL))[1]
        return found

    def _look(self, dataset: str) -> None:
        try:
            stamp = os.stat(self._layout.contract(dataset)).st_mtime_ns
        except OSError:
            self._known.pop(dataset, None)
            return
        if self._known.get(dataset, (0, _USUAL))[0] == stamp:
            return
        try:
            contract = load_contract(self._layout, dataset)
        except ConfigError:
            return  # told elsewhere, and its files wait
        self._known[dataset] = (stamp, contract.arrival if contract is not None else _USUAL)
