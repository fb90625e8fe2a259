"""A training that lasts until its test has seen enough of it."""

from __future__ import annotations

from pathlib import Path

WAITING = "recipes/waiting.py:build"

_CODE = """
import pathlib, time
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier


def build(*a, **k):
    print('the recipe waits', flush=True)
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.05)
    encoder = OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=-1)
    return make_pipeline(encoder, DecisionTreeClassifier(max_depth=8))
"""


def write_waiting_recipe(root: Path) -> Path:
    """Writes the recipe `WAITING`; it goes on as soon as the file that is returned exists."""
    go = root / "go"
    file = root / WAITING.partition(":")[0]
    file.parent.mkdir(exist_ok=True)
    file.write_text(_CODE.format(go=str(go)))
    return go
