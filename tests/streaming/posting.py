"""Posting rows as a stranger would, and counting what came of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
from tests.engine.harness import Shop

from shopfloor.client.rows import append
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetFilesShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.streams import StreamList
from shopfloor.domain.streaming import RowsReceipt, StreamStatus
from shopfloor.domain.wire import KEY_HEADER, rows_path
from shopfloor.lake.table import read_table


def lines(*numbers: int) -> bytes:
    return b"".join(b'{"n":%d,"t":"row %d"}\n' % (n, n) for n in numbers)


def post(shop: Shop, body: bytes, key: str, dataset: str = "d") -> RowsReceipt:
    answer = shop.client.post(rows_path(dataset), body, {KEY_HEADER: key}, 20.0)
    return RowsReceipt(**{**json.loads(answer), "rejects": ()})


def send(shop: Shop, *numbers: int, dataset: str = "d") -> None:
    append(shop.client, dataset, [lines(n) for n in numbers])


def numbers(shop: Shop, dataset: str = "d", column: str = "n") -> Counter[int]:
    """How often each number is in the newest version."""
    return Counter(row[column] for row in rows(shop, dataset, [column]))


def rows(shop: Shop, dataset: str, columns: list[str]) -> list[dict[str, Any]]:
    """The rows of the newest version; dates are times."""
    found = shop.client.ask(DatasetFilesShow(ref=dataset))
    parts = [msgspec.structs.replace(part, path=str(shop.root / part.path)) for part in found.parts]
    return list(read_table(parts, found.columns, columns).to_pylist())


def stream(shop: Shop, dataset: str = "d") -> StreamStatus:
    [found] = shop.client.ask(StreamList(dataset=dataset)).rows
    return found


def account(shop: Shop) -> dict[str, Any]:
    """The ledger adds up; its streamed files by state."""
    counts = shop.status().files
    parts = counts.committed + counts.duplicate + counts.quarantined + counts.refused + counts.waiting
    assert counts.seen == parts + counts.discarded
    files = [file for file in shop.client.ask(FileList(limit=10_000)).rows if file.path.startswith("stream/")]
    return {state: sum(file.state is state for file in files) for state in FileState}
