"""Plant small faults in some rooms, one at a time, and see whether the room's tests notice.

    make mutants [ROOM="store formats"] [ARGS="--count 200 --seed 0"]

Works on a copy of the tracked files, so the tree is never touched. The faults are drawn from all those that
cosmic-ray knows to services; the same seed draws the same ones of the same code. Printed is each fault that no test
noticed, and the share that was noticed. Takes as many runs of the rooms' tests as there are faults: hours.
"""

from __future__ import annotations

import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("formats", "store", "runtime", "statistics")
# Rooms that others' tests prove.
PROVEN_BY = {"runtime": ("engine", "watch")}
# In this code `|` is nearly always between types, in annotations that nothing evaluates.
SILENT = "core/ReplaceBinaryOperator_BitOr_"
CONFIG = """
[cosmic-ray]
module-path = "app/shopfloor/{room}"
timeout = {timeout}
excluded-modules = []
test-command = {command!r}
[cosmic-ray.distributor]
name = "local"
"""


def main() -> int:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="faults in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", default=str(ROOT / ".venv/bin/python"), help="runs the tests")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds of one run of a room's tests")
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shopfloor-mutants-") as folder:
        _copy(Path(folder))
        for room in asked.rooms:
            command = shlex.join(
                [asked.python, "-m", "pytest", "-x", "--tb=line", "-p", "no:cacheprovider", *_tests(room)]
            )
            config = Path(folder) / f"{room}.toml"
            config.write_text(CONFIG.format(room=room, timeout=asked.timeout, command=command))
            _plant(config, asked.count // len(asked.rooms), random.Random(asked.seed))
    return 0


def _copy(folder: Path) -> None:
    """The tracked files, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def _tests(room: str) -> list[str]:
    return [f"tests/{name}" for name in PROVEN_BY.get(room, (room,))]


def _plant(config: Path, count: int, chance: random.Random) -> None:
    session = config.with_suffix(".sqlite")
    run = [str(Path(sys.executable).with_name("cosmic-ray"))]
    subprocess.run([*run, "baseline", config.name], cwd=config.parent, check=True)
    subprocess.run([*run, "init", config.name, session.name], cwd=config.parent, check=True)
    with use_db(session, WorkDB.Mode.open) as faults:
        known = [item for item in faults.work_items if not item.mutations[0].operator_name.startswith(SILENT)]
        chosen = sorted(
            chance.sample(known, min(count, len(known))), key=lambda item: str(item.mutations[0].module_path)
        )
        faults.clear()
        faults.add_work_items(chosen)
    print(f"{config.stem}: {len(chosen)} of {len(known):,} faults", flush=True)
    subprocess.run([*run, "exec", config.name, session.name], cwd=config.parent, check=True)
    with use_db(session, WorkDB.Mode.open) as faults:
        unnoticed = [result for _, result in faults.results if result.test_outcome is TestOutcome.SURVIVED]
    for result in unnoticed:
        print(result.diff)
    print(f"{config.stem}: {len(chosen) - len(unnoticed)} of {len(chosen)} noticed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
