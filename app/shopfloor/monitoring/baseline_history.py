"""What a feature did before: chunks of the reference, then the deliveries that were in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import msgspec

from shopfloor.domain.codec import convert, utc
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.check_context import Sample
from shopfloor.monitoring.check_history import is_break, is_still_moving
from shopfloor.monitoring.levels import is_learned
from shopfloor.monitoring.records import Chunk, FeatureReference, Sketch
from shopfloor.monitoring.thresholds import FEW_ROWS, Distance, away, merge, prediction_limit, recent, steps

_SEASON_DAYS = 31.0
_SEASON_AGE = timedelta(days=300)
_YEAR_DAYS = 365.2425
_KEPT = 24
_POOLED = 1000
_LENGTHS = 6
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class BaselineHistory:
    """`before` is what came before the delivery and `line` all that is known, both oldest first;
    they are the same for a delivery that is younger than the reference. `season` holds the chunks
    of this time of earlier years.

    `unconfirmed` is the newest delivery when it had shifted, though not so much as to be a break:
    the next one tells whether that was a step of a season or a change that stays. With `ordered`
    neighbours in `line` are neighbours in time; without a time in the reference the chunks are
    random, and the whole reference is what a delivery should resemble.
    """

    feature: FeatureReference
    before: tuple[Sketch, ...]
    line: tuple[Sketch, ...]
    deliveries: tuple[Sketch, ...]
    unconfirmed: Sketch | None
    season: tuple[Sketch, ...]
    ordered: bool

    def regimes(self, rows: int) -> list[Sketch]:
        """What a delivery of `rows` rows may resemble to be nothing new."""
        found = [recent(self.before, rows)] if self.before else []
        if not self.ordered or not found:
            found.append(self.feature.whole)
        return [*found, merge(self.season)] if self.season else found

    def pooled(self, current: Sketch) -> tuple[Sketch, BaselineHistory] | None:
        """A small delivery with those just before it, a thousand rows in all, and the past of these; None where it is
        not small, or they are not as many.

        Deliveries that are too small to show a jump would become the past of each other, and so the jump its own.
        """
        taken = [current]
        while sum(one.present for one in taken) < _POOLED and len(taken) <= len(self.deliveries):
            taken.append(self.deliveries[-len(taken)])
        known = len(taken) - 1
        if not known or (self.ordered and len(self.before) <= known) or sum(one.present for one in taken) < _POOLED:
            return None
        past = replace(
            self,
            before=self.before[:-known],
            line=self.line[:-known] if self.line is self.before else self.line,
            deliveries=self.deliveries[:-known],
            unconfirmed=None,
        )
        lately = merge(taken[::-1])
        # Of a season's steps the past must have several of that length to tell what is usual.
        enough = not self.ordered or sum(one.present for one in past.line) >= _LENGTHS * lately.present
        return (lately, past) if enough else None

    def usual(self, measure: str, rows: int, distance: Distance) -> float:
        """How far neighbours of about `rows` rows may be apart by themselves."""
        if self.ordered:
            known = prediction_limit(steps(self.line, rows, distance))
            return known if self.before else max(known, self.feature.reach.get(measure, 0.0))
        # Random chunks differ by chance alone; the deliveries show what time adds.
        whole = self.feature.whole
        apart = self.feature.apart.get(measure) or away(self.line, whole, distance)  # of a reference of before
        return prediction_limit([*apart, *(distance(sketch, whole) for sketch in self.deliveries)])


def baseline_of(
    feature: FeatureReference,
    chunks: Sequence[Chunk],
    chunked_by: str,
    history: Sequence[CheckResult],
    current: Sketch,
    moment: datetime,
    begins: datetime | None,
) -> BaselineHistory:
    """What came before a delivery whose rows begin at `begins` (None: after the reference) and are
    about `moment`; `history` are earlier results of this feature's drift check.

    A delivery from within the reference's time (a late one, or a back-test's) is compared with
    what came before it, not with itself or with what followed.
    """
    deliveries, unconfirmed = _deliveries(feature, history, current, moment)
    known = [
        (sketch, chunk) for sketch, chunk in zip(feature.chunks, chunks, strict=False) if sketch.present >= FEW_ROWS
    ]
    filled = tuple(sketch for sketch, _ in known)
    season = tuple(sketch for sketch, chunk in known if _same_season(chunk, moment))
    if chunked_by == "random" or not filled:
        return BaselineHistory(feature, deliveries, filled, deliveries, unconfirmed, season, ordered=False)
    if begins is None or utc(begins) >= max(_end(chunk) for _, chunk in known):
        line = (*filled, *deliveries)
        return BaselineHistory(feature, line, line, deliveries, unconfirmed, season, ordered=True)
    earlier = tuple(sketch for sketch, chunk in known if _end(chunk) <= utc(begins))
    return BaselineHistory(feature, (*earlier, *deliveries), filled, deliveries, unconfirmed, season, ordered=True)


def untold(
    feature: FeatureReference,
    chunks: Sequence[Chunk],
    history: Sequence[CheckResult],
    sample: Sample,
) -> tuple[Sketch, ...]:
    """The deliveries before `sample` that were too small to tell, since the newest that could, each once, oldest first.

    Together with `sample` they are no longer than a chunk of the reference: of a longer time it does not say how far it
    moves by itself, and a season would be news. Predictions are none: those that could not tell are read again with
    those that follow.
    """
    if sample.source != Sample.source:
        return ()
    found: dict[str, tuple[datetime, Sketch]] = {}
    last = utc(sample.moment)
    newest_first = sorted(history, key=lambda one: one.at)[::-1]
    since = list(takewhile(lambda one: one.verdict is CheckVerdict.UNKNOWN, newest_first))
    for result in reversed(since):
        name = str(result.evidence.get("data") or result.at)
        if name != sample.data and (about := _moment_of(result)) < last:
            sketch = _sketch_in_bins(feature, result)
            if sketch is not None:
                found[name] = about, sketch
    small = [one for one in found.values() if not is_learned(one[1], feature)]
    small.sort(key=lambda one: one[0])
    return tuple(sketch for _, sketch in small[_within(chunks, [at for at, _ in small], sample.moment) :])


def _within(chunks: Sequence[Chunk], moments: Sequence[datetime], last: datetime) -> int:
    """From which of the `moments` on they are, with `last`, about times within the length of a chunk.

    A moment is the middle of its rows: k deliveries side by side are k / (k - 1) times as long as from the first
    moment to the last.
    """
    lengths = [utc(chunk.end) - utc(chunk.start) for chunk in chunks if chunk.start and chunk.end]
    for place, moment in enumerate(moments):
        many = len(moments) - place + 1
        if not lengths or (utc(last) - moment) * many / (many - 1) <= max(lengths):
            return place
    return len(moments)


def _end(chunk: Chunk) -> datetime:
    return _EVER if chunk.end is None else utc(chunk.end)


def sketch_of(result: CheckResult) -> Sketch | None:
    """The sketch that a drift result keeps in its evidence; its counts are those of the plot."""
    found: Any = result.evidence.get("sketch")
    try:
        return convert({**found, "counts": result.evidence.get("current")}, Sketch) if isinstance(found, dict) else None
    except msgspec.ValidationError:
        return None


def _deliveries(
    feature: FeatureReference, history: Sequence[CheckResult], current: Sketch, moment: datetime
) -> tuple[tuple[Sketch, ...], Sketch | None]:
    """Deliveries about times before `moment` in the same bins, each once, oldest first, and the
    newest apart when it is unconfirmed. A break is never part of the past; a shift is once a delivery
    followed that was in order or moved on from it."""
    found: dict[str, tuple[datetime, Sketch, bool, bool]] = {}
    now = utc(moment)
    for result in sorted(history, key=lambda one: one.at):
        sketch = _usable(feature, result)
        if sketch is not None and sketch != current and (about := _moment_of(result)) < now:
            name = str(result.evidence.get("data") or result.at)
            found[name] = (about, sketch, result.verdict is CheckVerdict.OK, is_still_moving(result))
    items = sorted(found.values(), key=lambda one: one[0])
    sure = 0
    for place, (_, _, accepted, still_moving) in enumerate(items):
        sure = place + 1 if accepted else max(sure, place if still_moving else 0)
    unconfirmed = items[-1][1] if items[sure:] else None
    return tuple(sketch for _, sketch, _, _ in items[:sure])[-_KEPT:], unconfirmed


def _moment_of(result: CheckResult) -> datetime:
    """The time that a result's data is about; when it was checked, where that is not known."""
    try:
        return utc(datetime.fromisoformat(str(result.evidence.get("moment"))))
    except ValueError:
        return utc(result.at)


def _usable(feature: FeatureReference, result: CheckResult) -> Sketch | None:
    if result.verdict is CheckVerdict.UNKNOWN or is_break(result):
        return None
    sketch = _sketch_in_bins(feature, result)
    if sketch is None or sketch.present < FEW_ROWS:
        return None
    if is_learned(sketch, feature):
        return None  # the reference has these rows already
    return sketch


def _sketch_in_bins(feature: FeatureReference, result: CheckResult) -> Sketch | None:
    """None for a result in other bins than the feature has now."""
    sketch = sketch_of(result) if result.evidence.get("bins") == feature.bins.key else None
    return None if sketch is None or len(sketch.counts) != len(feature.bins.labels) else sketch


def _same_season(chunk: Chunk, moment: datetime) -> bool:
    if chunk.start is None or chunk.end is None:
        return False
    middle = utc(chunk.start) + (utc(chunk.end) - utc(chunk.start)) / 2
    age = utc(moment) - middle
    if age < _SEASON_AGE:
        return False
    days = age.total_seconds() / 86400 % _YEAR_DAYS
    return min(days, _YEAR_DAYS - days) <= _SEASON_DAYS
