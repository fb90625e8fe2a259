"""What a notebook run needs to be repeated: versions of what it has loaded."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

_PACKAGES = (
    "numpy", "pandas", "scikit-learn", "scipy", "joblib", "pyarrow", "polars",
    "xgboost", "lightgbm", "catboost", "skrub",
)  # fmt: skip
_MODULES = {"scikit-learn": "sklearn"}


def environment() -> dict[str, str]:
    """Python, platform, and the version of every known package that is loaded."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        if _MODULES.get(package, package) in sys.modules:
            try:
                found[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
    return found
