"""Plant small faults in some rooms, one at a time, and see whether the room's tests notice.

    make mutants [ROOM="store formats"] [ARGS="--count 200 --seed 0"]

Works on a copy of the tracked files, so the tree is never touched. The faults are drawn from all those that
cosmic-ray knows to services; the same seed draws the same ones of the same code. The tests of a room run once, to learn
which of them execute which line; then for each fault only those that execute its line, the fastest first. Printed is
each fault that no test noticed, and the share that was noticed.
"""

from __future__ import annotations

import ast
import ctypes
import importlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import cosmic_ray.plugins
import psutil
import pytest
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

from tests_by_line import TestsByLine, measure

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("formats", "store", "runtime", "statistics")
# Rooms that others' tests prove, too.
PROVEN_BY = {"formats": ("formats", "intake"), "runtime": ("runtime", "engine", "watch")}
# Loaded once; each run of tests is a fork of this process.
HEAVY = ("duckdb", "hypothesis", "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model")
# `is` for `==` and back: the operands are nearly always members of an enum, or None.
SILENT = ("Eq_Is", "NotEq_IsNot", "Is_Eq", "IsNot_NotEq")
_PR_SET_CHILD_SUBREAPER = 36


class Outcome(Enum):
    NOTICED = "noticed"
    TIMEOUT = "noticed: the tests did not end"
    SURVIVED = "not noticed"
    UNTESTED = "not noticed: no test executes this line"


@dataclass(frozen=True)
class Fault:
    """A fault of cosmic-ray's, with the lines of its statement; None where importing the file executes it."""

    spec: MutationSpec
    lines: range | None

    def planted(self) -> str | None:
        """The file's text with the fault."""
        return mutate_code(self.spec.module_path.read_text(), self._operator(), self.spec.occurrence)

    def run(self, tests: Callable[[], Outcome]) -> Outcome:
        """The outcome of the tests while the fault is in the file, which never keeps its compiled form."""
        compiled = Path(cache_from_source(str(self.spec.module_path)))
        compiled.unlink(missing_ok=True)
        try:
            with use_mutation(self.spec.module_path, self._operator(), self.spec.occurrence):
                return tests()
        finally:
            compiled.unlink(missing_ok=True)

    def __str__(self) -> str:
        before, after = self.spec.module_path.read_text().splitlines(), str(self.planted()).splitlines()
        changed = [(old, new) for old, new in zip(before, after, strict=False) if old != new][:1]
        path = self.spec.module_path.relative_to(Path.cwd())
        place = f"{path}:{self.spec.start_pos[0]} {self.spec.operator_name.removeprefix('core/')}"
        return "\n".join([place, *(f"  - {old.strip()}\n  + {new.strip()}" for old, new in changed)])

    def _operator(self) -> object:
        return cosmic_ray.plugins.get_operator(self.spec.operator_name)(**self.spec.operator_args)


def main() -> int:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="faults in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=30.0, help="of tests to run for one fault at most")
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    warnings.simplefilter("ignore", SyntaxWarning)  # a fault may compare literals with `is`
    for name in HEAVY:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        _copy(Path(folder))
        os.chdir(folder)
        os.environ["PYTHONPATH"] = f"{folder}/app"
        for room in asked.rooms:
            _room(room, asked, Path(folder))
    return 0


def _copy(folder: Path) -> None:
    """The tracked files, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def _room(room: str, asked: Namespace, folder: Path) -> None:
    source = folder / "app/shopfloor" / room
    measured = folder / f"measured-{room}"
    measured.mkdir()
    tests = [f"tests/{name}" for name in PROVEN_BY.get(room, (room,))]
    started = time.monotonic()
    if _forked(lambda: measure(source, tests, measured), measured / "output") != 0:
        sys.exit(f"{room}: the tests fail without any fault\n{(measured / 'output').read_text()}")
    known = TestsByLine(measured)
    print(f"{room}: {len(known.seconds):,} tests in {time.monotonic() - started:.0f} s", flush=True)
    faults = _faults(source, folder / "faults.sqlite", asked.count // len(asked.rooms), random.Random(asked.seed))
    outcomes = []
    for fault in faults:
        outcomes.append(_outcome(fault, known, asked.seconds, measured / "output"))
        print(f"{outcomes[-1].value}: {fault}", flush=True)
    noticed = sum(outcome in {Outcome.NOTICED, Outcome.TIMEOUT} for outcome in outcomes)
    print(f"{room}: {noticed} of {len(faults)} noticed in {time.monotonic() - started:.0f} s", flush=True)


def _faults(source: Path, database: Path, count: int, chance: random.Random) -> list[Fault]:
    """So many faults of those that can be seen, in the order of the code."""
    with use_db(database, WorkDB.Mode.create) as store:
        init(sorted(source.rglob("*.py")), store, {})
        known = [item.mutations[0] for item in store.work_items]
    known.sort(key=lambda spec: (str(spec.module_path), spec.start_pos, spec.operator_name, spec.occurrence))
    chance.shuffle(known)
    seen = (fault for fault in map(_fault, known) if fault is not None)
    drawn = [fault for fault, _ in zip(seen, range(count), strict=False)]
    return sorted(drawn, key=lambda fault: (str(fault.spec.module_path), fault.spec.start_pos))


def _fault(spec: MutationSpec) -> Fault | None:
    """None for a change that nothing evaluates, and for one that Python cannot read."""
    line, column = spec.start_pos
    bare = spec.module_path.read_text().splitlines()[line - 1][column:].startswith(("*,", "/,"))  # in a signature
    unseen = any(start <= spec.start_pos < end for start, end in _unseen(spec.module_path))
    if spec.operator_name.endswith(SILENT) or bare or unseen:
        return None
    fault = Fault(spec, _statement(spec.module_path, spec.start_pos[0]))
    try:
        compile(fault.planted() or "(", str(spec.module_path), "exec")
    except (SyntaxError, AttributeError):  # cosmic-ray stumbles over `except a.B`
        return None
    return fault


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def _unseen(file: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where a change is none to see: in annotations, which nothing evaluates, in `if TYPE_CHECKING`, and in
    decorators (frozen, slots, a cache: that saves time).
    """
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for parent in ast.walk(_tree(file))
        for node in _silent(parent)
    ]


def _silent(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from node.decorator_list
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        yield node.test
    annotation = getattr(node, "annotation", None), getattr(node, "returns", None)
    yield from (expression for expression in annotation if isinstance(expression, ast.expr))


def _statement(file: Path, line: int) -> range | None:
    """The lines of the innermost statement, of a compound one its head; None outside functions."""
    inside, found = False, range(line, line + 1)
    body: list[ast.stmt] = _tree(file).body
    while node := next((node for node in body if _first(node) <= line <= (node.end_lineno or 0)), None):
        nested = _nested(node)
        head = min((_first(child) for child in nested), default=(node.end_lineno or 0) + 1)
        found = range(node.lineno, max(head, node.lineno + 1))
        inside = inside or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and line >= head)
        body = nested
    return found if inside else None


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _nested(node: ast.stmt) -> list[ast.stmt]:
    """The statements in it, also those of its `except` and `case` branches."""
    children = ast.iter_child_nodes(node)
    flat = (inner for child in children for inner in _branch(child))
    return [child for child in flat if isinstance(child, ast.stmt)]


def _branch(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.ExceptHandler | ast.match_case):
        yield from node.body
    else:
        yield node


def _outcome(fault: Fault, known: TestsByLine, seconds: float, output: Path) -> Outcome:
    """Of the tests that execute the fault: the fastest that fit into these seconds, at least one."""
    tests = known.of(fault.spec.module_path, fault.lines)
    chosen = [test for index, test in enumerate(tests) if not index or (seconds := seconds - known.seconds[test]) > 0]
    if not chosen:
        return Outcome.UNTESTED
    limit = 60.0 + 10 * sum(known.seconds[test] for test in chosen)
    code = fault.run(lambda: _forked(lambda: pytest.main(["-x", "-p", "no:cacheprovider", *chosen]), output, limit))
    return {0: Outcome.SURVIVED, None: Outcome.TIMEOUT}.get(code, Outcome.NOTICED)


def _forked(run: Callable[[], int], output: Path, limit: float | None = None) -> int | None:
    """What it returns in a process of its own; None if that takes longer than so many seconds."""
    child = os.fork()
    if not child:
        os.setsid()
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os._exit(_flushed(run))
    try:
        return psutil.Process(child).wait(limit)
    except psutil.TimeoutExpired:
        return None
    finally:
        # What the tests left running, engines too: an orphan becomes a child of this process.
        while left := psutil.Process().children(recursive=True):
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left)


def _flushed(run: Callable[[], int]) -> int:
    try:
        return int(run())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
