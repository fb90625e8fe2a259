"""The gate: is the challenger better, with evidence, and nowhere worse?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from shopfloor.domain import numbers
from shopfloor.domain.codec import utc
from shopfloor.domain.definition import ReleasePolicy
from shopfloor.domain.numbers import percent
from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.domain.text import counted
from shopfloor.release import baseline, checks, slices
from shopfloor.release.eligible import Eligible, select
from shopfloor.release.paired_test import against_champion
from shopfloor.release.records import LARGEST_LOSS, LEAST_GAIN, SHARE_OF_ERROR, GateSpec
from shopfloor.statistics import metrics
from shopfloor.statistics.alpha_wallet import alpha_of_test
from shopfloor.statistics.arrays import Codes, Floats
from shopfloor.statistics.constant import constant
from shopfloor.statistics.metric import NUMBERS, Metric
from shopfloor.statistics.paired import Comparison

if TYPE_CHECKING:
    import pandas as pd


_APART = frozenset({"gain", "leak", "newer_rows"})
"""Checks whose failure does not reject: it holds, or waits for a person."""


@dataclass(slots=True)
class _Findings:
    """What the gate has found out so far."""

    checks: list[GateCheck] = field(default_factory=list)
    score: float | None = None
    champion_score: float | None = None
    comparison: Comparison | None = None
    rows: int = 0

    def add(self, check: GateCheck | None) -> None:
        if check is not None:
            self.checks.append(check)

    def find(self, code: str) -> GateCheck | None:
        return next((check for check in self.checks if check.code == code), None)

    def blocked(self) -> GateCheck | None:
        """The first blocking check that failed."""
        return next(
            (one for one in self.checks if one.blocking and one.passed is False and one.code not in _APART), None
        )

    def open(self) -> GateCheck | None:
        """The first check that cannot tell and without which nothing may be promoted."""
        codes = {"rows", "classes", "scores", "champion"}
        return next((one for one in self.checks if one.code in codes and one.passed is None), None)


def judge(
    spec: GateSpec,
    holdout: pd.DataFrame,
    target: pd.Series[Any] | Floats,
    challenger_predictions: pd.DataFrame,
    champion_predictions: pd.DataFrame | None = None,
    time: pd.Series[Any] | None = None,
    delivery: Codes | None = None,
    fresher: Comparison | None = None,
) -> Decision:
    """Judge a challenger; all tables hold the same rows in the same order.

    `holdout` has the raw columns (for slices and the leak check), `target` the truth (class
    labels or numbers), predictions the columns `prediction` and `probability_<class>`, `time`
    the moment of each row where the model has a time column, `delivery` the number of the delivery that brought it,
    (n,), or the block in which it was judged; `fresher` compares fits with newer rows and without where
    the challenger refreshes the champion's recipe.

    * `reject`: answers missing, too slow, too large, worse than a constant or than the champion
      with evidence, a slice or the calibration worse.
    * `hold`: too few rows or no evidence (the champion stays), gain below the minimum, or the
      policy leaves it to a person (then a check `policy` says so), or not better than a constant
      answer with evidence, however much worse the champion became.
    * `await_approval` under the policy `auto`, too, where an input changed its type or may hold the answer.
    * `promote` / `await_approval`: the champion's own recipe with newer rows, unless these are shown to do harm
      (worse than without them by more than `margin`, at level .05), or evidence of a gain of at least `min_gain`
      (interval at level 1 - 2 alpha above 0), or a champion older than `refresh_days` and a challenger not worse
      than it by more than `margin`.

    The deciding test is `paired_test.against_champion`; its one-sided error comes from the champion's wallet
    (`alpha_wallet`). Harm (slices, calibration, value) is tested at `alpha`. Raises `DataError`
    for tables that do not match and `ConfigError` for an unknown metric.
    """
    metric = metrics.find(spec.metric)
    champion_or_none = None if spec.champion_version is None or spec.refreshes else champion_predictions
    chosen = select(spec, holdout, target, challenger_predictions, champion_or_none, time, delivery)
    alpha = alpha_of_test(spec.definition.release.alpha, spec.earlier_tests, spec.new_blocks, spec.block_months)
    found = _Findings(rows=chosen.rows)
    for check in (checks.enough_rows(spec, chosen), checks.enough_classes(spec, chosen.challenger)):
        found.add(check)
    found.add(checks.answered(chosen))
    _score(spec, metric, chosen, found)
    spec = _with_margins(spec, metric, found.champion_score)
    # Only rows that can tell are tested: a comparison that tests nothing spends no error.
    if found.open() is None:
        _test(spec, metric, chosen, alpha, found)
        if spec.refreshes is not None:
            found.add(checks.not_harmed(spec, fresher))
    for check in (checks.latency(spec), checks.size(spec), checks.inputs(spec)):
        found.add(check)
    outcome, reason = _decide(spec, metric, alpha, found)
    return _decision(spec, found, outcome, reason)


def _with_margins(spec: GateSpec, metric: Metric, champion_score: float | None) -> GateSpec:
    """What counts as a gain and as a loss: the definition's word, else a share of an error, which may be of any
    size.
    """
    release, error = spec.definition.release, champion_score if metric.tasks == NUMBERS and metric.negated else None
    share = None if error is None else SHARE_OF_ERROR * abs(error)
    gain, loss = (LEAST_GAIN, LARGEST_LOSS) if share is None else (share, share)
    return msgspec.structs.replace(
        spec,
        min_gain=gain if release.min_gain is None else release.min_gain,
        margin=loss if release.margin is None else release.margin,
    )


def _score(spec: GateSpec, metric: Metric, chosen: Eligible, found: _Findings) -> None:
    """Both scores, or a check that says why there is none."""
    if spec.champion_version is not None and chosen.champion is None and spec.refreshes is None:
        found.add(checks.champion(spec))
    models = [chosen.challenger] + ([] if chosen.champion is None else [chosen.champion])
    if spec.task not in metric.tasks:
        detail = f"{metric.label} does not fit a {spec.task.value} target"
    elif metric.probabilities and any(one.probability is None for one in models):
        detail = f"{metric.label} needs probabilities, and a model gives none"
    else:
        scores = [metric.score(one) for one in models]
        found.score = scores[0]
        found.champion_score = scores[1] if len(scores) > 1 else None
        if all(score is not None for score in scores):
            return
        detail = f"{metric.label} is not defined on these rows"
    found.add(GateCheck(code="scores", passed=None, detail=detail))


def _test(spec: GateSpec, metric: Metric, chosen: Eligible, alpha: float, found: _Findings) -> None:
    """All questions that need enough rows."""
    assert found.score is not None
    release = spec.definition.release
    first = chosen.champion is None and spec.refreshes is None
    given = spec.dummy_score
    known = given if given is not None and math.isfinite(given) else None
    dummy = metric.score(constant(metric, chosen.challenger)) if known is None else known
    level = alpha if first else release.alpha
    over = baseline.against_constant(metric, chosen.challenger, found.score, chosen.blocks, known, alpha=level)
    found.add(checks.beats_constant(metric, found.score, over, dummy, level))
    found.comparison = over if first else None
    skip = frozenset(filter(None, (spec.definition.target, spec.definition.time, spec.definition.id)))
    if chosen.champion is not None:
        _compare(spec, metric, chosen, alpha, found, skip)
    if spec.refreshes is None:
        found.add(checks.shared_error(spec, alpha))
    found.add(checks.calibrated(spec, chosen.challenger, chosen.champion, chosen.blocks))
    found.add(checks.overfit(spec, metric, found.score, dummy))
    found.add(checks.leak(spec, chosen))
    if spec.definition.value is not None:
        found.add(checks.value(spec, spec.definition.value, chosen))


def _compare(
    spec: GateSpec, metric: Metric, chosen: Eligible, alpha: float, found: _Findings, skip: frozenset[str]
) -> None:
    """Challenger against champion: evidence, size, staleness and slices."""
    assert chosen.champion is not None
    release = spec.definition.release
    result = against_champion(metric, chosen, alpha=alpha, seed=spec.seed)
    found.comparison = result
    age = _age(spec)
    stale = checks.refresh(spec, result, age) if age is not None and 0 < release.refresh_days < age else None
    # A proven refresh overrules a loss that is real but smaller than the margin.
    decides = stale is None or stale.passed is not True
    for check in (checks.beats_champion(result, alpha), checks.large_enough(spec, result)):
        found.add(check if decides else msgspec.structs.replace(check, blocking=False))
    found.add(stale)
    worse = slices.worse_slices(
        chosen.frame,
        chosen.challenger,
        chosen.champion,
        metric,
        chosen.blocks,
        margin=spec.margin,
        alpha=release.alpha,
        skip=skip,
        seed=spec.seed,
    )
    found.add(checks.no_slice_worse(spec, worse))


def _age(spec: GateSpec) -> float | None:
    """Days since the champion's newest training row."""
    if spec.champion_age_days is not None or spec.champion_trained_until is None:
        return spec.champion_age_days
    return (utc(spec.now) - utc(spec.champion_trained_until)).total_seconds() / 86_400


def _decide(spec: GateSpec, metric: Metric, alpha: float, found: _Findings) -> tuple[Outcome, str]:
    blocked = found.blocked()
    if blocked is not None:
        return Outcome.REJECT, blocked.detail
    unknown = found.open()
    if unknown is not None:
        return Outcome.HOLD, _undecided(spec, unknown)
    held = _held(spec, found)
    if held:
        return Outcome.HOLD, held
    reason = _good(spec, metric, alpha, found)
    check = checks.policy(spec)
    # What a served model has to be sent never changes by itself, and no answer is learned from without a person's word.
    needs_word = [check for check in found.checks if check.needs_word]
    if needs_word:
        reason = "; ".join((reason, *(one.detail for one in needs_word)))
    if needs_word and spec.definition.release.policy is ReleasePolicy.AUTO:
        return Outcome.AWAIT_APPROVAL, reason
    found.add(check)
    match spec.definition.release.policy:
        case ReleasePolicy.AUTO:
            return Outcome.PROMOTE, reason
        case ReleasePolicy.APPROVAL:
            return Outcome.AWAIT_APPROVAL, f"{reason}; {check.detail}"
        case ReleasePolicy.MANUAL:
            return Outcome.HOLD, f"{reason}; {check.detail}"


def _undecided(spec: GateSpec, check: GateCheck) -> str:
    detail = check.detail
    if check.code == "rows" and check.value is not None and check.limit is not None:
        detail = checks.too_few(check.value, check.limit)  # how the rows were chosen is told with the check
    return f"inconclusive: {detail}{_stays(spec)}"


def _held(spec: GateSpec, found: _Findings) -> str:
    """Why a sound comparison is not enough; empty when it is."""
    dummy, better, gain = found.find("dummy"), found.find("better"), found.find("gain")
    refresh = found.find("refresh")
    if dummy is None or dummy.passed is not True:
        # Where labels broke, a constant beats a champion that still tries: that is no gain.
        return f"inconclusive: {dummy.detail if dummy else 'no test'}{_stays(spec)}"
    newer = found.find("newer_rows")
    if newer is not None and newer.passed is False:
        return f"{newer.detail}{_stays(spec)}"
    if better is None or gain is None:
        return ""
    if refresh is not None and refresh.passed:
        return ""
    assert found.comparison is not None
    reasons = []
    if not gain.passed and found.comparison.gain > 0:
        reasons.append(f"is below the minimum {numbers.rounded(spec.min_gain)}")
    if better.passed is not True:
        low, high = found.comparison.interval
        one_sided = low > 0 or high < 0  # then a few blocks must agree, and do not
        why = "that not every block bears out" if one_sided else "that includes 0"
        reasons.append(f"has an interval {numbers.interval((low, high))} {why}")
    if not reasons:
        return ""
    return f"gain {numbers.gain(found.comparison.gain)} {' and '.join(reasons)}{_stays(spec)}"


def _stays(spec: GateSpec) -> str:
    return "" if spec.champion_version is None else f"; champion v{spec.champion_version} stays"


def _good(spec: GateSpec, metric: Metric, alpha: float, found: _Findings) -> str:
    if spec.refreshes is not None:
        score = numbers.figure(metric.shown(found.score))
        return f"the recipe of champion v{spec.refreshes} with the newest rows: {metric.label} {score}"
    assert found.comparison is not None
    refresh, better, gain = found.find("refresh"), found.find("better"), found.find("gain")
    superior = better is not None and gain is not None and better.passed and gain.passed
    if refresh is not None and refresh.passed and not superior:
        return refresh.detail
    score = numbers.figure(metric.shown(found.score))
    over = f"gain {numbers.gain(found.comparison.gain)} with {percent(1 - 2 * alpha)} interval "
    over += f"{numbers.interval(found.comparison.interval)} on {counted(found.rows, 'row')}"
    if spec.champion_version is None:
        return f"first model: {metric.label} {score} beats a constant prediction, {over}"
    if spec.no_bar:
        return f"{checks.champion(spec).detail}; {metric.label} {score} beats a constant prediction, {over}"
    old = numbers.figure(metric.shown(found.champion_score))
    return f"{metric.label} {score} against {old} of champion v{spec.champion_version}: {over}"


def _decision(spec: GateSpec, found: _Findings, outcome: Outcome, reason: str) -> Decision:
    result = found.comparison if found.comparison is not None and found.comparison.known else None
    return Decision(
        outcome=outcome,
        reason=reason,
        checks=tuple(found.checks),
        metric=spec.metric,
        champion=spec.champion_version,
        challenger_score=found.score,
        champion_score=found.champion_score,
        gain=None if result is None else result.gain,
        interval=None if result is None else result.interval,
        rows=found.rows,
        decided_at=spec.now,
        refreshes=spec.refreshes,
    )


def after_test(decision: Decision, tried: Decision) -> Decision:
    """The decision about the champion's recipe, after another one was tested against it and not released."""
    check = GateCheck(
        code="other_recipe",
        passed=None if tried.outcome is Outcome.HOLD else False,
        value=tried.gain,
        detail=f"another recipe was better on average and is not released: {tried.reason}",
        blocking=False,
    )
    return msgspec.structs.replace(
        decision, checks=(*decision.checks, check), tested=decision.tested or tried.interval is not None
    )
