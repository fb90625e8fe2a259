"""What the room loads."""

from __future__ import annotations

import subprocess
import sys


def test_light_modules_stay_light() -> None:
    names = ("records", "aliases")
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
