"""The software a run used."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = ("shopfloor", "scikit-learn", "numpy", "scipy", "pandas", "pyarrow", "joblib")


@cache
def environment() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a model's bytes, looked up once as they are imported once."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
