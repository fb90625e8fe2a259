"""The back-test says what the rule would have said, delivery by delivery."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.monitoring.frames import COLUMNS, DEFINITION, data_part, moment, month, months, reference_of, silent

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.backtest import backtest
from shopfloor.monitoring.delivered import data_name
from shopfloor.monitoring.records import PERFORMANCE, BacktestSpec, Delivery
from shopfloor.statistics import metrics
from shopfloor.workspace.definitions import with_monitoring


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


def dripping(folder: Path, broken: int | None) -> BacktestSpec:
    """The months of `spec` in ten deliveries of 80 rows each, every third day."""
    whole = spec(folder, broken)
    frames = [month(number) for number in range(12)]
    if broken is not None:
        frames[broken]["distance"] = (frames[broken]["distance"] * 1.609).round().astype(int)
    pieces = [frame.iloc[start : start + 80].reset_index(drop=True) for frame in frames for start in range(0, 800, 80)]
    deliveries = [
        Delivery(
            dataset_version=number + 1,
            parts=(data_part(folder, piece),),
            at=piece["at"].max().to_pydatetime().replace(tzinfo=UTC) + timedelta(hours=1),
        )
        for number, piece in enumerate(pieces)
    ]
    return msgspec.structs.replace(whole, deliveries=tuple(deliveries))


def test_a_drip_through_the_seasons_fires_nothing(tmp_path: Path) -> None:
    report = backtest(dripping(tmp_path, None), silent)
    assert report.alerts == 0
    assert not any(one.shifted for one in report.deliveries)


def test_a_break_in_a_drip_is_told_within_its_month(tmp_path: Path) -> None:
    report = backtest(dripping(tmp_path, 9), silent)
    assert report.alerts == 1
    fired = [one for one in report.deliveries if one.fired]
    assert 91 <= fired[0].dataset_version <= 100
    assert fired[0].shifted == ("distance",)


def test_another_rule_is_replayed_beside_todays(tmp_path: Path) -> None:
    lenient = with_monitoring(DEFINITION, ("min_effect=50", "persistence=3,3"), metrics.find)
    report = backtest(msgspec.structs.replace(spec(tmp_path, broken=9), other=lenient), silent)
    assert report.other is not None
    assert (report.alerts, report.other.alerts) == (1, 0)
    assert (report.rule["min_effect"], report.other.rule["min_effect"]) == (DEFINITION.monitoring.min_effect, 50)
    assert list(report.other.rule["persistence"]) == [3, 3]
    alone = backtest(spec(tmp_path, broken=9), silent)
    assert report.deliveries == alone.deliveries
    assert alone.other is None


def test_it_says_how_often_performance_fell_after_it_fired_and_how_often_unannounced(tmp_path: Path) -> None:
    asked = spec(tmp_path, broken=9)

    def measured(number: int, verdict: CheckVerdict) -> CheckResult:
        data = {"data": data_name(asked.deliveries[number].parts), "source": "data"}
        return CheckResult(
            model="m", check=PERFORMANCE, verdict=verdict, value=0.7, evidence=data, at=asked.deliveries[number].at
        )

    known = (
        measured(4, CheckVerdict.SHIFTED),  # nothing fired: the inputs were quiet
        measured(9, CheckVerdict.OK),
        measured(10, CheckVerdict.SHIFTED),  # the delivery after the break
        measured(11, CheckVerdict.UNKNOWN),
    )
    report = backtest(msgspec.structs.replace(asked, performance=known), silent)
    assert [one.fell for one in report.deliveries[8:]] == [None, False, True, None]
    assert (report.fired, report.measured, report.fell, report.missed) == (1, 1, 1, 1)
    assert backtest(asked, silent).measured == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("min_efect=0.2", "unknown key 'min_efect'"),
        ("min_effect=much", "not valid TOML"),
        ("min_rows='ten'", "key 'min_rows' is wrong"),
        ("false_discovery_rate=2", "key 'monitoring.false_discovery_rate' has an invalid value"),
        ("persistence=3,2", "key 'monitoring.persistence' has an invalid value"),
        ("min_effect", "is no setting"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_its_key(given: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        with_monitoring(DEFINITION, (given,), metrics.find)
    assert "--set" in caught.value.message
    assert caught.value.hint


def test_settings_that_are_not_named_stay_as_they_are() -> None:
    mine = msgspec.structs.replace(DEFINITION, monitoring=msgspec.structs.replace(DEFINITION.monitoring, min_rows=7))
    other = with_monitoring(mine, ("monitoring.min_effect=0.5",), metrics.find)
    assert (other.monitoring.min_rows, other.monitoring.min_effect) == (7, 0.5)
