"""How far a distribution has moved: effect and evidence, against what the data does by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.numbers import significant
from shopfloor.monitoring import wording
from shopfloor.monitoring.baseline_history import BaselineHistory, baseline_of, untold
from shopfloor.monitoring.bins import NUMBER
from shopfloor.monitoring.check_context import CheckContext, Sample
from shopfloor.monitoring.levels import commonest_levels, is_learned
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.rates import counted_in, has_vanished
from shopfloor.monitoring.records import CONSTANT, UNSEEN, VANISHED, Bins, Chunk, FeatureReference, Sketch
from shopfloor.monitoring.thresholds import (
    FEW_ROWS,
    MOVE,
    Distance,
    distances_of,
    merge,
    mix_distance,
    move_distance,
    prediction_limit,
)
from shopfloor.monitoring.units import unit_change
from shopfloor.statistics.distances import (
    homogeneity,
    jensen_shannon,
    jensen_shannon_critical,
    kolmogorov_smirnov,
    psi,
    wasserstein_critical,
)

BREAK_SHARE = 0.3
"""A share of the rows that no season adds from one delivery to the next."""

_UNSEEN_SHARE = 0.03
_NOVEL = 0.01  # with no more new levels than that, a reference knows them all
_SURE = 4.0
_MOSTLY = 0.1

_FAR = 3.0
_BREAK = 3.0
_SUITING = 0.6
_BREAK_MOVE = 0.5


def unseen_share(sketch: Sketch, bins: Bins) -> float:
    """The share of the rows with a value whose value the other rows of the reference do not have."""
    if bins.known is None or not sketch.present:
        return 0.0
    return (sketch.unseen if bins.kind == NUMBER else sketch.counts[-1]) / sketch.present


def vanished_levels(feature: FeatureReference, current: Sketch) -> dict[str, float]:
    """The share that each level had of which not one row is left, though there should be some."""
    whole = feature.whole
    shares = {place: whole.counts[place] / max(whole.present, 1) for place in range(len(feature.bins.levels))}
    return {
        feature.bins.levels[place]: share
        for place, share in shares.items()
        if not current.counts[place] and has_vanished(share * current.present, counted_in(feature.chunks, place))
    }


def measure_drift(
    check: str,
    feature: FeatureReference,
    chunks: tuple[Sequence[Chunk], str],
    current: Sketch,
    sample: Sample,
    context: CheckContext,
    *,
    has_unit: bool,
) -> Measurement:
    """Whether `current` has moved from what came before it.

    SHIFTED needs an effect beyond the practical size, beyond chance for this number of rows, and
    beyond what the reference's chunks and past deliveries did from one to the next, and also
    evidence: chi-square against the reference. UNKNOWN when there are fewer rows than `min_rows`, together with those
    of the deliveries just before that were too few, too.
    `chunks` are those of the reference and what they are divided by. Only what `has_unit` can have
    changed its unit on the way; a prediction has the model's own.
    """
    if not feature.whole.present and current.present:
        return _filled(check, feature, current, sample, context)
    earlier = context.earlier(check, feature.name or None, sample.source)
    least = context.settings.min_rows
    if too_few(current.present, feature.whole.present, least) and not is_learned(current, feature):
        together = merge([*untold(feature, chunks[0], earlier, sample), current])
        current = together if together.present >= least else current
    past = baseline_of(feature, *chunks, earlier, current, sample.moment, sample.begins)
    regimes = [regime for regime in past.regimes(current.present) if regime.present]
    unknown = too_few(current.present, feature.whole.present, least)
    if not unknown and not regimes:
        unknown = "the reference has no values"
    if unknown:
        return _measurement(check, feature, current, None, sample, (), None, unknown)
    compared = _Comparison(feature, current, tuple(regimes), past, context.settings.min_effect).fair()
    regime, p_value = compared.closest()
    findings = compared.findings()
    pooled = None if is_learned(current, feature) else past.pooled(current)
    if pooled is not None:
        lately = _Comparison(feature, pooled[0], tuple(pooled[1].regimes(pooled[0].present)), pooled[1], compared.least)
        findings += lately.moves()
        p_value = min(1.0, 2 * min(p_value, lately.closest()[1]))
    if compared.is_mostly_new():
        p_value = min(1.0, 2 * min(p_value, homogeneity(_commonest(current), _commonest(feature.whole))))
    return _measurement(check, feature, current, regime, sample, findings, p_value, has_unit=has_unit)


def _filled(
    check: str, feature: FeatureReference, current: Sketch, sample: Sample, context: CheckContext
) -> Measurement:
    """A column without any value in the reference, and now with some."""
    whole = feature.whole
    finding = Finding(UNSEEN, current.present / current.rows, _UNSEEN_SHARE, is_break=True)
    p_value = homogeneity((current.present, current.missing), (whole.present, whole.missing))
    unknown = too_few(current.rows, whole.rows, context.settings.min_rows)
    tested = None if unknown else p_value
    return _measurement(check, feature, current, None, sample, (finding,), tested, unknown)


def _measurement(
    check: str,
    feature: FeatureReference,
    current: Sketch,
    regime: Sketch | None,
    sample: Sample,
    findings: Sequence[Finding],
    p_value: float | None,
    unknown: str = "",
    has_unit: bool = False,
) -> Measurement:
    guess = None
    is_number = has_unit and feature.bins.kind == NUMBER
    if is_number and regime is not None and any(finding.shifted for finding in findings):
        guess = unit_change(feature.name, regime.points, current.points)

    def message(result: CheckResult) -> str:
        return wording.drift(result, feature, current, regime, unknown)

    return Measurement(
        check=check,
        sample=sample,
        feature=feature.name or None,
        rows=current.rows,
        importance=feature.importance,
        findings=findings,
        p_value=p_value,
        unknown=unknown,
        unit_change="" if guess is None else guess.words,
        unit_is_certain=guess is not None and guess.is_certain,
        evidence=_evidence(feature, current, regime, sample, findings),
        message=message,
    )


@dataclass(frozen=True)
class _Comparison:
    """A delivery beside what it may resemble (`regimes`); `least` is the smallest effect that matters."""

    feature: FeatureReference
    current: Sketch
    regimes: tuple[Sketch, ...]
    past: BaselineHistory
    least: float

    def findings(self) -> list[Finding]:
        if self.feature.constant:
            return [self._unseen()]
        found = self.moves()
        if self.feature.bins.kind == NUMBER or self.is_mostly_new():
            found.append(self._constant())
        if self.feature.bins.known is not None:
            found.append(self._unseen())
        return [*found, self._vanished()] if self.feature.bins.levels else found

    def fair(self) -> _Comparison:
        """Of rows that the reference itself is made of, only the commonest levels can be compared."""
        feature = self.feature
        if not is_learned(self.current, feature):
            return self
        whole, current, *regimes = (
            commonest_levels(one, feature.bins) for one in (feature.whole, self.current, *self.regimes)
        )
        known = msgspec.structs.replace(feature, whole=whole)
        return replace(self, feature=known, current=current, regimes=tuple(regimes))

    def moves(self) -> list[Finding]:
        """How far the distribution as a whole has moved, by each distance."""
        return [self._moved(measure, distance) for measure, distance in distances_of(self.feature).items()]

    def closest(self) -> tuple[Sketch, float]:
        """The regime that is most like the delivery, and the evidence that it is none of it nor of the reference."""
        counts = self.current.counts
        regime = min(self.regimes, key=lambda one: mix_distance(self.current, one))
        return regime, max(homogeneity(counts, self.feature.whole.counts), homogeneity(counts, regime.counts))

    def _moved(self, measure: str, distance: Distance) -> Finding:
        """The distance from the closest regime, against what is usual between neighbours."""
        feature, current, least = self.feature, self.current, self.least
        closest = min(self.regimes, key=lambda one: distance(current, one))
        chance = self._chance(measure, closest)
        limit = max(least, chance, self.past.usual(measure, current.present, distance))
        value, still_moving = distance(current, closest), False
        if measure == MOVE and value > _SUITING * limit and _unit_suits(feature, closest, current):
            limit = max(least, chance, _SUITING * limit)  # numbers and name agree on what was done
        unconfirmed = self.past.unconfirmed
        if unconfirmed is not None and (step := distance(current, unconfirmed)) > max(
            limit / 2, self._chance(measure, unconfirmed)
        ):
            # It goes on moving, as a season does; a change that stays would not, but for what chance adds to few rows.
            value, still_moving = min(value, step), step < value
        from_whole, chance_of_whole = distance(current, feature.whole), self._chance(measure, feature.whole)
        return Finding(
            measure=measure,
            value=value,
            limit=limit,
            practical=from_whole >= max(least, chance_of_whole),
            far=from_whole > max(_FAR * least, feature.reach.get(measure, 0.0), chance_of_whole),
            is_break=value >= _break_limit(measure, limit),
            still_moving=still_moving,
        )

    def _chance(self, measure: str, other: Sketch) -> float:
        """What the distance stays below without a change in 999 of 1,000 samples of this size."""
        whole = self.feature.whole
        if measure == MOVE:
            spread = float(np.std(whole.points)) / self.feature.scale
            return wasserstein_critical(spread, self.current.present, other.present)
        used = sum(1 for count in whole.counts if count)
        return jensen_shannon_critical(used, self.current.present, other.present)

    def _unseen(self) -> Finding:
        """Levels or codes that never occurred before: more of them than each stretch of the reference brought."""
        bins, whole, rows = self.feature.bins, self.feature.whole, self.current.present
        share, before = unseen_share(self.current, bins), unseen_share(whole, bins)
        noise = max(before, _NOVEL) * (1 - max(before, _NOVEL)) * (1 / rows + 1 / whole.present)
        past = [*self.feature.chunks, *self.past.deliveries]
        usual = prediction_limit([unseen_share(one, bins) for one in past if one.present >= FEW_ROWS])
        limit = max(before + max(_UNSEEN_SHARE, _SURE * math.sqrt(noise)), usual)
        # From one constant number to another, as a year does: the next delivery tells whether it goes on.
        stepped = self.feature.constant and self.current.top == 1.0
        sudden = before <= _NOVEL or share >= before + BREAK_SHARE
        return Finding(UNSEEN, share, min(limit, 1.0), is_break=sudden and not stepped)

    def is_mostly_new(self) -> bool:
        """Whether new levels are the usual thing, so that nothing else would tell that all are the same one."""
        whole = self.feature.whole
        return whole.top > 0 and unseen_share(whole, self.feature.bins) > _MOSTLY

    def _vanished(self) -> Finding:
        return Finding(VANISHED, sum(vanished_levels(self.feature, self.current).values()), 0.0, is_break=True)

    def _constant(self) -> Finding:
        """A stuck sensor or a default value: one number takes an unusual share of the rows."""
        whole = self.feature.whole
        usual = [whole.top, *(chunk.top for chunk in self.feature.chunks if chunk.present)]
        limit = min(max(whole.top + self.least, prediction_limit(usual)), 1.0)
        return Finding(CONSTANT, self.current.top, limit, is_break=self.current.top >= limit + BREAK_SHARE)


def _commonest(sketch: Sketch) -> tuple[int, int]:
    """The rows of the commonest value, and the others."""
    rows = round(sketch.top * sketch.present)
    return rows, sketch.present - rows


def _unit_suits(feature: FeatureReference, before: Sketch, now: Sketch) -> bool:
    guess = unit_change(feature.name, before.points, now.points)
    return guess is not None and guess.is_certain


def _break_limit(measure: str, limit: float) -> float:
    """From here on a change is a break, which needs no second delivery to be believed."""
    if measure == MOVE:
        return max(_BREAK_MOVE, _BREAK * limit)
    return max(BREAK_SHARE, min(2 * limit, (1 + limit) / 2))


def _evidence(
    feature: FeatureReference, current: Sketch, regime: Sketch | None, sample: Sample, findings: Sequence[Finding]
) -> dict[str, Any]:
    """At most 20 bins for the plot, the distances by name, and what a later run needs."""
    evidence: dict[str, Any] = {
        "reference_rows": feature.whole.rows,
        "used": feature.used,
        "kind": feature.bins.kind,
        "labels": list(feature.bins.labels),
        "reference": list(feature.whole.counts),
        "current": list(current.counts),
        "recent": [] if regime is None else list(regime.counts),
        "bins": feature.bins.key,
        "moment": sample.moment.isoformat(),
        "sketch": {
            "rows": current.rows,
            "missing": current.missing,
            "points": list(current.points),
            "top": current.top,
            "unseen": current.unseen,
        },
        "findings": [
            {"measure": one.measure, "value": significant(one.value), "limit": significant(one.limit), "far": one.far}
            for one in findings
        ],
        "psi": significant(psi(current.counts, feature.whole.counts)),
        "jensen_shannon": significant(jensen_shannon(current.counts, feature.whole.counts, corrected=True)),
    }
    if feature.bins.kind == NUMBER:
        evidence["kolmogorov_smirnov"] = significant(kolmogorov_smirnov(current.counts, feature.whole.counts))
        evidence["wasserstein"] = significant(move_distance(feature.scale)(current, feature.whole))
    return evidence
