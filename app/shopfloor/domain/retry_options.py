"""The options with which a person takes a held file in again."""

from __future__ import annotations

from shopfloor.domain.contract import Parser
from shopfloor.domain.record import Record


class RetryOptions(Record, frozen=True, kw_only=True):
    """Kept with the file until it is decided, so that nothing is forgotten while it waits.

    `accept` waives rules and takes other columns in, `types` lets columns take the file's types.
    `parser` says how the file is written, in place of the contract; `keep` makes that the contract's.
    """

    actor: str
    accept: bool = False
    types: bool = False
    parser: Parser | None = None
    keep: bool = False
