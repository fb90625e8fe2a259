"""Which derived datasets are to be made anew."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import DatasetInput, DatasetVersion
from shopfloor.domain.errors import ConfigError, RefusedError
from shopfloor.domain.job import JobCause, JobKind
from shopfloor.domain.names import parse_version, split_ref
from shopfloor.intake.derived.query import DatasetQuery, newest_of, plain, read_query
from shopfloor.runtime.context import Context
from shopfloor.store import datasets, derived, jobs
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

TableVersion = tuple[str, DatasetVersion]
"""A table of a query as that spells it, and what it stands for."""


def follow(context: Context, transaction: Transaction, cause: JobCause) -> None:
    """Queue the queries that read a dataset which has a new version."""
    for contract in list(context.book.noticed.values()):
        if plain(cause.name) in _newest_of(contract):
            _enqueue(transaction, contract.name, trigger=f"{cause.name}@{cause.number}", causes=[cause])


def begin(context: Context, transaction: Transaction, contract: Contract) -> None:
    """Queue the query of a contract that is new, or was changed, unless its result is there."""
    if not contract.query:
        return
    found = table_versions(transaction, read_query(contract.query))
    is_missing = found is not None and not is_made(transaction, contract, found)
    if is_missing or _goes_in_a_circle(context, contract):  # the job then says so
        _enqueue(transaction, contract.name, trigger="its query", causes=[])


def check_circle(context: Context, contract: Contract) -> None:
    """Raise `RefusedError` where a dataset is made from itself, by way of whatever others."""
    if _goes_in_a_circle(context, contract):
        raise RefusedError(
            f"The query of {contract.name} reads {contract.name} itself, directly or by way of other queries.",
            hint="Let one of them read a dataset whose files are delivered.",
            code="query_circle",
        )


def _goes_in_a_circle(context: Context, contract: Contract) -> bool:
    known = {plain(name): one for name, one in context.book.noticed.items()}
    asked, seen = list(_newest_of(contract)), set[str]()
    while asked:
        name = asked.pop()
        if name == plain(contract.name):
            return True
        if name not in seen and (other := known.get(name)) is not None:
            asked += _newest_of(other)
        seen.add(name)
    return False


def _newest_of(contract: Contract) -> list[str]:
    """The datasets whose newest versions a contract's query reads; none where it has no query that can be used."""
    try:
        return newest_of(contract.query) if contract.query else []
    except ConfigError:
        return []  # it is told as a problem of its contract


def table_versions(query: Query, text: DatasetQuery) -> list[TableVersion] | None:
    """What the tables of a query stand for now: the newest versions, or those that it names (`"flights@3"`).

    None where one has no rows yet: its first version asks again.
    """
    found = [(table, _version_of(query, table)) for table in text.tables]
    there = [(table, version) for table, version in found if version is not None]
    return there if len(there) == len(found) else None


def inputs_of(tables: Sequence[TableVersion]) -> tuple[DatasetInput, ...]:
    """The versions by name and number."""
    return tuple(DatasetInput(dataset=version.dataset, version=version.version) for _, version in tables)


def is_made(query: Query, contract: Contract, tables: Sequence[TableVersion]) -> bool:
    """Whether the newest result is that of this query over these versions."""
    made = derived.get(query, contract.name)
    return made is not None and (made.query, made.inputs) == (contract.query, inputs_of(tables))


def _version_of(query: Query, table: str) -> DatasetVersion | None:
    name, number = split_ref(table)
    dataset = datasets.called(query, plain(name))
    if dataset is None:
        return None
    wanted = parse_version(number, table) if number else datasets.current_version(query, dataset)
    return datasets.version(query, dataset, wanted) if wanted else None


def _enqueue(transaction: Transaction, dataset: str, *, trigger: str, causes: Sequence[JobCause]) -> None:
    jobs.enqueue(
        transaction,
        JobKind.DERIVE,
        dataset,
        payload={},
        trigger=trigger,
        causes=causes,
        unique_key=f"derive:{dataset}",
    )
