"""The demo's files: deliveries, scoring files and actuals."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.workspace.template import template_root

DATASET = "flights"
MODEL = "flights-late"
TARGET = "arrived_late"
KEY = "flight_id"
ASSOCIATION = "association_id"
"""What joins a question with its outcome. The application has its own name for it: were it the data's key, the
truth would come with each month's data, and nothing would be late."""
TIME = "scheduled_departure"
NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def delivery(month: int) -> Path:
    """The file with all flights of a month, 1 to 12, the outcome included."""
    return template_root() / "demo" / "flights" / f"flights-2013-{month:02}.csv.gz"


def broken_delivery() -> Path:
    """An export that went wrong: a number column holds text from some line on."""
    return template_root() / "demo" / "broken" / "flights-2013-06-export-error.csv"


def schedule(month: int, folder: Path) -> Path:
    """The month's flights as they are known beforehand: without the outcome."""
    return _copy(month, folder / f"schedule-2013-{month:02}.csv", _without_outcome)


def outcomes(month: int, folder: Path) -> Path:
    """The actuals of the month's flights: id and outcome."""
    return _copy(
        month,
        folder / f"outcomes-2013-{month:02}.csv",
        lambda row: {ASSOCIATION: row[KEY], TARGET: row[TARGET]},
    )


def one_flight(month: int, contract: Contract) -> dict[str, str | int | float]:
    """The first flight of a month, as an application would send it: typed as in the contract."""
    row = _without_outcome(next(_rows(month)))
    kinds = {ColumnType.INTEGER: int, ColumnType.NUMBER: float}
    types = {column.name: kinds.get(column.type, str) for column in contract.columns}
    return {key: types.get(key, str)(value) for key, value in row.items() if value != ""}


def _without_outcome(row: dict[str, str]) -> dict[str, str]:
    """A flight without its outcome, under the application's own key."""
    return {ASSOCIATION if name == KEY else name: value for name, value in row.items() if name != TARGET}


def _rows(month: int) -> Iterator[dict[str, str]]:
    with gzip.open(delivery(month), "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def _copy(month: int, target: Path, pick: Callable[[dict[str, str]], dict[str, str]]) -> Path:
    rows = [pick(row) for row in _rows(month)]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    target.write_text(text.getvalue(), encoding="utf-8")
    return target
