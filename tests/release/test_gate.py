from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from tests.release.worlds import (
    NOW,
    binary,
    binary_pair,
    features,
    predictions,
    regression,
    regression_pair,
    spec,
    truth,
)

from shopfloor.artifacts.manifest import FeatureField
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import ModelDefinition, Release, ReleasePolicy, Split, Task, Value
from shopfloor.domain.errors import DataError, UsageError
from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.release import gate
from shopfloor.release.checks import beats_champion
from shopfloor.release.gate import after_test, judge
from shopfloor.release.input_compatibility import changed_inputs
from shopfloor.release.leakage import is_copy
from shopfloor.statistics.block_test import BlockGain, over_blocks
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions


def decide(
    challenger: Predictions,
    champion: Predictions | None,
    frame: pd.DataFrame | None = None,
    fresher: Comparison | None = None,
    **changes: Any,
) -> Decision:
    if champion is None:
        changes.setdefault("champion_version", None)
    if not challenger.task.classification:
        changes.setdefault("task", Task.REGRESSION)
        changes.setdefault("metric", "neg_mean_absolute_error")
    return judge(
        spec(**changes),
        features(1, len(challenger)) if frame is None else frame,
        truth(challenger),
        predictions(challenger),
        None if champion is None else predictions(champion),
        fresher=fresher,
    )


def check(decision: Decision, code: str) -> GateCheck:
    return next(one for one in decision.checks if one.code == code)


def codes(decision: Decision) -> set[str]:
    return {one.code for one in decision.checks}


BETTER = binary_pair(1, 4000, better=0.2)
SAME = binary_pair(1, 4000)
BARELY = binary_pair(3, 4000, better=0.012, rho=0.9995)
WORSE = BETTER[::-1]


def test_an_input_of_another_type_waits_for_a_person_even_where_the_gate_may_promote() -> None:
    decision = decide(*BETTER, changed_inputs=("'x' is text, was integer",))
    assert decision.outcome is Outcome.AWAIT_APPROVAL
    assert "callers of champion v1 would have to change what they send: 'x' is text, was integer" in decision.reason
    assert check(decision, "inputs").passed is None
    assert decide(*SAME, changed_inputs=("'x' is text, was integer",)).outcome is Outcome.HOLD
    assert "inputs" not in codes(decide(*BETTER))


def _fresher(gain: float, error: float = 0.002) -> Comparison:
    """Newer rows against none, over five blocks."""
    blocks = [BlockGain(gain + error * place, error, 400, "row") for place in (-1, -0.5, 0, 0.5, 1)]
    return over_blocks(blocks, 0.05)


@pytest.mark.parametrize(
    ("fresher", "outcome", "passed"),
    [
        (None, Outcome.PROMOTE, True),
        (_fresher(0.004), Outcome.PROMOTE, True),
        (_fresher(-0.003), Outcome.PROMOTE, True),  # shown, and less than the margin
        (_fresher(-0.02, 0.05), Outcome.PROMOTE, True),  # more than the margin, and not shown
        (_fresher(-0.02), Outcome.HOLD, False),
    ],
)
def test_the_champions_recipe_gets_newer_rows_unless_they_are_shown_to_do_harm(
    fresher: Comparison | None, outcome: Outcome, passed: bool
) -> None:
    """Without a test against the champion, which costs nothing of its error; and few rows are enough."""
    decision = decide(SAME[0], None, champion_version=1, refreshes=1, unseen=True, fresher=fresher)
    assert (decision.outcome, decision.refreshes, decision.gain) == (outcome, 1, None)
    assert check(decision, "newer_rows").passed is passed
    assert not codes(decision) & {"better", "gain", "looks", "slices", "champion"}
    assert ("newest rows" in decision.reason) is passed
    approval = Release(policy=ReleasePolicy.APPROVAL)
    asked = decide(SAME[0], None, champion_version=1, refreshes=1, unseen=True, fresher=fresher, release=approval)
    assert asked.outcome is (Outcome.AWAIT_APPROVAL if passed else Outcome.HOLD)


def test_a_recipe_that_was_tried_in_vain_is_told_and_paid_for() -> None:
    tried = decide(*SAME)
    kept = decide(SAME[1], None, champion_version=1, refreshes=1, unseen=True)
    decision = after_test(kept, tried)
    assert (decision.outcome, decision.tested, kept.tested) == (Outcome.PROMOTE, True, False)
    assert tried.reason in check(decision, "other_recipe").detail
    assert not after_test(kept, decide(*binary_pair(1, 120))).tested, "too few rows tested nothing"


def test_what_is_good_for_the_champion_is_good_for_a_wider_type() -> None:
    def field(kind: ColumnType) -> list[FeatureField]:
        return [FeatureField(name="x", kind="number", type=kind)]

    assert changed_inputs(field(ColumnType.INTEGER), field(ColumnType.NUMBER)) == ()
    assert changed_inputs(field(ColumnType.DATE), field(ColumnType.TIMESTAMP)) == ()
    assert changed_inputs(field(ColumnType.NUMBER), field(ColumnType.INTEGER)) == ("'x' is integer, was number",)
    assert changed_inputs([], field(ColumnType.TEXT)) == ()


@pytest.mark.parametrize(
    ("pair", "policy", "outcome", "words"),
    [
        (BETTER, ReleasePolicy.AUTO, Outcome.PROMOTE, "of champion v1: gain +"),
        (BETTER, ReleasePolicy.APPROVAL, Outcome.AWAIT_APPROVAL, "1 person must approve"),
        (BETTER, ReleasePolicy.MANUAL, Outcome.HOLD, "a person must promote it"),
        (SAME, ReleasePolicy.AUTO, Outcome.HOLD, "that includes 0; champion v1 stays"),
        (SAME, ReleasePolicy.APPROVAL, Outcome.HOLD, "gain +0.0027 is below the minimum 0.01 and has an interval [-"),
        (BARELY, ReleasePolicy.AUTO, Outcome.HOLD, "is below the minimum 0.01"),
        (WORSE, ReleasePolicy.AUTO, Outcome.REJECT, "lies below 0"),
        (WORSE, ReleasePolicy.MANUAL, Outcome.REJECT, "lies below 0"),
    ],
)
def test_outcomes(pair: tuple[Predictions, Predictions], policy: ReleasePolicy, outcome: Outcome, words: str) -> None:
    decision = decide(*pair, release=Release(policy=policy, min_gain=0.01))
    assert decision.outcome is outcome
    assert words in decision.reason
    assert decision.champion == 1
    assert decision.decided_at == NOW
    assert "\n" not in decision.reason


def test_a_decision_survives_the_wire() -> None:
    decision = decide(*BETTER)
    assert from_json(to_json(decision), Decision) == decision


def test_evidence_and_size_are_both_needed() -> None:
    decision = decide(*BARELY, release=Release(min_gain=0.01))
    assert check(decision, "better").passed is True
    assert check(decision, "gain").passed is False
    assert decide(*BARELY, release=Release(min_gain=0.0001)).outcome is Outcome.PROMOTE


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_what_counts_as_a_gain_of_an_error_is_a_share_of_it(unit: float) -> None:
    """A target in kilometres and one in metres get the same word."""
    better, champion = (
        regression(one.truth * unit, one.predicted * unit) for one in regression_pair(1, 3000, better=0.2)
    )
    decision = decide(better, champion)
    assert decision.outcome is Outcome.PROMOTE
    assert decision.champion_score is not None
    assert check(decision, "gain").limit == pytest.approx(-0.01 * decision.champion_score)
    assert check(decision, "slices").limit == pytest.approx(0.01 * decision.champion_score)
    assert check(decide(better, champion, release=Release(min_gain=0.5)), "gain").limit == 0.5


def test_too_few_rows_keep_the_champion() -> None:
    decision = decide(*binary_pair(1, 120, better=2.0))
    assert decision.outcome is Outcome.HOLD
    assert decision.reason == "inconclusive: 120 rows, needs 200; champion v1 stays"
    assert decision.interval is None  # nothing was tested, so no look was spent
    assert decision.challenger_score is not None
    assert check(decision, "rows").passed is None


def test_too_few_rows_for_a_first_model() -> None:
    decision = decide(binary_pair(1, 19)[0], None)
    assert (decision.outcome, decision.reason) == (Outcome.HOLD, "inconclusive: 19 rows, needs 20")


def test_a_reason_is_whole_whatever_stands_in_a_name() -> None:
    """A class may be called anything: a semicolon in its name does not end the sentence."""
    one = GateCheck(code="classes", passed=None, detail="every row is of class 'a; b'")
    assert gate._undecided(spec(), one) == "inconclusive: every row is of class 'a; b'; champion v1 stays"
    few = GateCheck(code="rows", passed=None, value=9.0, limit=20.0, detail="9 rows, needs 20; 3 rows without a target")
    assert gate._undecided(spec(), few) == "inconclusive: 9 rows, needs 20; champion v1 stays"


def test_a_small_first_model_is_judged_by_its_evidence() -> None:
    """A holdout of 20 rows with five of a class decides where the difference is plain, and only there."""
    plain = binary_pair(1, 20, shift=6.0, prevalence=0.3)[0]
    assert plain.class_rows().min() == 5
    assert decide(plain, None).outcome is Outcome.PROMOTE
    assert decide(plain, plain, release=Release(min_rows=20)).reason.startswith("inconclusive: 5 rows of the second")
    assert decide(binary_pair(1, 20, shift=0.0, prevalence=0.3)[0], None).outcome is Outcome.HOLD


@pytest.mark.parametrize("rows", [0, 1, 2, 12])
def test_tiny_holdouts_never_fail(rows: int) -> None:
    pair = binary_pair(1, rows)
    assert decide(*pair).outcome is Outcome.HOLD
    assert decide(*regression_pair(1, rows)).outcome is Outcome.HOLD
    assert decide(pair[0], None, release=Release(min_rows=0)).outcome in set(Outcome)
    assert decide(*regression_pair(1, rows), release=Release(min_rows=0)).outcome in set(Outcome)


def test_a_first_model_must_beat_the_constant() -> None:
    good = decide(binary_pair(1, 1000)[0], None)
    assert good.outcome is Outcome.PROMOTE
    assert good.reason.startswith("first model: AUC 0.781")
    assert good.champion is None
    useless = decide(binary_pair(2, 1000, shift=0.0)[0], None)
    assert useless.outcome is Outcome.HOLD
    assert "not clearly better than 0.5000 of a constant answer" in useless.reason
    upside_down = BETTER[0].take(np.arange(1000))
    assert upside_down.probability is not None
    turned = binary(upside_down.truth, upside_down.probability[:, 0])
    assert decide(turned, None).outcome is Outcome.REJECT


def test_the_dummy_score_of_training_is_the_level_to_beat() -> None:
    pair = regression_pair(1, 500)
    assert decide(pair[0], None, dummy_score=-2.4).outcome is Outcome.PROMOTE
    assert decide(pair[0], None, dummy_score=-0.75).outcome is Outcome.HOLD
    assert decide(pair[0], None, dummy_score=-0.1).outcome is Outcome.REJECT
    assert decide(pair[0], None, dummy_score=float("nan")).outcome is Outcome.PROMOTE


@pytest.mark.parametrize("changes", [{}, {"champion_age_days": 400.0, "definition": "refresh"}])
def test_a_challenger_no_better_than_a_constant_is_held_though_the_champion_is_worse_still(
    changes: dict[str, Any],
) -> None:
    """Shuffled labels: the champion still tries and fails, and a constant would win each delivery."""
    random = np.random.default_rng(5)
    target = random.normal(0, 1, 2000)
    dull = regression(target, np.full(2000, target.mean()) + random.normal(0, 1e-4, 2000))
    misled = regression(target, random.normal(0, 1, 2000))
    if changes:
        changes["definition"] = spec(Task.REGRESSION).definition
        changes["definition"] = msgspec.structs.replace(changes["definition"], release=Release(refresh_days=30))
    decision = decide(dull, misled, **changes)
    assert (check(decision, "better").passed, check(decision, "dummy").passed) == (True, None)
    assert decision.outcome is Outcome.HOLD
    assert decision.reason.startswith("inconclusive: ")
    assert decision.reason.endswith("; champion v1 stays")


def test_a_challenger_worse_than_a_constant_is_rejected_though_the_champion_is_worse_still() -> None:
    good, _ = regression_pair(1, 1000)
    bad = regression_pair(1, 1000)[0]
    far = [good.predicted + 8, bad.predicted + 12]
    challenger, champion = (type(good)(**{**fields(good), "predicted": one}) for one in far)
    decision = decide(challenger, champion, metric="neg_mean_absolute_error")
    assert check(decision, "better").passed is True
    assert decision.outcome is Outcome.REJECT
    assert "constant answer" in decision.reason


def fields(scored: Predictions) -> dict[str, Any]:
    return {name: getattr(scored, name) for name in Predictions.__slots__}


def test_a_single_class_cannot_tell() -> None:
    only = np.linspace(0.1, 0.9, 500)
    scored = binary(np.zeros(500, dtype=int), only)
    for metric in ("roc_auc", "accuracy", "neg_log_loss"):
        decision = decide(scored, scored, metric=metric)
        assert decision.outcome is Outcome.HOLD
        assert "every row is of class 'no'" in decision.reason
        assert decide(scored, None, metric=metric).outcome is Outcome.HOLD


def test_a_handful_of_positives_cannot_tell() -> None:
    pair = binary_pair(1, 3000, better=3.0, prevalence=0.002)
    decision = decide(*pair)
    assert decision.outcome is Outcome.HOLD
    assert "of the second largest class, needs 10" in decision.reason


def test_answers_that_are_missing_reject() -> None:
    table = predictions(BETTER[0])
    table.loc[[3, 5], "probability_yes"] = [np.nan, np.inf]
    table.loc[7, "prediction"] = None
    decision = judge(spec(), features(1, 4000), truth(BETTER[0]), table, predictions(BETTER[1]))
    assert decision.outcome is Outcome.REJECT
    assert decision.reason == "3 of 4,000 predictions of the challenger are missing or not finite"
    assert decision.rows == 3997


def test_all_answers_missing_reject() -> None:
    table = pd.DataFrame({"prediction": np.full(500, np.nan)})
    target = pd.Series(np.arange(500.0))
    decision = judge(spec(Task.REGRESSION, "r2"), features(1, 500), target, table, table)
    assert decision.outcome is Outcome.REJECT
    assert decision.rows == 0


def test_rows_the_champion_cannot_answer_are_left_out_and_told() -> None:
    table = predictions(BETTER[1])
    table.loc[:99, "probability_yes"] = np.nan
    decision = judge(spec(), features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), table)
    assert decision.outcome is Outcome.PROMOTE
    assert decision.rows == 3900
    assert "100 rows that the champion could not score left out" in check(decision, "rows").detail


def test_a_champion_that_cannot_be_replayed_holds() -> None:
    decision = judge(spec(), features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), None)
    assert decision.outcome is Outcome.HOLD
    assert decision.reason == "inconclusive: champion v1 could not score these rows; champion v1 stays"


def test_rows_without_truth_do_not_judge() -> None:
    target = truth(BETTER[0]).astype(object)
    target[:50] = None
    target[50:60] = "maybe"
    decision = judge(spec(), features(1, 4000), target, predictions(BETTER[0]), predictions(BETTER[1]))
    assert decision.rows == 3940
    assert "60 rows without a usable target left out" in check(decision, "rows").detail


def test_constant_scores_hold() -> None:
    flat = binary(SAME[0].truth, np.full(4000, 0.3))
    decision = decide(flat, flat)
    assert decision.outcome is Outcome.HOLD
    assert decision.gain == 0
    assert decide(flat, None).outcome is Outcome.HOLD


def test_a_constant_target_holds() -> None:
    pair = regression_pair(1, 500)
    level = pd.Series(np.zeros(500))
    decision = judge(spec(Task.REGRESSION, "r2"), features(1, 500), level, predictions(pair[0]), predictions(pair[1]))
    assert decision.outcome is Outcome.HOLD
    assert "R² is not defined on these rows" in decision.reason


def test_a_metric_of_chances_without_chances_holds() -> None:
    table = predictions(BETTER[0])[["prediction"]]
    decision = judge(spec(), features(1, 4000), truth(BETTER[0]), table, predictions(BETTER[1]))
    assert decision.outcome is Outcome.HOLD
    assert "needs probabilities" in decision.reason


def test_a_metric_that_does_not_fit_holds_and_an_unknown_one_is_refused() -> None:
    assert "does not fit a regression target" in decide(*regression_pair(1, 500), metric="roc_auc").reason
    with pytest.raises(UsageError):
        decide(*BETTER, metric="roc_acu")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"row_ms": 80.0}, "latency"),
        ({"artifact_bytes": 10**9}, "size"),
        ({"row_ms": 9.0, "row_ms_limit": 5.0}, "latency"),
    ],
)
def test_slow_and_large_models_are_rejected(changes: dict[str, Any], code: str) -> None:
    decision = decide(*BETTER, **changes)
    assert decision.outcome is Outcome.REJECT
    assert check(decision, code).passed is False
    few = decide(*binary_pair(1, 50), **changes)
    assert few.outcome is Outcome.REJECT  # needs no rows to be known


def test_an_old_champion_may_be_refreshed_without_a_gain() -> None:
    pair = binary_pair(4, 8000, rho=0.99)
    aged = {"champion_trained_until": NOW - timedelta(days=45)}
    assert decide(*pair).outcome is Outcome.HOLD
    fresh = decide(*pair, release=Release(refresh_days=60, margin=0.01), **aged)
    assert fresh.outcome is Outcome.HOLD
    assert "refresh" not in codes(fresh)
    decision = decide(*pair, release=Release(refresh_days=30, margin=0.01), **aged)
    assert decision.outcome is Outcome.PROMOTE
    assert decision.reason.startswith("the champion is 45 days old (limit 30); the challenger is not worse by 0.01")
    strict = decide(*pair, release=Release(refresh_days=30, margin=0.0001), **aged)
    assert strict.outcome is Outcome.HOLD
    assert check(strict, "refresh").passed is None
    by_age = decide(*pair, release=Release(refresh_days=30, margin=0.01), champion_age_days=31.0)
    assert by_age.outcome is Outcome.PROMOTE


def test_a_refresh_never_lets_a_clearly_worse_model_pass() -> None:
    decision = decide(*WORSE, release=Release(refresh_days=30, margin=0.005), champion_age_days=300.0)
    assert decision.outcome is Outcome.REJECT


def test_a_refresh_may_cost_a_real_loss_within_the_margin() -> None:
    decision = decide(*BARELY[::-1], release=Release(refresh_days=30, margin=0.02), champion_age_days=31.0)
    assert decision.outcome is Outcome.PROMOTE
    assert check(decision, "better").passed is False
    assert not check(decision, "better").blocking


def test_each_look_needs_more_evidence() -> None:
    pair = binary_pair(1, 2000, better=0.12)
    widths = []
    for looks in (0, 1, 5, 30):
        decision = decide(*pair, earlier_tests=(1,) * looks)
        assert decision.interval is not None
        widths.append(decision.interval[1] - decision.interval[0])
        assert check(decision, "looks").value == looks + 1
    assert widths == sorted(widths)
    assert decide(*pair, earlier_tests=()).outcome is Outcome.PROMOTE
    assert decide(*pair, earlier_tests=(1,) * 30).outcome is Outcome.HOLD


def test_blocks_test_where_there_are_enough_and_the_check_says_which_test_it_was() -> None:
    tables = (features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), predictions(BETTER[1]))
    six = judge(spec(), *tables, delivery=np.repeat([3, 4, 5, 7, 8, 9], [600, 700, 700, 700, 700, 600]))
    assert six.outcome is Outcome.PROMOTE
    assert "t tests of rows within blocks and of blocks, p " in check(six, "better").detail
    assert check(six, "better").detail.endswith("6 blocks)")
    two = judge(spec(), *tables, delivery=np.repeat([3, 4], 2000))
    assert "DeLong's test, as the rows are of 2 blocks and a test over blocks needs 3" in check(two, "better").detail
    assert two.gain == decide(*BETTER).gain


def test_a_gain_in_one_of_six_deliveries_is_no_gain() -> None:
    """All its rows together find it; the next delivery may be like the other five."""
    lucky, equal = binary_pair(1, 1500, better=0.9), binary_pair(2, 7500)
    pair = [
        binary(np.append(one.truth, other.truth), np.append(one.chance(), other.chance()))
        for one, other in zip(lucky, equal, strict=True)
    ]
    assert decide(*pair).outcome is Outcome.PROMOTE
    decision = judge(
        spec(), features(1, 9000), truth(pair[0]), *map(predictions, pair), delivery=np.arange(9000) // 1500
    )
    assert decision.outcome is Outcome.HOLD


def test_new_rows_buy_new_error() -> None:
    worn, fresh = (decide(*SAME, earlier_tests=(3, 3, 3), new_blocks=blocks) for blocks in ((1, 2, 3), (1, 2, 3, 4, 5)))
    assert "test 4 of champion v1 may use an error of 0.00123" in check(worn, "looks").detail
    assert "test 4 of champion v1 may use an error of 0.0179" in check(fresh, "looks").detail


def test_a_worse_slice_rejects_a_gain() -> None:
    challenger, champion = binary_pair(1, 6000, better=0.6)
    frame = features(1, 6000)
    frame["services"] = np.where(np.arange(6000) % 10 == 0, "small", "large")
    small = (frame["services"] == "small").to_numpy()
    assert challenger.probability is not None
    chance = challenger.probability[:, 1].copy()
    chance[small] = np.random.default_rng(0).random(small.sum())
    decision = decide(binary(challenger.truth, chance), champion, frame)
    assert check(decision, "better").passed is True
    assert decision.outcome is Outcome.REJECT
    assert "services = small: -" in decision.reason


def test_ruined_calibration_rejects_a_gain() -> None:
    challenger, champion = BETTER
    assert challenger.probability is not None
    same_order = challenger.probability[:, 1] ** 3
    decision = decide(binary(challenger.truth, same_order), champion)
    assert check(decision, "better").passed is True
    assert decision.outcome is Outcome.REJECT
    assert check(decision, "calibration").passed is False


def test_advice_never_decides() -> None:
    terms = Value(unit="EUR", true_positive=-1.0, false_positive=0.5)
    definition = ModelDefinition(name="late", dataset="flights", target="y", value=terms)
    decision = decide(*BETTER, definition=definition, train_score=1.0, dummy_score=0.75)
    for code in ("overfit", "value"):
        assert check(decision, code).passed is False
        assert not check(decision, code).blocking
    assert " EUR a row" in check(decision, "value").detail
    assert decision.outcome is Outcome.PROMOTE


@pytest.mark.parametrize("policy", list(ReleasePolicy))
def test_a_leak_needs_a_persons_word(policy: ReleasePolicy) -> None:
    frame = features(1, 4000).assign(answer=BETTER[0].truth)
    definition = ModelDefinition(name="late", dataset="d", target="y", release=Release(policy=policy))
    decision = decide(*BETTER, frame, definition=definition)
    assert decision.outcome is (Outcome.HOLD if policy is ReleasePolicy.MANUAL else Outcome.AWAIT_APPROVAL)
    assert check(decision, "leak").passed is False
    assert "column 'answer' alone reaches AUC 1" in decision.reason
    assert ", the next best 'x" in decision.reason
    assert "shopfloor model define late --known-before answer" in decision.reason
    for said in ({"known_before": ("answer",)}, {"exclude": ("answer",)}):
        vouched = msgspec.structs.replace(definition, **said)
        assert check(decide(*BETTER, frame, definition=vouched), "leak").passed is True


@pytest.mark.parametrize("rows", [40, 90])
def test_a_copy_of_the_target_needs_a_persons_word_in_few_rows_too(rows: int) -> None:
    """What only separates so few rows may be an honest input: that is told, and no more."""
    definition = ModelDefinition(name="late", dataset="d", target="y", release=Release(min_rows=10))
    few = [one.take(np.arange(rows)) for one in BETTER]
    truth = few[0].truth
    for answer, copied in ((np.where(truth > 0, "ja", "nein"), True), (truth + 0.1 * np.linspace(0, 1, rows), False)):
        frame = features(1, 4000).head(rows).assign(answer=answer)
        found = check(decide(*few, frame, definition=definition), "leak")
        assert (found.passed, found.blocking) == (False, copied)


def test_what_is_the_target_itself() -> None:
    numbers = regression(np.linspace(1, 9, 30), np.zeros(30))
    assert is_copy(pd.Series([f"{one:.12g}" for one in numbers.truth]), numbers)
    assert not is_copy(pd.Series(2 * numbers.truth), numbers)
    classes = binary(np.arange(30) % 2, np.linspace(0, 1, 30))
    assert is_copy(pd.Series(np.arange(30) % 2 == 0), classes)
    assert not is_copy(pd.Series(["a", None] * 15), classes)
    assert not is_copy(pd.Series(["a", "b"] * 14 + ["a", "a"]), classes)
    assert not is_copy(pd.Series(np.arange(30)), classes)


def test_a_champion_that_is_no_bar_is_not_compared_with() -> None:
    """It may have looked up the answer: an honest challenger has to beat a constant, and replaces it."""
    decision = judge(
        spec(no_bar="it uses 'dep_delay', which the definition excludes"),
        features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]),
    )  # fmt: skip
    assert decision.outcome is Outcome.PROMOTE
    assert decision.reason.startswith("champion v1 is no bar: it uses 'dep_delay', which the definition excludes; ")
    assert check(decision, "champion").passed is True
    assert (decision.champion, codes(decision) & {"better", "slices"}) == (1, set())


def test_target_time_id_and_excluded_columns_are_no_leak() -> None:
    frame = features(1, 4000).assign(**dict.fromkeys(["y", "at", "key", "late_by"], BETTER[0].truth))
    definition = ModelDefinition(name="late", dataset="d", target="y", time="at", id="key", exclude=("late_by",))
    assert check(decide(*BETTER, frame, definition=definition), "leak").passed is True


def test_only_rows_later_than_both_trainings_judge() -> None:
    days = pd.Series(pd.date_range("2026-01-01", periods=4000, freq="h"))
    known = {
        "holdout_from": days[500].to_pydatetime(),
        "challenger_trained_until": days[499].to_pydatetime(),
        "champion_trained_until": days[999].to_pydatetime(),
    }
    tables = (features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), predictions(BETTER[1]))
    decision = judge(spec(**known), *tables, days)
    assert decision.rows == 3000
    assert check(decision, "rows").detail.startswith(
        "3,000 of 4,000 holdout rows later than both trainings (2026-02-11 15:00)"
    )
    assert check(decision, "better").detail.count("days") == 2
    for stamps in (
        days.dt.tz_localize("UTC"),
        days.astype(str),
        days.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
    ):
        assert judge(spec(**known), *tables, stamps).rows == 3000
    late = judge(spec(**{**known, "champion_trained_until": NOW + timedelta(days=365)}), *tables, days)
    assert late.outcome is Outcome.HOLD
    assert late.reason == "inconclusive: 0 rows, needs 200; champion v1 stays"


def test_a_split_by_hash_filters_nothing_by_time() -> None:
    days = pd.Series(pd.date_range("2026-01-01", periods=4000, freq="h"))
    tables = (features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), predictions(BETTER[1]), days)
    last = days.iloc[-1].to_pydatetime()
    inferred = judge(spec(holdout_from=days[0].to_pydatetime(), challenger_trained_until=last), *tables)
    stated = judge(spec(holdout_from=days[0].to_pydatetime(), split=Split.HASH), *tables)
    assert inferred.rows == stated.rows == 4000
    assert "by a hash of their key" in check(inferred, "rows").detail


def test_a_time_column_of_numbers_is_no_clock() -> None:
    years = pd.Series(np.arange(4000))
    decision = judge(
        spec(holdout_from=NOW),
        features(1, 4000),
        truth(BETTER[0]),
        predictions(BETTER[0]),
        predictions(BETTER[1]),
        years,
    )
    assert decision.rows == 4000


def test_tables_that_do_not_match_are_refused() -> None:
    good = [features(1, 4000), truth(BETTER[0]), predictions(BETTER[0]), predictions(BETTER[1])]
    for position in range(4):
        tables: list[Any] = list(good)
        tables[position] = tables[position].iloc[:-1]
        with pytest.raises(DataError):
            judge(spec(), *tables)
    with pytest.raises(DataError):
        judge(spec(), *good, pd.Series(pd.date_range("2026-01-01", periods=3)))
    with pytest.raises(DataError, match="prediction"):
        judge(spec(), good[0], good[1], good[2].drop(columns="prediction"), good[3])


def test_hostile_names_stay_printable() -> None:
    frame = features(1, 4000).rename(columns={"c0": "\x1b[31mred", "x1": "a\u202eb"})
    frame["c2"] = "\x1b]0;" + frame["c2"]
    decision = decide(*BETTER, frame)
    assert all(one.detail.isprintable() for one in decision.checks)


def test_many_classes() -> None:
    random = np.random.default_rng(0)
    classes = ("a", "b", "c", "d")
    code = random.integers(0, 4, 3000)
    target = pd.Series(np.array(classes)[code])

    def table(sharpness: float) -> pd.DataFrame:
        raw = random.normal(size=(3000, 4))
        raw[np.arange(3000), code] += sharpness
        chance = np.exp(sharpness * raw) / np.exp(sharpness * raw).sum(axis=1, keepdims=True)
        named = {f"probability_{name}": chance[:, number] for number, name in enumerate(classes)}
        return pd.DataFrame({"prediction": np.array(classes)[chance.argmax(axis=1)], **named})

    good, poor = table(1.5), table(1.0)
    for metric in ("neg_log_loss", "accuracy", "roc_auc_ovr", "roc_auc_ovo", "f1_macro", "balanced_accuracy"):
        asked = spec(Task.MULTICLASS, metric, classes=classes)
        assert judge(asked, features(1, 3000), target, good, poor).outcome is Outcome.PROMOTE, metric
        assert judge(asked, features(1, 3000), target, poor, good).outcome is Outcome.REJECT, metric
    # A champion of three classes has no column for the fourth, and never answers it.
    older = poor.drop(columns="probability_d")
    assert (
        judge(spec(Task.MULTICLASS, "neg_log_loss", classes=classes), features(1, 3000), target, good, older).outcome
        is Outcome.PROMOTE
    )


@pytest.mark.parametrize("kind", ["int", "float", "bool"])
def test_labels_of_any_type_find_their_class(kind: str) -> None:
    code = BETTER[0].truth
    spelled = {"int": ("0", "1"), "float": ("0", "1"), "bool": ("false", "true")}[kind]
    target = pd.Series(code).astype(kind)
    renames = {"probability_no": f"probability_{spelled[0]}", "probability_yes": f"probability_{spelled[1]}"}
    tables = [
        predictions(one).rename(columns=renames).replace({"prediction": {"no": spelled[0], "yes": spelled[1]}})
        for one in BETTER
    ]
    decision = judge(spec(classes=spelled, positive=spelled[1]), features(1, 4000), target, *tables)
    assert decision.rows == 4000
    assert decision.outcome is Outcome.PROMOTE


def test_the_same_question_gets_the_same_answer() -> None:
    pair = regression_pair(3, 800, better=0.1)
    first, second = (decide(*pair, metric="neg_median_absolute_error") for _ in range(2))
    assert first == second


def test_a_gain_that_one_of_few_blocks_does_not_bear_out_is_not_said_to_include_0() -> None:
    found = over_blocks([BlockGain(gain, 0.001, 20, "day") for gain in (0.05, 0.06, -0.001)], 0.05)
    assert found.interval[0] > 0
    check = beats_champion(found, 0.05)
    assert check.passed is None
    assert "is not borne out by every block" in check.detail
