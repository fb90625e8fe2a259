"""Answers about contracts: their content, their history, and changes to them."""

from __future__ import annotations

import msgspec

from shopfloor.domain.contract import Contract, Mode
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.names import check_name
from shopfloor.domain.page import Page
from shopfloor.domain.requests.datasets import DatasetContract, DatasetDefine, DatasetRevisions
from shopfloor.domain.revision import ContractCause, ContractRevision
from shopfloor.engine.api.datasets import named
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.intake.derived import staleness
from shopfloor.intake.derived.query import read_query
from shopfloor.store import datasets, revisions
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.contract_check import check_contract
from shopfloor.workspace.durable import make_folder
from shopfloor.workspace.form import TomlForm


def show(services: EngineServices, request: DatasetContract) -> Contract:
    """The contract as its file says now, or as it was in an earlier revision."""
    if request.revision:
        return _earlier(services, request)
    found = services.context.contract(request.name)
    if found is None:
        services.context.store.read(lambda query: named(query, request.name))
        raise NotFoundError(
            f"Dataset {request.name} has no contract yet.",
            hint="It is inferred from the first file.",
            code="no_contract",
        )
    return found


def _earlier(services: EngineServices, request: DatasetContract) -> Contract:
    def query(reader: Query) -> tuple[ContractRevision | None, int]:
        named(reader, request.name)
        found = revisions.get(reader, request.name, request.revision)
        return found, revisions.number(reader, request.name)

    revision, newest = services.context.store.read(query)
    if revision is None:
        raise NotFoundError(
            f"The contract of {request.name} has no revision {request.revision}.",
            hint=f"It has revisions 1 to {newest}." if newest else "It has none yet.",
            code="revision_not_found",
        )
    found = live.text_as_contract(revision)
    if found is None:
        raise NotFoundError(
            f"Revision {request.revision} was written by another version of shopfloor.",
            hint=f"Read its text: shopfloor dataset contract {request.name} --history --json",
            code="revision_unreadable",
        )
    return found


def history(services: EngineServices, request: DatasetRevisions) -> Page[ContractRevision]:
    """Every change of a contract, newest first."""
    live.refresh(services.context, request.name)

    def query(reader: Query) -> Page[ContractRevision]:
        named(reader, request.name)
        return revisions.listing(reader, request.name, request.limit, request.offset)

    return services.context.store.read(query)


def define(services: EngineServices, request: DatasetDefine) -> Contract:
    """Write the contract's head; columns come with the first file, or with the first result of its query."""
    name = check_name(request.name, "Dataset")
    live.refresh(services.context, name)
    found = services.context.contract(name)
    wanted = _changed(found or Contract(name=name, revision=0), request)
    _check(wanted)
    staleness.check_circle(services.context, wanted)
    if found is not None and found == wanted:
        # Asked again: the file keeps its text, also what a person wrote beside the settings.
        _make_inbox(services, wanted)
        return found

    def change(transaction: Transaction) -> Contract:
        number = revisions.number(transaction, name) + 1
        after = msgspec.structs.replace(wanted, revision=number)
        datasets.define(transaction, name, after.mode.value)
        text = live.save(services.context, after)
        number = live.record(transaction, after, text, ContractCause.DEFINED, request.actor)
        services.context.book.own.pop(name, None)
        staleness.begin(services.context, transaction, after)
        transaction.emit(
            "dataset.defined",
            name,
            f"Dataset {name}: {after.mode}",
            actor=request.actor,
            data={"mode": after.mode.value, "revision": number},
        )
        return msgspec.structs.replace(after, revision=number)

    defined = services.mutate(request, change)
    _make_inbox(services, wanted)
    return defined


def _make_inbox(services: EngineServices, contract: Contract) -> None:
    """Where its files are dropped, unless its rows are made by a query."""
    if not contract.query:
        make_folder(services.context.layout.inbox / contract.name)


def _changed(before: Contract, request: DatasetDefine) -> Contract:
    """`before` with what the request names; None keeps."""
    replace = msgspec.structs.replace
    requested = {key: getattr(request, key) for key in ("mode", "query", "key", "schema_policy", "reject_budget")}
    after = replace(before, **{key: value for key, value in requested.items() if value is not None})
    if request.query and request.mode is None:
        after = replace(after, mode=Mode.SNAPSHOT)
    if request.time is not None:
        after = replace(after, time=request.time or None)
    volume = {key: value for key in ("min_rows", "max_rows", "band") if (value := getattr(request, key)) is not None}
    of_arrival = ("corrected", "repeated", "originals")
    arrival = {key: value for key in of_arrival if (value := getattr(request, key)) is not None}
    if request.fresh_hours is not None:
        after = replace(after, freshness=replace(after.freshness, hours=request.fresh_hours))
    after = replace(after, volume=replace(after.volume, **volume), arrival=replace(after.arrival, **arrival))
    return after.spelled()


def _check(contract: Contract) -> None:
    """The same rules as for the file, reported without a line."""
    form = TomlForm("", f"datasets/{contract.name}.toml")
    try:
        check_contract(contract, form)
        if contract.query:
            read_query(contract.query)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint, code=error.code) from error
