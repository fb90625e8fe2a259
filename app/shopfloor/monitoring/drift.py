"""Drift of inputs and of predictions: effect and evidence, against what the data does by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from shopfloor.artifacts.recast import recast
from shopfloor.artifacts.table import Values, infer_columns, parse_column
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.text import counted
from shopfloor.monitoring import wording
from shopfloor.monitoring.baseline_history import BaselineHistory, baseline_of
from shopfloor.monitoring.bins import NUMBER, bin_values, empty_sketch, watched_values
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.records import (
    FEATURE_DRIFT,
    MISSING_SHARE,
    PREDICTION_DRIFT,
    FeatureReference,
    Reference,
    Sketch,
)
from shopfloor.monitoring.thresholds import MOVE, Distance, distances_of, mix_distance, move_distance, prediction_limit
from shopfloor.monitoring.units import Guess, unit_change
from shopfloor.statistics.distances import (
    homogeneity,
    jensen_shannon,
    jensen_shannon_critical,
    kolmogorov_smirnov,
    psi,
    wasserstein_critical,
)
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

CONSTANT, MISSING = "top_share", "missing_share"

_FAR = 3.0
_BREAK = 3.0
_SUITING = 0.6
_BREAK_MOVE = 0.5
_BREAK_SHARE = 0.3


@dataclass(frozen=True)
class Finding:
    """One way in which a feature may have changed: `value` is too much above `limit`.

    `practical` is False when the change is too small against the whole reference to matter;
    `far` tells that the data lies outside what the reference itself covers, `grave` that the change
    is too great for a season, `onward` that the value is the distance from a delivery that had
    shifted itself.
    """

    measure: str
    value: float
    limit: float
    practical: bool = True
    far: bool = False
    grave: bool = False
    onward: bool = False

    @property
    def shifted(self) -> bool:
        """Effect enough; evidence is asked apart."""
        return self.practical and self.value > self.limit


def feature_drift(reference: Reference, frame: pd.DataFrame, context: CheckContext) -> list[CheckResult]:
    """One result a feature, and one more for its missing values where there are or were any.

    `SHIFTED` needs an effect beyond the practical size, beyond chance for this number of rows,
    and beyond what the reference's chunks and past deliveries did from one to the next, and also
    evidence: chi-square against the reference, Benjamini-Hochberg over all checks of the run.
    `UNKNOWN` when there are fewer rows than `min_rows`. A column that is not in `frame` counts as
    missing in every row.
    """
    types = {column.name: column for column in infer_columns(frame)}
    drafts: list[_Draft] = []
    for feature in reference.features:
        column = types.get(feature.name)
        values = None if column is None else _parsed(frame, feature, column)
        current = empty_sketch(feature.bins, len(frame)) if values is None else _sketch(feature, values)
        drafts += _feature_drafts(reference, feature, current, context)
    return _judged(drafts, context)


def prediction_drift(reference: Reference, predictions: Predictions, context: CheckContext) -> list[CheckResult]:
    """The same question of the predictions; no result when the reference has none."""
    feature = reference.prediction
    if feature is None or not len(predictions):
        return []
    current = _sketch(feature, watched_values(predictions))
    past = baseline_of(
        feature,
        reference.prediction_chunks,
        reference.prediction_chunked_by,
        context.earlier(PREDICTION_DRIFT, None),
        current,
        context.moment,
        context.begins,
    )
    return _judged([_drift_draft(PREDICTION_DRIFT, feature, current, past, context)], context)


@dataclass(frozen=True)
class _Draft:
    """A check before the p-values of all checks are corrected together."""

    check: str
    feature: FeatureReference
    current: Sketch
    regime: Sketch | None
    findings: tuple[Finding, ...]
    p_value: float | None
    unknown: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


def _parsed(frame: pd.DataFrame, feature: FeatureReference, column: Column) -> Values | None:
    """The column as the reference's type where it can be read so, else as its own.

    Of a column that became text since, what is no value of that type is missing.
    """
    if feature.type is not None and column.type is ColumnType.TEXT:
        known = recast(frame[column.name], feature.type)
        return parse_column(known, msgspec.structs.replace(column, type=feature.type))
    for kind in dict.fromkeys([feature.type or column.type, column.type]):
        try:
            return parse_column(frame[column.name], msgspec.structs.replace(column, type=kind))
        except DataError:
            continue
    return None


def _sketch(feature: FeatureReference, values: Values) -> Sketch:
    return bin_values(values, feature.bins).sketch(feature.bins)


def _feature_drafts(
    reference: Reference, feature: FeatureReference, current: Sketch, context: CheckContext
) -> list[_Draft]:
    earlier = context.earlier(FEATURE_DRIFT, feature.name)
    past = baseline_of(
        feature, reference.chunks, reference.chunked_by, earlier, current, context.moment, context.begins
    )
    drafts = [_drift_draft(FEATURE_DRIFT, feature, current, past, context)]
    if current.missing or feature.whole.missing:
        drafts.append(_missing_draft(feature, current, context))
    return drafts


def _drift_draft(
    check: str, feature: FeatureReference, current: Sketch, past: BaselineHistory, context: CheckContext
) -> _Draft:
    regimes = [regime for regime in past.regimes(current.present) if regime.present]
    unknown = _too_few(current.present, feature.whole.present, context.settings.min_rows)
    if unknown or not regimes:
        return _Draft(check, feature, current, None, (), None, unknown or "the reference has no values")
    regime = min(regimes, key=lambda one: mix_distance(current, one))
    findings = [
        _finding(measure, distance, feature, current, regimes, past, context.settings.min_effect)
        for measure, distance in distances_of(feature).items()
    ]
    if feature.bins.kind == NUMBER:
        findings.append(_constant(feature, current, context.settings.min_effect))
    p_value = max(homogeneity(current.counts, feature.whole.counts), homogeneity(current.counts, regime.counts))
    return _Draft(check, feature, current, regime, tuple(findings), p_value)


def _finding(
    measure: str,
    distance: Distance,
    feature: FeatureReference,
    current: Sketch,
    regimes: Sequence[Sketch],
    past: BaselineHistory,
    least: float,
) -> Finding:
    """The distance from the closest regime, against what is usual between neighbours."""
    closest = min(regimes, key=lambda one: distance(current, one))
    chance = _chance(measure, feature, current.present, closest.present)
    limit = max(least, chance, past.usual(measure, current.present, distance))
    value, moving = distance(current, closest), False
    if measure == MOVE and value > _SUITING * limit and _unit_suits(feature, closest, current):
        limit = max(least, chance, _SUITING * limit)  # numbers and name agree on what was done
    if past.doubtful is not None and (onward := distance(current, past.doubtful)) > limit / 2:
        # It goes on moving, as a season does; a change that stays would not.
        value, moving = min(value, onward), onward < value
    from_whole = distance(current, feature.whole)
    covered = max(_FAR * least, feature.reach.get(measure, 0.0))
    return Finding(
        measure=measure,
        value=value,
        limit=limit,
        practical=from_whole >= max(least, _chance(measure, feature, current.present, feature.whole.present)),
        far=from_whole > covered,
        grave=value >= _grave(measure, limit),
        onward=moving,
    )


def _unit_suits(feature: FeatureReference, before: Sketch, now: Sketch) -> bool:
    guess = unit_change(feature.name, before.points, now.points)
    return guess is not None and guess.suits


def _chance(measure: str, feature: FeatureReference, n: int, m: int) -> float:
    """What the distance stays below without a change in 999 of 1,000 samples of this size."""
    if measure == MOVE:
        spread = float(np.std(feature.whole.points)) / feature.scale
        return wasserstein_critical(spread, n, m)
    used = sum(1 for count in feature.whole.counts if count)
    return jensen_shannon_critical(used, n, m)


def _grave(measure: str, limit: float) -> float:
    """From here on a change is a break, which needs no second delivery to be believed."""
    if measure == MOVE:
        return max(_BREAK_MOVE, _BREAK * limit)
    return max(_BREAK_SHARE, min(2 * limit, (1 + limit) / 2))


def _constant(feature: FeatureReference, current: Sketch, least: float) -> Finding:
    """A stuck sensor or a default value: one number takes an unusual share of the rows."""
    usual = [feature.whole.top, *(chunk.top for chunk in feature.chunks if chunk.present)]
    limit = min(max(feature.whole.top + least, prediction_limit(usual)), 1.0)
    return Finding(CONSTANT, current.top, limit, grave=current.top >= limit + _BREAK_SHARE)


def _missing_draft(feature: FeatureReference, current: Sketch, context: CheckContext) -> _Draft:
    whole = feature.whole
    unknown = _too_few(current.rows, whole.rows, context.settings.min_rows)
    earlier = [
        float(result.value)
        for result in context.earlier(MISSING_SHARE, feature.name)
        if result.verdict is CheckVerdict.OK and result.value is not None
    ]
    usual = [whole.missing_share, *(chunk.missing_share for chunk in feature.chunks if chunk.rows), *earlier]
    limit = min(max(whole.missing_share + context.settings.min_effect, prediction_limit(usual)), 1.0)
    value = current.missing_share
    p_value = homogeneity((current.present, current.missing), (whole.present, whole.missing))
    finding = Finding(MISSING, value, limit, grave=value >= min(limit + _BREAK_SHARE, (1 + limit) / 2))
    return _Draft(MISSING_SHARE, feature, current, None, (finding,), None if unknown else p_value, unknown)


def _too_few(rows: int, reference_rows: int, least: int) -> str:
    if rows < least:
        return f"{counted(rows, 'row with a value is', 'rows with a value are')} too few to tell (at least {least})"
    if reference_rows < least:
        return f"the reference has only {counted(reference_rows, 'row')} with a value"
    return ""


def _judged(drafts: Sequence[_Draft], context: CheckContext) -> list[CheckResult]:
    tested = [draft for draft in drafts if draft.p_value is not None]
    adjusted = benjamini_hochberg([draft.p_value for draft in tested if draft.p_value is not None])
    corrected = {id(draft): value for draft, value in zip(tested, adjusted, strict=True)}
    return [_result(draft, corrected.get(id(draft)), context) for draft in drafts]


def _result(draft: _Draft, p_value: float | None, context: CheckContext) -> CheckResult:
    evident = p_value is not None and p_value <= context.settings.false_discovery_rate
    shifted = [finding for finding in draft.findings if finding.shifted and evident]
    leading = max(shifted, key=lambda one: one.value / max(one.limit, 1e-9)) if shifted else None
    shown = leading or (draft.findings[0] if draft.findings and not draft.unknown else None)
    verdict = CheckVerdict.UNKNOWN if draft.unknown else CheckVerdict.SHIFTED if shifted else CheckVerdict.OK
    guess = _unit_guess(draft) if leading is not None else None
    broken = any(finding.grave for finding in shifted) or (guess is not None and guess.suits)
    evidence = _evidence(draft, context)
    if shown is not None:
        evidence["measure"] = shown.measure
    if guess is not None and broken:
        evidence["unit_change"] = guess.words
    evidence["break"] = broken
    evidence["onward"] = any(finding.onward for finding in shifted)
    evidence["gradual"] = verdict is CheckVerdict.OK and any(finding.far for finding in draft.findings)
    result = CheckResult(
        model=context.model,
        model_version=context.model_version,
        check=draft.check,
        feature=draft.feature.name or None,
        verdict=verdict,
        value=None if shown is None else _round(shown.value),
        limit=None if shown is None else _round(shown.limit),
        p_value=p_value,
        rows=draft.current.rows,
        importance=draft.feature.importance,
        evidence=evidence,
        at=context.at,
    )
    message = wording.message_of(result, draft.feature, draft.current, draft.regime, draft.unknown)
    return msgspec.structs.replace(result, message=message)


def _unit_guess(draft: _Draft) -> Guess | None:
    """Only what is delivered has a unit that can change on the way; an answer has the model's own."""
    if draft.regime is None or draft.feature.bins.kind != NUMBER or draft.check == PREDICTION_DRIFT:
        return None
    return unit_change(draft.feature.name, draft.regime.points, draft.current.points)


def _evidence(draft: _Draft, context: CheckContext) -> dict[str, Any]:
    """At most 20 bins for the plot, the distances by name, and what a later run needs."""
    feature, current = draft.feature, draft.current
    evidence: dict[str, Any] = {"source": context.source, "data": context.data, "reference_rows": feature.whole.rows}
    if draft.check == MISSING_SHARE:
        return {
            **evidence,
            "missing": current.missing,
            "reference_share": _round(feature.whole.missing_share),
            "chunks": [_round(chunk.missing_share) for chunk in feature.chunks],
        }
    evidence |= {
        "kind": feature.bins.kind,
        "labels": list(feature.bins.labels),
        "reference": list(feature.whole.counts),
        "current": list(current.counts),
        "recent": [] if draft.regime is None else list(draft.regime.counts),
        "bins": feature.bins.key,
        "moment": context.moment.isoformat(),
        "sketch": {
            "rows": current.rows,
            "missing": current.missing,
            "points": list(current.points),
            "top": current.top,
        },
        "findings": [
            {"measure": one.measure, "value": _round(one.value), "limit": _round(one.limit), "far": one.far}
            for one in draft.findings
        ],
        "psi": _round(psi(current.counts, feature.whole.counts)),
        "jensen_shannon": _round(jensen_shannon(current.counts, feature.whole.counts, corrected=True)),
    }
    if feature.bins.kind == NUMBER:
        evidence["kolmogorov_smirnov"] = _round(kolmogorov_smirnov(current.counts, feature.whole.counts))
        evidence["wasserstein"] = _round(move_distance(feature.scale)(current, feature.whole))
    return evidence


def _round(value: float) -> float:
    return float(f"{value:.5g}")
