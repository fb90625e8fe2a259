"""What the operating system refused, where an error says it."""

from __future__ import annotations

import errno
import os

import duckdb

_TOLD = {
    os.strerror(code): code for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
}
_OF_FILES = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException, duckdb.InternalException)
"""What DuckDB raises when a file fails it. The text of its other errors may be a value out of somebody's file."""


def refused(error: BaseException) -> OSError | None:
    """What the machine refused; DuckDB passes it on as a text only. None where the machine is not to blame."""
    if isinstance(error, OSError):
        return error if error.errno in _TOLD.values() else None
    if not isinstance(error, _OF_FILES):
        return None
    message = str(error)
    return next((OSError(code, words) for words, code in _TOLD.items() if words in message), None)
