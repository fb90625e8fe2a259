"""Earlier tests of a champion, and what the room loads."""

from __future__ import annotations

import subprocess
import sys

from tests.release.test_gate import SAME, decide
from tests.release.worlds import binary_pair

from shopfloor.release.earlier_tests import count_earlier_tests
from shopfloor.statistics.alpha_spending import alpha_spending


def test_looks_that_tested_this_champion_are_counted() -> None:
    decisions = [decide(*SAME), decide(*SAME), decide(*binary_pair(1, 50)), decide(*SAME, champion_version=7)]
    assert count_earlier_tests(decisions, 1) == 2  # 50 rows tested nothing
    assert count_earlier_tests(decisions, 7) == 1
    assert count_earlier_tests(decisions, None) == 0
    assert alpha_spending(0.05, -3) == alpha_spending(0.05, 0) < 0.05


def test_light_modules_stay_light() -> None:
    names = ("records", "aliases", "earlier_tests")
    code = "import sys; " + "; ".join(f"import shopfloor.release.{name}" for name in names)
    code += "; print([one for one in ('numpy', 'pandas', 'scipy', 'sklearn', 'duckdb') if one in sys.modules])"
    path = next(one for one in sys.path if one.endswith("app"))
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_gate_does_not_load_scipy_stats() -> None:
    code = "import sys; import shopfloor.release.gate; print('scipy.stats' in sys.modules, 'sklearn' in sys.modules)"
    path = next(one for one in sys.path if one.endswith("app"))
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False False"
