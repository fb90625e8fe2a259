"""Tests wait for what they need (`tests/waiting.py`); none sleeps, and none fails because a machine is slow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLOCKS = {"sleep", "monotonic", "perf_counter", "process_time", "thread_time"}
CLOCKS |= {f"{clock}_ns" for clock in CLOCKS}

# Where time itself is waited out or told, with the reason why `tests/waiting.py` does not do it.
EXCEPTIONS = {
    "waiting.py": "the one place",
    "terminal.py": "a terminal is read while it is waited for",
    "tui_widgets/test_terminal.py": "so is this one",
    "isolation.py": "what is about to end is looked at by itself, after every test",
    "tui/shop.py": "an engine that takes its time, until its test is over",
    "faults/test_day.py": "says how long the day took",
}


def timed(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each call that sleeps or reads a clock to measure with; `sleep(0)` only lets others go on."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value=0)]):
                pass
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr=name)):
                if name in CLOCKS:
                    yield node.lineno, name
            case ast.ImportFrom(module="timeit") | ast.Import(names=[ast.alias(name="timeit")]):
                yield node.lineno, "timeit"


def test_no_test_sleeps_or_measures_time() -> None:
    found = {
        (str(path.relative_to(ROOT)), line, name)
        for path in sorted(ROOT.rglob("*.py"))
        for line, name in timed(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert sorted(one for one in found if one[0] not in EXCEPTIONS) == []
    assert {name for name, *_ in found} == set(EXCEPTIONS), "an exception that nothing needs"


def test_the_search_sees_every_way_to_do_so() -> None:
    seen = timed(
        ast.parse("time.sleep(1)\nawait asyncio.sleep(0)\nsleep(a)\nperf_counter()\nx = time.monotonic_ns() + 1")
    )
    assert [name for _, name in seen] == ["sleep", "sleep", "perf_counter", "monotonic_ns"]
