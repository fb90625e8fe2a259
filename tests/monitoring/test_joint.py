"""What no column shows by itself: columns that hang together in another way, and no alarm where they do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.records import MULTIVARIATE_DRIFT, Reference
from shopfloor.monitoring.reference import build_reference
from shopfloor.monitoring.run_checks import check_all

DEFINITION = ModelDefinition(name="m", dataset="d", target="y", task=Task.BINARY)
START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = [f"n{one}" for one in range(12)]
COLUMNS = [Column(name=name, type=ColumnType.NUMBER) for name in NUMBERS] + [Column(name="kind", type=ColumnType.TEXT)]
Rng = np.random.Generator


def rows(count: int, rng: Rng, *, together: float = 0.6, by_kind: float = 0.0) -> pd.DataFrame:
    """`n0` and `n1` go together; with `by_kind` the kind follows `n2`. No column ever looks different by itself."""
    values = rng.normal(size=(count, len(NUMBERS)))
    values[:, 1] = together * values[:, 0] + np.sqrt(1 - together**2) * values[:, 1]
    frame = pd.DataFrame(np.exp(values / 2), columns=NUMBERS)
    mixed = by_kind * values[:, 2] + np.sqrt(1 - by_kind**2) * rng.normal(size=count)
    return frame.assign(kind=np.where(mixed > 0.5, "x", "y").astype(object))


def learned(rng: Rng) -> Reference:
    reference = build_reference(
        rows(4000, rng), COLUMNS, model="m", task=Task.BINARY, metric="roc_auc", created_at=START
    )
    return from_json(to_json(reference), Reference)


def checked(reference: Reference, frame: pd.DataFrame, history: list[CheckResult] | None = None) -> list[CheckResult]:
    at = START + timedelta(days=1 + len(history or ()))
    return check_all(
        CheckContext(
            definition=DEFINITION,
            model_version=1,
            reference=reference,
            at=at,
            history=history or [],
            rows=InputRows(data=str(at), moment=at, frame=frame),
        )
    )


def joint(results: list[CheckResult]) -> CheckResult:
    (result,) = [one for one in results if one.check == MULTIVARIATE_DRIFT]
    return result


def test_of_deliveries_without_a_change_hardly_any_is_called_changed() -> None:
    """None of 200 looks was (simulated), and one alone opens no alert."""
    rng = np.random.default_rng(1)
    reference = learned(rng)
    found = [joint(checked(reference, rows(count, rng))).verdict for count in (200, 500, 1000, 2000, 5000) * 3]
    assert found.count(CheckVerdict.SHIFTED) <= 1


@pytest.mark.parametrize(("change", "pair"), [({"together": 0.0}, {"n0", "n1"}), ({"by_kind": 0.7}, {"n2", "kind"})])
def test_a_joint_that_moves_is_found_and_named_where_no_column_does(change: dict[str, float], pair: set[str]) -> None:
    rng = np.random.default_rng(2)
    results = checked(learned(rng), rows(1000, rng, **change))
    assert [one.feature or one.check for one in results if one.verdict is CheckVerdict.SHIFTED] == [MULTIVARIATE_DRIFT]
    result = joint(results)
    assert set(result.evidence["pairs"][0]) == pair
    assert all(name in result.message for name in pair)
    low, high = result.evidence["interval"]
    assert result.value is not None
    assert low < result.value < high


def test_columns_that_were_mixed_up_ring_at_once() -> None:
    rng = np.random.default_rng(3)
    reference = learned(rng)
    frame = rows(2000, rng, together=0.0)
    frame["n1"] = 1 / frame["n0"]
    results = checked(reference, frame)
    (alert,) = fold([], results, [], DEFINITION, results[0].at).opened
    assert (alert.check, alert.severity) == (MULTIVARIATE_DRIFT, "warning")
    assert "mixed up" in alert.cause
    assert "retrain" not in alert.actions


def test_a_column_that_moves_by_itself_is_no_matter_of_its_combinations() -> None:
    rng = np.random.default_rng(4)
    frame = rows(2000, rng)
    results = checked(learned(rng), frame.assign(n0=frame["n0"] * 3 + 1))
    assert joint(results).verdict is CheckVerdict.OK
    assert {one.feature for one in results if one.verdict is CheckVerdict.SHIFTED} == {"n0"}


def test_few_rows_cannot_tell() -> None:
    rng = np.random.default_rng(5)
    result = joint(checked(learned(rng), rows(60, rng)))
    assert result.verdict is CheckVerdict.UNKNOWN
    assert "too few" in result.message


def test_a_version_of_before_is_not_asked() -> None:
    rng = np.random.default_rng(6)
    old = from_json(to_json(learned(rng)).replace(b'"joint"', b'"before"'), Reference)
    assert MULTIVARIATE_DRIFT not in {one.check for one in checked(old, rows(500, rng))}
