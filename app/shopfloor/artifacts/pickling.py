"""Objects to bytes and back: the same object graph gives the same bytes in every process."""

from __future__ import annotations

import io
from typing import Any


def to_bytes(value: object) -> bytes:
    """`value` in joblib's format, byte-identical for equal values.

    Plain pickles differ when two equal strings are one object here and two objects there (the
    pickle memo goes by identity); here equal strings are always one.
    """
    buffer = io.BytesIO()
    _pickler(buffer).dump(value)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Any:
    """The object in `data`. Unpickling runs code: only for bytes whose signature was verified."""
    import joblib

    return joblib.load(io.BytesIO(data))


def _pickler(buffer: io.BytesIO) -> Any:
    from joblib.numpy_pickle import NumpyPickler

    class ByValue(NumpyPickler):  # type: ignore[misc]
        """joblib's pickler with one object for each string or bytes value."""

        def __init__(self) -> None:
            super().__init__(buffer, protocol=4)
            self._known: dict[str | bytes, str | bytes] = {}

        def save(self, obj: Any) -> Any:
            if type(obj) is str or type(obj) is bytes:
                obj = self._known.setdefault(obj, obj)
            return super().save(obj)

    return ByValue()
