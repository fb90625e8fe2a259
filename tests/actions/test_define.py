"""Settings of a definition, from text."""

from __future__ import annotations

import msgspec
import pytest

from shopfloor.actions.define import SETTINGS, revise
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import UsageError

BASE = ModelDefinition(name="late", dataset="flights", target="late", time="at")

TEXTS = {
    "task": "Multiclass", "time": "day", "id": "flight", "positive": "yes", "segment_by": "origin,carrier",
    "exclude": "tail", "features": "a,b", "known_before": "a",
    "candidates": "linear,recipes/x.py:build", "metric": "f1",
    "split": "time", "holdout": "0.3", "window_days": "30", "budget": "12.5", "seed": "7",
    "min_rows": "10", "min_new_rows": "5", "cooldown": "0.5", "release": "approval",
    "min_labelled_rows": "3", "schedule": "0 3 * * 1", "timezone": "Europe/Berlin",
    "stale_days": "30", "retrain": "ask",
    "approvals": "2", "min_gain": "0.01", "margin": "0.02", "refresh_days": "9", "value_unit": "EUR",
    "value_tp": "4", "value_fp": "-1", "value_tn": "0.5", "value_fn": "-3", "value_error": "-0.1",
    "threshold": "0.4",
}  # fmt: skip


def test_every_setting_lands_where_it_belongs_and_nowhere_else() -> None:
    assert set(TEXTS) == {setting.name for setting in SETTINGS}
    plain = msgspec.to_builtins(revise(BASE, TEXTS))
    for setting in SETTINGS:
        section = plain[setting.section] if setting.section else plain
        expected = setting.read(TEXTS[setting.name])
        assert section[setting.attribute] == msgspec.to_builtins(expected), setting.name
        changed = revise(BASE, {setting.name: TEXTS[setting.name]})
        assert changed != BASE, setting.name
        assert (changed.name, changed.dataset, changed.target) == ("late", "flights", "late")


def test_settings_are_unique_and_cover_one_place_each() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert len({(setting.section, setting.attribute) for setting in SETTINGS}) == len(SETTINGS)


def test_what_is_not_given_stays() -> None:
    assert revise(BASE, {}) == BASE
    once = revise(BASE, {"seed": "3", "value_tp": "1"})
    twice = revise(once, {"value_fp": "-1"})
    assert twice.training.seed == 3
    assert twice.value is not None
    assert (twice.value.true_positive, twice.value.false_positive) == (1.0, -1.0)


def test_an_empty_text_clears_a_column() -> None:
    assert revise(BASE, {"time": " "}).time is None
    assert revise(BASE, {"task": ""}).task is None
    assert revise(BASE, {"task": "binary"}).task is Task.BINARY


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("task", "regresion"),
        ("seed", "-1"),
        ("seed", "9" * 19),
        ("seed", "1.5"),
        ("holdout", "much"),
        ("holdout", "nan"),
        ("budget", "inf"),
        ("split", ""),
        ("release", "yes"),
    ],
)
def test_unusable_texts_are_refused(setting: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        revise(BASE, {setting: text})
    assert repr(text) in caught.value.message


def test_a_mistyped_choice_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        revise(BASE, {"task": "regresion"})
    assert "'regression'" in caught.value.hint
