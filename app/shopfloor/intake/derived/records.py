"""What the worker that runs a query gets and gives back."""

from __future__ import annotations

from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import DatasetInput
from shopfloor.domain.file import Derivation
from shopfloor.domain.handles import PartFile
from shopfloor.domain.record import Record


class QueryInput(Record, frozen=True, kw_only=True):
    """What a table of the query stands for: a version, and those of its parts that are read."""

    table: str
    version: DatasetInput
    columns: tuple[Column, ...]
    parts: tuple[PartFile, ...]


class DeriveSpec(Record, frozen=True, kw_only=True):
    """A query over `inputs`, whose result goes to the file `target`. `derivation` says whether they are whole."""

    dataset: str
    query: str
    inputs: tuple[QueryInput, ...]
    derivation: Derivation
    target: str
    scratch: str
    memory_mb: int


class DeriveOutcome(Record, frozen=True, kw_only=True):
    """The result: `rows` rows in the file `path`, whose bytes hash to `sha256`."""

    path: str
    sha256: str
    bytes: int
    rows: int
    query: str
    inputs: tuple[DatasetInput, ...]
    derivation: Derivation
