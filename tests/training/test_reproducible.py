"""Same version, definition and seed: the same bytes, in any process and with any number of threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.training.samples import deliveries, spec

from shopfloor.domain.codec import to_json

PROGRAM = """
import hashlib, sys
from shopfloor.artifacts.pickling import to_bytes
from shopfloor.domain.codec import from_json
from shopfloor.training.records import TrainSpec
from shopfloor.training.train import train

for line in sys.stdin.buffer.read().splitlines():
    trained = train(from_json(line, TrainSpec), lambda share, stage: None)
    print(trained.record.chosen, hashlib.sha256(to_bytes(trained.model)).hexdigest())
"""


def run(lines: list[bytes], hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=b"\n".join(lines),
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().splitlines()


def test_two_processes_make_the_same_artifact(tmp_path: Path) -> None:
    frame = deliveries(1500)
    frame["note"] = [f"parcel for street {k % 97} floor {k % 5} door {k % 3}" for k in range(1500)]
    frame["product"] = [f"p{k * 7 % 211}" for k in range(1500)]
    from tests.training.samples import COLUMNS

    from shopfloor.domain.columns import Column, ColumnType

    columns = (*COLUMNS, *(Column(name=name, type=ColumnType.TEXT) for name in ("note", "product")))
    several = [
        to_json(spec(frame, tmp_path, columns, {"candidates": (name,)}, {"workers": workers}, segment_by=segments))
        for name, segments in (("linear", ()), ("boosting", ()), ("linear", ("shop",)))
        for workers in (1, 2)
    ]
    first, second = run(several, "1"), run(several[::-1], "2")[::-1]
    assert first == second
    assert first[0::2] == first[1::2]
    assert len(set(first)) == 3
