"""The table of faults names every case once, and tests that exist and run where it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CASES = {"C": 15, "D": 10, "I": 18, "P": 12, "T": 5, "R": 8, "S": 16}
_ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall((ROOT / "docs/faults.md").read_text())


def _tests(path: str) -> dict[str, str]:
    """Tests of a file by name, with the source of their decorators; a state machine is a value with that name."""
    found = {}
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = " ".join(map(ast.unparse, node.decorator_list))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = "given"
    return found


def test_every_case_is_in_the_table_once() -> None:
    wanted = [f"{group}{number}" for group, count in _CASES.items() for number in range(1, count + 1)]
    assert [case for case, *_ in _rows()] == wanted


def test_every_case_has_a_test_that_runs_where_the_table_says() -> None:
    wrong = []
    for case, _, tests, where in _rows():
        named = _TEST.findall(tests)
        known = [_tests(path).get(name) if (ROOT / path).is_file() else None for path, name in named]
        if not named or None in known:
            wrong.append(f"{case}: {named} are not all there")
            continue
        longer = any("soak" in found or "given" in found for found in known if found is not None)
        only = all("not SOAK" in found for found in known if found is not None)
        if ("make soak" in where) is not longer or ("make test" in where) is only:
            wrong.append(f"{case}: {where}")
    assert not wrong, "\n".join(wrong)
