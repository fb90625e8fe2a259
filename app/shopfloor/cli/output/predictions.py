"""Predictions as JSON: a file of them read back with the types that its columns have."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

_NUMBERS = "probability_"


def as_objects(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV file of predictions; what is missing is None.

    A class stays text whatever it looks like; without classes the prediction is a number.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        names = reader.fieldnames or ()
        classes = any(name.startswith(_NUMBERS) for name in names)
        return [{name: _value(name, row[name], classes=classes) for name in names} for row in reader]


def _value(name: str, text: str, *, classes: bool) -> str | int | float | None:
    if not text:
        return None
    if name == "model_version":
        return int(text)
    if name.startswith(_NUMBERS) or (name == "prediction" and not classes):
        return float(text)
    return text
