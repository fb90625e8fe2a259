"""A whole run: parts on disk in, results out."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from tests.monitoring.frames import (
    COLUMNS,
    DEFINITION,
    actuals_part,
    answers_of,
    data_part,
    inference_part,
    moment,
    month,
    months,
    reference_of,
    shifted,
    silent,
)

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.definition import Monitoring, Task
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.records import MULTIVARIATE_DRIFT, CheckReport, CheckSpec
from shopfloor.monitoring.run_checks import run_checks


@pytest.fixture(scope="module")
def reference_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("artifact") / "reference.json"
    path.write_bytes(to_json(reference_of(months(range(8)), holdout=months(range(4, 8)))))
    return str(path)


def spec(reference_path: str, **fields: Any) -> CheckSpec:
    given: dict[str, Any] = {
        "definition": DEFINITION,
        "model_version": 1,
        "task": Task.BINARY,
        "metric": "roc_auc",
        "positive": "yes",
        "classes": ("no", "yes"),
        "reference_path": reference_path,
        "columns": COLUMNS,
        "now": moment(9),
    }
    return CheckSpec(**{**given, **fields})


def of(result: CheckReport, check: str) -> list[CheckResult]:
    return [one for one in result.results if one.check == check]


def test_a_row_that_is_asked_for_again_is_one_row(tmp_path: Path, reference_path: str) -> None:
    """100 rows, of which each is asked for 20 times, are no 2,000 rows: chance would look like drift."""
    frame = month(8, rows=100, seed=3)
    for name, rows in (("once", frame), ("again", pd.concat([frame] * 20))):
        (tmp_path / name).mkdir()
        logged = inference_part(tmp_path / name, rows, answers_of(frame).loc[rows.index])
        result = run_checks(spec(reference_path, inference=(logged,)), silent)
        assert (result.source, result.rows) == ("inference", 100)
        assert shifted(result.results) == set()


def test_a_delivery_is_checked_feature_by_feature(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    shares: list[float] = []
    report = spec(reference_path, data=(data_part(tmp_path, frame),))
    result = run_checks(report, lambda share, stage: shares.append(share))
    assert (result.source, result.rows) == ("data", 800)
    assert shifted(result.results) == set()
    assert {one.feature for one in of(result, "feature_drift")} == {
        "temp",
        "distance",
        "delay",
        "noise",
        "carrier",
        "tail",
        "open",
    }
    assert [one.feature for one in of(result, "missing_share")] == ["noise"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert from_json(to_json(result), CheckReport) == result
    broken = data_part(tmp_path, frame.assign(distance=(frame["distance"] * 1.609).round().astype(int)))
    assert shifted(run_checks(spec(reference_path, data=(broken,)), silent).results) == {"distance"}


def test_several_parts_are_one_delivery(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    two = (data_part(tmp_path, frame[:300]), data_part(tmp_path, frame[300:].assign(carrier="UA")))
    result = run_checks(spec(reference_path, data=two), silent)
    assert result.rows == 800
    assert shifted(result.results) - {MULTIVARIATE_DRIFT} == {"carrier"}  # and with it what hung on the carrier


def test_a_damaged_part_is_refused(tmp_path: Path, reference_path: str) -> None:
    part = data_part(tmp_path, month(8))
    other = data_part(tmp_path, month(9))
    with pytest.raises(IntegrityError):
        run_checks(spec(reference_path, data=(msgspec.structs.replace(part, sha256=other.sha256),)), silent)
    with pytest.raises(IntegrityError, match="reference"):
        run_checks(spec(str(tmp_path / "absent.json"), data=(part,)), silent)
    (tmp_path / "reference.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match="reference"):
        run_checks(spec(str(tmp_path / "reference.json"), data=(part,)), silent)


def test_the_log_is_checked_when_there_is_no_delivery(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    part = inference_part(tmp_path, frame.assign(carrier="UA"), answers_of(frame))
    result = run_checks(spec(reference_path, inference=(part,)), silent)
    assert (result.source, result.rows) == ("inference", 800)
    assert shifted(result.results) == {"carrier"}
    assert len(of(result, "prediction_drift")) == 1
    (score,) = of(result, "performance")
    assert score.verdict is CheckVerdict.UNKNOWN
    assert "0 of 800 predictions" in score.message


def test_actuals_make_the_performance_known(tmp_path: Path, reference_path: str) -> None:
    frame = months([8, 9], rows=1500)
    part = inference_part(tmp_path, frame, answers_of(frame))
    known = frame[:2400]
    truth = actuals_part(tmp_path, [*known["id"], "nobody"], [*known["late"], "no"], moment(10))
    result = run_checks(spec(reference_path, inference=(part,), actuals=(truth,), window=(moment(7), None)), silent)
    (score,) = of(result, "performance")
    assert score.verdict is CheckVerdict.OK
    assert (result.joined.matched, result.joined.orphans, result.live_rows) == (2400, 1, 2400)
    assert result.live_score == score.value
    assert (result.live_known, result.live_of) == (2400, 3000)
    assert score.evidence["maturity"] == pytest.approx(0.8)
    assert any("1 actual belongs to no prediction" in note for note in result.notes)


def test_the_first_actuals_are_no_verdict_where_they_are_of_one_sort(tmp_path: Path, reference_path: str) -> None:
    """The doubtful ones come first, as short durations do: their score says nothing of the others."""
    known = months([8, 9])
    answers = answers_of(known)
    doubtful = np.argsort(np.abs(answers["probability_yes"].to_numpy() - 0.5), kind="stable")[:400]
    logged = inference_part(tmp_path, known, answers)

    def judged(rows: np.ndarray) -> CheckResult:
        chosen = known.iloc[rows]
        truth = actuals_part(tmp_path, list(chosen["id"]), list(chosen["late"]), moment(11))
        (performance,) = of(
            run_checks(spec(reference_path, inference=(logged,), actuals=(truth,)), silent), "performance"
        )
        return performance

    early = judged(doubtful)
    assert early.verdict is CheckVerdict.UNKNOWN
    assert "25 % (400 of 1,600) of the predictions have actuals yet" in early.message
    assert "of another sort than the rest" in early.message
    assert judged(np.arange(0, 1600, 4)).verdict is CheckVerdict.OK


def test_a_labelled_delivery_is_truth_too(tmp_path: Path, reference_path: str) -> None:
    """Predicted first, delivered with the target later: no actuals file is needed."""
    frame = month(8, rows=2000)
    part = inference_part(tmp_path, frame, answers_of(frame))
    result = run_checks(spec(reference_path, data=(data_part(tmp_path, frame),), inference=(part,)), silent)
    assert result.joined.matched == 2000
    assert of(result, "performance")[0].verdict is not CheckVerdict.UNKNOWN


def test_the_stored_answer_is_judged_and_not_a_new_one(tmp_path: Path, reference_path: str) -> None:
    frame = month(8, rows=2000)
    stored = answers_of(frame)
    upside_down = stored.assign(probability_yes=stored["probability_no"], probability_no=stored["probability_yes"])
    part = inference_part(tmp_path, frame, upside_down)
    result = run_checks(spec(reference_path, data=(data_part(tmp_path, frame),), inference=(part,)), silent)
    assert result.live_score is not None
    assert result.live_score < 0.5
    assert of(result, "performance")[0].verdict is CheckVerdict.SHIFTED


def test_without_a_window_the_newest_outcomes_count(tmp_path: Path, reference_path: str) -> None:
    """Three good months must not hide a bad one."""
    old, new = months([8, 9, 10], rows=2000), month(11, rows=4000)
    rng = np.random.default_rng(0)
    parts = (
        inference_part(tmp_path, old, answers_of(old), at=moment(10)),
        inference_part(tmp_path, new, answers_of(new), at=moment(11)),
    )
    truth = (
        actuals_part(tmp_path, list(old["id"]), list(old["late"]), moment(11)),
        actuals_part(tmp_path, list(new["id"]), list(rng.permutation(new["late"].to_numpy())), moment(12)),
    )
    result = run_checks(spec(reference_path, inference=parts, actuals=truth, now=moment(12)), silent)
    assert result.live_rows == 3200  # as many as the holdout had
    assert of(result, "performance")[0].verdict is CheckVerdict.SHIFTED
    assert any("newest 3,200" in note for note in result.notes)


def test_without_a_window_drift_is_that_of_what_came_since_the_last_run(tmp_path: Path, reference_path: str) -> None:
    first, second = month(8, rows=3000), month(9, rows=1500).assign(carrier="UA")
    parts = [inference_part(tmp_path, first, answers_of(first), at=moment(8))]
    report = run_checks(spec(reference_path, inference=tuple(parts)), silent)
    assert report.rows == 3000
    parts.append(inference_part(tmp_path, second, answers_of(second), at=moment(9)))
    again = run_checks(spec(reference_path, inference=tuple(parts), history=report.results, now=moment(10)), silent)
    assert again.rows == 1500
    assert shifted(of(again, "feature_drift")) == {"carrier"}


def test_checking_again_without_new_rows_does_not_confirm_anything(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    part = inference_part(tmp_path, frame.assign(noise=frame["noise"] + 0.4), answers_of(frame))
    history: tuple[CheckResult, ...] = ()
    found = []
    for minute in range(4):
        now = moment(9) + timedelta(minutes=minute)
        results = run_checks(spec(reference_path, inference=(part,), history=history, now=now), silent).results
        found.append(shifted(results))
        assert fold([], results, history, DEFINITION, now).opened == ()
        history += results
    assert found == [{"noise"}, set(), set(), set()]


def _daily(folder: Path, reference_path: str, frames: list[pd.DataFrame]) -> list[tuple[int, set[str], bool]]:
    """Rows, what has shifted, and whether an alert opens, of a look after each file of predictions."""
    parts: list[str] = []
    history: tuple[CheckResult, ...] = ()
    looks = []
    for day, frame in enumerate(frames):
        at = moment(8) + timedelta(days=day)
        parts.append(inference_part(folder, frame.assign(id=frame["id"] + f"/{day}"), answers_of(frame), at=at))
        report = run_checks(spec(reference_path, inference=tuple(parts), history=history, now=at), silent)
        opened = fold([], report.results, history, DEFINITION, at).opened
        looks.append((report.rows, shifted(report.results), bool(opened)))
        history += report.results
    return looks


def test_a_small_file_after_a_sorted_large_one_is_judged_by_itself(tmp_path: Path, reference_path: str) -> None:
    large = month(8, rows=3000).sort_values("distance", ignore_index=True)
    looks = _daily(tmp_path, reference_path, [large, month(8, rows=200, seed=2)])
    assert looks[1] == (200, set(), False)


def test_a_jump_in_small_daily_files_is_no_trend(tmp_path: Path, reference_path: str) -> None:
    usual = [month(8, rows=150, seed=seed) for seed in range(3)]
    jumped = [frame.assign(distance=frame["distance"] + 700) for frame in (month(8, rows=150, seed=9),) * 3]
    looks = _daily(tmp_path, reference_path, [*usual, *jumped])
    assert [rows for rows, _, _ in looks] == [150] * 6
    assert [opened for *_, opened in looks[:3]] == [False] * 3
    assert any(opened for *_, opened in looks[3:5]), looks


def test_too_few_predictions_are_looked_at_again_with_those_that_follow(tmp_path: Path, reference_path: str) -> None:
    looks = _daily(tmp_path, reference_path, [month(8, rows=40, seed=seed) for seed in range(4)])
    assert [rows for rows, _, _ in looks] == [40, 80, 120, 40]


def test_settings_switch_checks_off(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    part = inference_part(tmp_path, frame, answers_of(frame))
    given = {"data": (data_part(tmp_path, frame),), "inference": (part,)}
    no_drift = msgspec.structs.replace(DEFINITION, monitoring=Monitoring(drift=False))
    no_score = msgspec.structs.replace(DEFINITION, monitoring=Monitoring(performance=False))
    drift, score = (
        {one.check for one in run_checks(spec(reference_path, definition=one, **given), silent).results}
        for one in (no_score, no_drift)
    )
    everything = {one.check for one in run_checks(spec(reference_path, **given), silent).results}
    assert score == {"calibration", "performance", "labelled_share"}
    assert drift == everything - score


def test_other_versions_predictions_do_not_count(tmp_path: Path, reference_path: str) -> None:
    frame = month(8)
    part = inference_part(tmp_path, frame, answers_of(frame), version=2)
    assert run_checks(spec(reference_path, inference=(part,)), silent).results == ()


LIGHT = """
import sys
import shopfloor.monitoring.alerts, shopfloor.monitoring.records
heavy = {"numpy", "scipy", "pandas", "pyarrow", "sklearn", "duckdb"} & set(sys.modules)
sys.exit(f"loaded {sorted(heavy)}" if heavy else 0)
"""


def loaded(code: str) -> str:
    """What a fresh interpreter complains about."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    return "" if done.returncode == 0 else done.stderr or "failed"


def test_records_and_alert_rules_load_no_heavy_library() -> None:
    assert loaded(LIGHT) == ""


def test_a_run_of_drift_loads_neither_scikit_learn_nor_scipy_stats() -> None:
    """They take seconds to load; special functions are all that drift needs."""
    code = (
        "import sys, shopfloor.monitoring.run_checks, shopfloor.monitoring.backtest\n"
        "sys.exit(len({'scipy.stats', 'sklearn'} & set(sys.modules)))"
    )
    assert loaded(code) == ""
