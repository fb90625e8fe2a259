"""The base of all records."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True):
    """An immutable value. Fields are the JSON keys of the public contract.

    Every record is declared `frozen` and `kw_only`, which msgspec asks for class by class.
    """
