"""Contracts read live from their files, checked whole, and what is remembered of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.contract import Contract
from shopfloor.domain.errors import ConfigError
from shopfloor.store import revisions
from shopfloor.store.store import Store
from shopfloor.workspace import contracts
from shopfloor.workspace.form import read_text
from shopfloor.workspace.layout import Layout

Stamp = tuple[int, int, int]

_NONE = ColumnNames(())

ContractCheck = Callable[[Contract, Path], None]
"""Raises `ConfigError` for SQL or patterns that cannot work; may use the directory."""


@dataclass
class ContractBook:
    """What is cached between two reads of the files: stamps, errors, valid texts,
    and the contracts as they were `noticed` last.

    `own` are texts that the engine itself wrote and will record with the work that changed them.
    """

    layout: Layout
    store: Store
    check: ContractCheck
    stamps: dict[str, Stamp] = field(default_factory=dict)
    problems: dict[str, ConfigError] = field(default_factory=dict)
    good: dict[str, str] = field(default_factory=dict)
    noticed: dict[str, Contract] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _names: dict[str, tuple[Contract, ColumnNames]] = field(default_factory=dict)

    def read(self, dataset: str) -> Contract | None:
        """The contract as its file says now, with the store's number of its revision; None without a file.

        Raises `ConfigError` naming file, line and key, also for SQL and patterns that cannot work.
        """
        contract = self.checked(dataset)
        if contract is None:
            return None
        number = self.store.read(lambda query: revisions.number(query, dataset))
        return msgspec.structs.replace(contract, revision=number or contract.revision)

    def checked(self, dataset: str) -> Contract | None:
        """The contract as its file says now, with the number that the file tells. Raises as `read` does."""
        path = self.layout.contract(dataset)
        if not path.exists():
            return None
        text = read_text(path)
        contract = contracts.parse_contract(dataset, text, f"datasets/{path.name}")
        if self.good.get(dataset) != text:
            if contracts.needs_duckdb(contract):
                self.check(contract, self.layout.staging)
            self.good[dataset] = text
        return contract

    def names(self, dataset: str) -> ColumnNames:
        """The dataset's columns as its contract was when it was noticed last; none before."""
        contract = self.noticed.get(dataset)
        if contract is None:
            return _NONE
        found = self._names.get(dataset)
        if found is None or found[0] is not contract:
            found = self._names[dataset] = (contract, ColumnNames(column.name for column in contract.columns))
        return found[1]

    def forget(self, dataset: str) -> None:
        """The file is gone, and with it what was wrong with it."""
        for memory in (self.stamps, self.problems, self.noticed):
            memory.pop(dataset, None)
