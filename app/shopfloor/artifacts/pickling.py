"""Objects to bytes and back: the same object graph gives the same bytes in every process."""

from __future__ import annotations

import io
import pickle
from typing import Any

from shopfloor.artifacts.stored import put_together, take_apart


def to_bytes(value: object) -> bytes:
    """`value` in joblib's format, byte-identical for equal values.

    Plain pickles differ when two equal strings are one object here and two objects there (the
    pickle memo goes by identity); here equal strings are always one. Objects of ours are persistent ids in
    the words of pickle: their stored form (`stored`) instead of a class.
    """
    buffer = io.BytesIO()
    _pickler(buffer).dump(value)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Any:
    """The object in `data`. Unpickling runs code: only for bytes whose signature was verified."""
    from joblib.numpy_pickle import NumpyUnpickler

    class WithStored(NumpyUnpickler):  # type: ignore[misc]
        """joblib's unpickler, which puts stored forms together."""

        def persistent_load(self, pid: Any) -> Any:
            return put_together(pid)

    return WithStored("", io.BytesIO(data), ensure_native_byte_order=True).load()


def _pickler(buffer: io.BytesIO) -> Any:
    from joblib.numpy_pickle import NumpyPickler

    class ByValue(NumpyPickler):  # type: ignore[misc]
        """joblib's pickler with one object for each string or bytes value."""

        def __init__(self) -> None:
            super().__init__(buffer, protocol=4)
            self._known: dict[str | bytes, str | bytes] = {}

        def persistent_id(self, obj: Any) -> Any:
            return take_apart(obj)

        def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
            if type(obj) is str or type(obj) is bytes:
                obj = self._known.setdefault(obj, obj)
            if not save_persistent_id:  # a stored form itself; joblib's `save` does not know the parameter
                return pickle._Pickler.save(self, obj, save_persistent_id=False)  # type: ignore[attr-defined]
            return super().save(obj)

    return ByValue()
