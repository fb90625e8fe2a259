"""Numbers, looks and explanations."""

from __future__ import annotations

import subprocess
import sys

from tests.release.test_gate import BETTER, SAME, WORSE, decide
from tests.release.worlds import binary_pair

from shopfloor.domain.definition import Release, ReleasePolicy
from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.release.earlier_tests import count_earlier_tests
from shopfloor.release.explain import why, why_not
from shopfloor.statistics.alpha_spending import alpha_spending


def test_looks_that_tested_this_champion_are_counted() -> None:
    decisions = [decide(*SAME), decide(*SAME), decide(*binary_pair(1, 50)), decide(*SAME, champion_version=7)]
    assert count_earlier_tests(decisions, 1) == 2  # 50 rows tested nothing
    assert count_earlier_tests(decisions, 7) == 1
    assert count_earlier_tests(decisions, None) == 0
    assert alpha_spending(0.05, -3) == alpha_spending(0.05, 0) < 0.05


def test_why_names_outcome_scores_and_every_check() -> None:
    decision = decide(*BETTER)
    lines = why(decision)
    assert lines[0].startswith("Promoted: AUC 0.8")
    assert lines[1].startswith("roc_auc 0.8")
    assert ", champion v1 0." in lines[1]
    for check in decision.checks:
        assert any(line[0] in "✓✗?" and f" {check.code}" in line for line in lines)
    assert why_not(decision) == []


def test_why_not_says_what_would_help() -> None:
    assert why_not(decide(*binary_pair(1, 50)))[0] == "→ rows: Deliver more rows, or lower release.min_rows."
    assert any(line.startswith("→ better") for line in why_not(decide(*SAME)))
    assert any(line.startswith("✗ better") for line in why(decide(*WORSE)))
    waits = decide(*BETTER, release=Release(policy=ReleasePolicy.APPROVAL))
    assert why_not(waits) == ["→ policy: A person decides: approve or promote it."]


def test_every_blocking_check_has_a_remedy() -> None:
    from shopfloor.release.explain import _REMEDIES

    decisions = [decide(*BETTER, row_ms=1.0, artifact_bytes=5), decide(*SAME), decide(binary_pair(1, 500)[0], None)]
    seen = {check.code for one in decisions for check in one.checks if check.blocking}
    assert seen <= set(_REMEDIES)


def test_hostile_text_is_shown_safely() -> None:
    decision = Decision(
        outcome=Outcome.REJECT,
        reason="\x1b[2J\nall well",
        checks=(GateCheck(code="a\tb", passed=None, detail="\u202edetail"),),
        decided_by="\x07eve",
    )
    assert all(line.isprintable() for line in why(decision))


def test_light_modules_stay_light() -> None:
    names = ("records", "aliases", "explain", "earlier_tests")
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
