"""What a training did, line by line: rows, candidates with their scores, the choice, the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shopfloor.domain.numbers import count, duration, figure, gain, interval, size
from shopfloor.domain.release import Decision, GateCheck
from shopfloor.domain.run import CandidateScore, SegmentScore
from shopfloor.domain.text import counted
from shopfloor.engine.line.train_records import TrainOutcome

_SEGMENTS = 100


def lines(outcome: TrainOutcome, notes: Sequence[str], decision: Decision) -> Iterator[str]:
    """The whole of a training that ended well, with the notes and the decision that were stored."""
    record = outcome.record
    span = f", {record.holdout_from} to {record.holdout_to}" if record.holdout_from and record.holdout_to else ""
    split = f"{record.split.value}{span}"
    blocks = f" in {record.blocks} blocks" if record.blocks > 1 else ""
    yield f"{counted(record.train_rows, 'row')} learned, {count(record.holdout_rows)} of them judged{blocks} ({split})"
    for candidate in record.candidates:
        yield _candidate(candidate, record.metric)
    scores = ", ".join(f"{name} {figure(score)}" for name, score in record.metrics.items())
    yield f"Chosen: {record.chosen}; on the holdout {scores}"
    kept = next((one.promise for one in record.candidates if one.name == record.chosen), None)
    if kept is not None:
        yield f"Promise: {record.metric} of the next block in {interval(kept)} (90 %)"
    for segment in record.segments[:_SEGMENTS]:
        yield _segment(segment, record.metric)
    if len(record.segments) > _SEGMENTS:
        yield f"and {counted(len(record.segments) - _SEGMENTS, 'more segment')}"
    if record.features:
        yield f"Most important features: {', '.join(feature.name for feature in record.features[:5])}"
    yield from notes
    steps = ", ".join(f"{step} {duration(seconds)}" for step, seconds in record.seconds.items())
    yield f"Artifact {outcome.artifact.sha256[:12]}, {size(outcome.artifact.bytes)}" + (f"; {steps}" if steps else "")
    yield from _decision(decision)


def _candidate(candidate: CandidateScore, metric: str) -> str:
    if candidate.error:
        return f"Candidate {candidate.name} failed: {candidate.error}"
    first = f"{metric} {figure(candidate.metrics.get(metric))}"
    others = [f"{name} {figure(score)}" for name, score in candidate.metrics.items() if name != metric]
    return f"Candidate {candidate.name}: {', '.join([first, *others])} ({duration(candidate.seconds)})"


def _segment(segment: SegmentScore, metric: str) -> str:
    end = f"the pooled model serves: {segment.fallback}" if segment.fallback else f"{metric} {figure(segment.score)}"
    return f"Segment {segment.segment}: {counted(segment.rows, 'row')}, {end}"


def _decision(decision: Decision) -> Iterator[str]:
    against = f" against champion v{decision.champion}" if decision.champion is not None else ""
    yield f"Gate{against}: {decision.outcome.value}. {decision.reason}"
    if decision.gain is not None:
        between = f" {interval(decision.interval)}" if decision.interval is not None else ""
        yield f"Gain in {decision.metric}: {gain(decision.gain)}{between} on {counted(decision.rows, 'row')}"
    for check in decision.checks:
        yield _check(check)


def _check(check: GateCheck) -> str:
    verdict = "inconclusive" if check.passed is None else "passed" if check.passed else "not passed"
    advice = "" if check.blocking else ", advice"
    return f"Gate check {check.code}: {verdict}{advice}" + (f"; {check.detail}" if check.detail else "")
