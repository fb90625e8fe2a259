"""The gate's questions, one function each: a coded `GateCheck` with value, limit and a sentence."""

from __future__ import annotations

import shlex

import numpy as np

from shopfloor.domain import numbers
from shopfloor.domain.definition import ReleasePolicy, Value
from shopfloor.domain.errors import DataError
from shopfloor.domain.numbers import percent
from shopfloor.domain.release import GateCheck
from shopfloor.domain.text import counted, first_of, safe
from shopfloor.release import business_value, leakage
from shopfloor.release.eligible import Eligible
from shopfloor.release.leakage import ColumnPower
from shopfloor.release.records import GateSpec, SliceGain
from shopfloor.release.slices import describe
from shopfloor.statistics import calibration
from shopfloor.statistics.alpha_wallet import RETURNED, SPENT
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions

LEAST_CLASS_ROWS = 10
"""Rows that a class needs before a metric of classes says anything."""

FIRST_ROWS = 20
"""Rows that are enough to judge a first model, whatever `min_rows` asks for when a champion is at stake."""

HARM = 0.05
"""The error that the test may make which says that newer rows do harm."""

FIRST_CLASS_ROWS = 5
"""The same for the rows of a class."""


def enough_rows(spec: GateSpec, chosen: Eligible) -> GateCheck:
    """`rows`: at least `min_rows` rows judge.

    A first model replaces nothing, one of the champion's recipe is not tested against it, and their test against a
    constant answer knows how few rows there are: fewer will do.
    """
    needed = spec.definition.release.min_rows
    if spec.champion_version is None or spec.refreshes is not None:
        needed = min(needed, FIRST_ROWS)
    enough = chosen.rows >= needed
    lead = "" if enough else f"{too_few(chosen.rows, needed)}; "
    return GateCheck(
        code="rows",
        passed=True if enough else None,
        value=float(chosen.rows),
        limit=float(needed),
        detail=lead + chosen.detail,
    )


def too_few(rows: float, needed: float) -> str:
    """That `rows` is not enough."""
    return f"{counted(int(rows), 'row')}, needs {numbers.count(int(needed))}"


def enough_classes(spec: GateSpec, scored: Predictions) -> GateCheck | None:
    """`classes`: two classes (both, for a binary target) with enough rows each; a first model needs fewer."""
    if not spec.task.classification or len(scored) == 0:
        return None
    alone = spec.champion_version is None or spec.refreshes is not None
    needed = FIRST_CLASS_ROWS if alone else LEAST_CLASS_ROWS
    counts = np.sort(scored.class_rows())[::-1]
    second = int(counts[1]) if len(counts) > 1 else 0
    enough = second >= needed
    name = spec.classes[int(np.argmax(scored.class_rows()))]
    if second == 0:
        detail = f"every row is of class {safe(name, 40)!r}"
    else:
        detail = f"{counted(second, 'row')} of the second largest class"
        detail += "" if enough else f", needs {needed}"
    return GateCheck(
        code="classes",
        passed=True if enough else None,
        value=float(second),
        limit=float(needed),
        detail=detail,
    )


def answered(chosen: Eligible) -> GateCheck:
    """`answers`: the challenger gave a finite answer for every eligible row."""
    lost = chosen.unanswered
    predicted = lost + chosen.rows
    good = f"all {numbers.count(predicted)} predictions are finite"
    bad = f"{numbers.count(lost)} of {counted(predicted, 'prediction')} of the challenger are missing or not finite"
    return GateCheck(code="answers", passed=lost == 0, value=float(lost), limit=0.0, detail=bad if lost else good)


def beats_constant(metric: Metric, score: float, found: Comparison, dummy: float | None, alpha: float) -> GateCheck:
    """`dummy`: better than the constant model, with evidence."""
    passed = True if found.better(alpha) else False if found.worse(alpha) else None
    words = {True: "beats", False: "is worse than", None: "is not clearly better than"}[passed]
    return GateCheck(
        code="dummy",
        passed=passed,
        value=found.gain,
        limit=0.0,
        detail=(
            f"{metric.label} {numbers.figure(metric.shown(score))} {words} {numbers.figure(metric.shown(dummy))} of a "
            f"constant answer: gain {numbers.gain(found.gain)} {numbers.interval(found.interval)}"
        ),
    )


def beats_champion(found: Comparison, alpha: float) -> GateCheck:
    """`better`: the interval of the gain lies above 0 (True), below 0 (False) or includes it."""
    passed = True if found.better(alpha) else False if found.worse(alpha) else None
    low, high = found.interval
    doubt = "is not borne out by every block" if low > 0 or high < 0 else "does not rule out 0"
    where = {True: "lies above 0", False: "lies below 0", None: doubt}[passed]
    p_value = found.p_worse if passed is False else found.p_better
    return GateCheck(
        code="better",
        passed=passed,
        value=found.interval[0] if found.known else None,
        limit=0.0,
        detail=(
            f"the {percent(1 - 2 * alpha)} interval {numbers.interval(found.interval)} of the gain {where} "
            f"({found.method}, p {numbers.probability(p_value)}, {_units(found)})"
        ),
    )


def _units(found: Comparison) -> str:
    return counted(found.units, found.unit)


def large_enough(spec: GateSpec, found: Comparison) -> GateCheck:
    """`gain`: at least `min_gain`."""
    needed = spec.min_gain
    passed = found.gain >= needed
    compared = "reaches" if passed else "is below"
    return GateCheck(
        code="gain",
        passed=passed,
        value=found.gain,
        limit=needed,
        detail=f"gain {numbers.gain(found.gain)} {compared} the minimum {numbers.rounded(needed)}",
    )


def not_harmed(spec: GateSpec, found: Comparison | None) -> GateCheck:
    """`newer_rows`: fits of the champion's recipe are not shown to be worse with newer rows than without them."""
    if found is None or not found.known:
        detail = "the champion's recipe with newer rows; too few blocks in time to compare it with and without them"
        return GateCheck(code="newer_rows", passed=True, detail=detail, blocking=False)
    harmed = found.worse(HARM) and found.gain < -spec.margin
    verdict = "worse" if harmed else "not shown to be worse"
    return GateCheck(
        code="newer_rows",
        passed=not harmed,
        value=found.gain,
        limit=-spec.margin,
        detail=(
            f"the champion's recipe with newer rows is {verdict} than without them: change {numbers.gain(found.gain)} "
            f"{numbers.interval(found.interval)} ({found.method}, {_units(found)})"
        ),
    )


def refresh(spec: GateSpec, found: Comparison, age: float) -> GateCheck:
    """`refresh`: an old champion may give way to a challenger that is not worse by the margin."""
    release = spec.definition.release
    passed = found.known and found.interval[0] > -spec.margin
    proof = "not worse" if passed else "not proven to be no worse"
    return GateCheck(
        code="refresh",
        passed=True if passed else None,
        value=found.interval[0] if found.known else None,
        limit=-spec.margin,
        detail=(
            f"the champion is {counted(round(age), 'day')} old (limit {release.refresh_days}); "
            f"the challenger is {proof} by {numbers.rounded(spec.margin)}: interval {numbers.interval(found.interval)}"
        ),
    )


def shared_error(spec: GateSpec, alpha: float) -> GateCheck:
    """`looks`: how much of the allowed error this test may use."""
    test = len(spec.earlier_tests) + 1
    of = "of a first model" if spec.champion_version is None else f"of champion v{spec.champion_version}"
    allowed = spec.definition.release.alpha
    return GateCheck(
        code="looks",
        passed=True,
        value=float(test),
        detail=(
            f"test {test} {of} may use an error of {numbers.rounded(alpha)}: each test spends "
            f"{percent(SPENT)} of what is left of {numbers.exact(allowed)}, and a month of new rows returns "
            f"{percent(RETURNED)} of that"
        ),
        blocking=False,
    )


def no_slice_worse(spec: GateSpec, found: tuple[SliceGain, ...]) -> GateCheck:
    """`slices`: no slice loses more than the margin, with evidence."""
    worse = [one for one in found if one.worse]
    margin = spec.margin
    if not found:
        return GateCheck(
            code="slices", passed=None, limit=-margin, detail="no slice has enough rows and days", blocking=False
        )
    detail = (
        f"{len(worse)} of {counted(len(found), 'slice')} worse: " + "; ".join(map(describe, worse[:3]))
        if worse
        else f"none of {counted(len(found), 'slice')} worse; weakest {describe(found[0])}"
    )
    return GateCheck(code="slices", passed=not worse, value=found[0].gain, limit=-margin, detail=detail)


def calibrated(
    spec: GateSpec, challenger: Predictions, champion: Predictions | None, blocks: Blocks
) -> GateCheck | None:
    """`calibration`: chances no less honest than the champion's, by effect and evidence."""
    if not spec.task.classification or challenger.probability is None or len(challenger) == 0:
        return None
    error = calibration.expected_error(challenger)
    stated = f"probabilities are off by {numbers.figure(error)} on average"
    if champion is None or champion.probability is None:
        return GateCheck(code="calibration", passed=True, value=error, detail=stated, blocking=False)
    found = calibration.increase(challenger, champion, blocks, spec.definition.release.alpha)
    worse = found.gain > spec.calibration_limit and found.interval[0] > 0
    return GateCheck(
        code="calibration",
        passed=not worse,
        value=found.gain,
        limit=spec.calibration_limit,
        detail=(
            f"{stated}, the champion's by {numbers.figure(calibration.expected_error(champion))}: "
            f"change {numbers.gain(found.gain)} {numbers.interval(found.interval)}"
        ),
    )


def overfit(spec: GateSpec, metric: Metric, score: float, dummy: float | None) -> GateCheck | None:
    """`overfit`: how much of the gain over a constant prediction is gone on new rows. Never blocks."""
    if spec.train_score is None or dummy is None:
        return None
    share = leakage.lost_share(spec.train_score, score, dummy)
    shown = (
        f"{numbers.figure(metric.shown(spec.train_score))} on training rows, {numbers.figure(metric.shown(score))} here"
    )
    if share is None:
        return GateCheck(
            code="overfit", passed=None, detail=f"{shown}: no gain over a constant prediction", blocking=False
        )
    return GateCheck(
        code="overfit",
        passed=share <= leakage.OVERFIT_LIMIT,
        value=share,
        limit=leakage.OVERFIT_LIMIT,
        detail=f"{metric.label} {shown}: {percent(max(0.0, share))} of the gain over a constant prediction is gone",
        blocking=False,
    )


def leak(spec: GateSpec, chosen: Eligible) -> GateCheck | None:
    """`leak`: no feature nearly gives the answer away by itself, or stands far above all others.

    A person has to agree to one that does: exclude it, or vouch for it in `known_before`.
    """
    powers = leakage.column_powers(chosen.frame, chosen.challenger, _no_features(spec, chosen))
    if not powers:
        return None
    classes = len(chosen.challenger.classes) if spec.task.classification else 0
    found = leakage.suspects(powers, chosen.challenger)
    best = found or powers[:1]
    asked = _vouch(spec, [one.column for one in found]) if found else ""
    return GateCheck(
        code="leak",
        passed=not found,
        value=best[0].power,
        limit=leakage.LEAK_LIMIT,
        detail=_alone(best, powers[len(best) :], classes) + asked,
        blocking=any(chosen.rows >= leakage.LEAST_ROWS or _is_copy(one, chosen) for one in found),
    )


def _is_copy(one: ColumnPower, chosen: Eligible) -> bool:
    return leakage.is_copy(chosen.frame[one.column], chosen.challenger)


def _alone(best: list[ColumnPower], others: list[ColumnPower], classes: int) -> str:
    kind = "rank correlation" if classes == 0 else "AUC" if classes == 2 else "an accuracy beyond chance of"
    first, *rest = [(repr(safe(one.column, 60)), numbers.figure(one.power)) for one in (*best, *others[:1])]
    detail = f"column {first[0]} alone reaches {kind} {first[1]}"
    for place, (name, power) in enumerate(rest, 1):
        detail += f", {'the next best ' if place == len(best) else ''}{name} {power}"
    return detail


def _vouch(spec: GateSpec, columns: list[str]) -> str:
    names = safe(shlex.quote(",".join(columns)), 200)
    return (
        ": known only after the outcome? Exclude it, or vouch for it: "
        f"shopfloor model define {spec.definition.name} --known-before {names}"
    )


def _no_features(spec: GateSpec, chosen: Eligible) -> frozenset[str]:
    """Columns of the rows that the model does not learn from, or that somebody vouches for."""
    definition = spec.definition
    never = {definition.target, definition.time, definition.id, *definition.exclude, *definition.known_before}
    if definition.features:
        never |= {str(name) for name in chosen.frame.columns} - {*definition.features, *definition.segment_by}
    return frozenset(name for name in never if name)


def champion(spec: GateSpec) -> GateCheck:
    """`champion`: why the challenger was not compared with it."""
    whom = f"champion v{spec.champion_version}"
    if spec.no_bar:
        detail = f"{whom} is no bar: {spec.no_bar}"
        return GateCheck(code="champion", passed=True, detail=detail, blocking=False)
    return GateCheck(code="champion", passed=None, detail=f"{whom} could not score these rows")


def latency(spec: GateSpec) -> GateCheck | None:
    """`latency`: one row through the row path within the limit."""
    if spec.row_ms is None:
        return None
    passed = spec.row_ms <= spec.row_ms_limit
    compared = "within" if passed else "above"
    return GateCheck(
        code="latency",
        passed=passed,
        value=spec.row_ms,
        limit=spec.row_ms_limit,
        detail=f"one row takes {numbers.rounded(spec.row_ms)} ms, {compared} "
        f"the limit {numbers.exact(spec.row_ms_limit)} ms",
    )


def size(spec: GateSpec) -> GateCheck | None:
    """`size`: the artifact's bytes within the limit."""
    if spec.artifact_bytes is None:
        return None
    limit = spec.artifact_bytes_limit
    passed = spec.artifact_bytes <= limit
    compared = "within" if passed else "above"
    return GateCheck(
        code="size",
        passed=passed,
        value=float(spec.artifact_bytes),
        limit=float(limit),
        detail=f"the artifact has {numbers.size(spec.artifact_bytes)}, {compared} the limit of {numbers.size(limit)}",
    )


def value(spec: GateSpec, terms: Value, chosen: Eligible) -> GateCheck | None:
    """`value`: what the change is worth by the team's own figures. Never blocks."""
    try:
        found = business_value.change(spec, terms, chosen)
    except DataError as error:
        detail = f"cannot be told: {error.message.rstrip('.')}"
        return GateCheck(code="value", passed=None, detail=detail, blocking=False)
    if found is None or not found.known:
        return None
    passed = True if found.interval[0] > 0 else False if found.interval[1] < 0 else None
    gain = numbers.money(found.gain, safe(terms.unit, 20), signed=True)
    return GateCheck(
        code="value",
        passed=passed,
        value=found.gain,
        limit=0.0,
        detail=f"{gain} a row {numbers.interval(found.interval)}",
        blocking=False,
    )


def inputs(spec: GateSpec) -> GateCheck | None:
    """`inputs`: those who ask the champion can go on as they do; else a person has to agree."""
    if spec.champion_version is None or not spec.changed_inputs:
        return None
    detail = f"callers of champion v{spec.champion_version} would have to change what they send: "
    return GateCheck(
        code="inputs",
        passed=None,
        value=float(len(spec.changed_inputs)),
        limit=0.0,
        detail=f"{detail}{first_of(spec.changed_inputs, between='; ')}",
    )


def policy(spec: GateSpec) -> GateCheck:
    """`policy`: who may move the champion now that the gate is content."""
    release = spec.definition.release
    people = "1 person" if release.approvals == 1 else f"{release.approvals} people"
    details = {
        ReleasePolicy.AUTO: "automatic: the gate promotes",
        ReleasePolicy.APPROVAL: f"approval: {people} must approve",
        ReleasePolicy.MANUAL: "manual: a person must promote it",
    }
    return GateCheck(
        code="policy",
        passed=True if release.policy is ReleasePolicy.AUTO else None,
        detail=details[release.policy],
        blocking=release.policy is not ReleasePolicy.AUTO,
    )
