"""Bytes of models: the same for equal objects, whatever was shared in memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from shopfloor.artifacts.pickling import from_bytes, to_bytes


def copy_of(text: str) -> str:
    return "".join(list(text))


def test_equal_strings_give_equal_bytes() -> None:
    name = "scheduled_departure"
    shared = {"a": [name, name], name: name}
    apart = {"a": [copy_of(name), copy_of(name)], copy_of(name): copy_of(name)}
    assert to_bytes(shared) == to_bytes(apart)
    assert from_bytes(to_bytes(apart)) == shared


def test_arrays_survive() -> None:
    value = {"x": np.arange(6.0).reshape(2, 3), "y": np.array(["a", None], dtype=object)}
    back = from_bytes(to_bytes(value))
    assert np.array_equal(back["x"], value["x"])
    assert back["y"].tolist() == ["a", None]
    assert to_bytes(back) == to_bytes(value)


def test_hash_randomisation_changes_nothing() -> None:
    code = (
        "import hashlib, numpy as np\n"
        "from shopfloor.artifacts.pickling import to_bytes\n"
        "value = {f'k{i}': np.arange(i) for i in range(9)}\n"
        "print(hashlib.sha256(to_bytes(value)).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
