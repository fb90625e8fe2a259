"""The back-test says what the rule would have said, delivery by delivery."""

from __future__ import annotations

from pathlib import Path

from tests.monitoring.frames import COLUMNS, DEFINITION, data_part, moment, month, months, reference_of, silent

from shopfloor.domain.codec import to_json
from shopfloor.monitoring.backtest import backtest
from shopfloor.monitoring.records import BacktestSpec, Delivery


def spec(folder: Path, broken: int | None = None, learnt: int = 8, rows: int = 800) -> BacktestSpec:
    """Twelve monthly deliveries, the one of month `broken` in kilometres; `learnt` months are known."""
    frames = [month(number, rows=rows) for number in range(12)]
    if broken is not None:
        frames[broken] = frames[broken].assign(distance=(frames[broken]["distance"] * 1.609).round().astype(int))
    known = months(range(learnt))
    if broken is not None and broken < learnt:
        known = known.assign(
            distance=known["distance"]
            .where(known["at"].dt.month != broken + 1, (known["distance"] * 1.609).round())
            .astype(int)
        )
    path = folder / "reference.json"
    path.write_bytes(to_json(reference_of(known)))
    deliveries = [
        Delivery(dataset_version=number + 1, parts=(data_part(folder, frame),), at=moment(number + 1))
        for number, frame in enumerate(frames)
    ]
    return BacktestSpec(
        definition=DEFINITION, model_version=3, reference_path=str(path), columns=COLUMNS, deliveries=tuple(deliveries)
    )


def test_quiet_deliveries_fire_nothing(tmp_path: Path) -> None:
    shares: list[float] = []
    report = backtest(spec(tmp_path), lambda share, stage: shares.append(share))
    assert (report.model, report.model_version, report.alerts) == ("m", 3, 0)
    assert [one.dataset_version for one in report.deliveries] == list(range(1, 13))
    assert all(one.rows == 800 for one in report.deliveries)
    assert not any(one.fired for one in report.deliveries)
    assert shares[-1] == 1


def test_a_break_after_training_fires_once(tmp_path: Path) -> None:
    report = backtest(spec(tmp_path, broken=9), silent)
    assert report.alerts == 1
    assert [one.dataset_version for one in report.deliveries if one.fired] == [10]
    assert report.deliveries[9].shifted == ("distance",)


def test_a_break_that_training_has_learnt_fires_too(tmp_path: Path) -> None:
    """A delivery from within the reference is compared with what came before it, not with itself."""
    report = backtest(spec(tmp_path, broken=5), silent)
    assert "distance" in report.deliveries[5].shifted
    assert report.deliveries[5].fired
    assert report.alerts == 1


def test_small_deliveries_fire_nothing(tmp_path: Path) -> None:
    report = backtest(spec(tmp_path, broken=9, learnt=8, rows=60), silent)
    assert report.alerts == 0
    assert not any(one.shifted for one in report.deliveries)
