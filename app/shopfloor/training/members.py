"""The members of a family: fitted in chunks, kept in a scratch directory until the run is done."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.pickling import to_bytes
from shopfloor.artifacts.segments import segments_of
from shopfloor.artifacts.table import Table
from shopfloor.artifacts.threads import limited
from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.numbers import rounded
from shopfloor.lake.frame import read_parts
from shopfloor.statistics.metrics import proper_losses
from shopfloor.statistics.predictions import from_scores
from shopfloor.training.candidates.candidate import FitJob
from shopfloor.training.candidates.registry import fit
from shopfloor.training.prepared import Prepared, prepare
from shopfloor.training.records import TrainSpec

VALIDATION_SHARE = 0.2
"""The share of training rows that decide between a member and the pooled model."""
_LEAST_JUDGES = 8
_LEAST_OF_CLASS = 5
_LARGE = 300


class Slice(msgspec.Struct, frozen=True):
    """One segment's rows, as positions in tables sorted by segment, and the losses (float64) of
    the pooled model on those that judge."""

    segment: str
    train: tuple[int, int]
    holdout: tuple[int, int]
    pooled: bytes = b""


class MemberFit(msgspec.Struct, frozen=True):
    """A member as bytes with its scores of the segment's holdout rows (float64, rows by outputs),
    or the reason (`fallback`) why the pooled model serves the segment."""

    segment: str
    model: bytes = b""
    scores: bytes = b""
    fallback: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sorted:
    """Training and holdout rows sorted by segment; `job` has the training rows, `judges` marks
    those that decide whether a member is kept."""

    job: FitJob
    judges: NDArray[np.bool_]
    holdout: Table
    slices: list[Slice]

    def chunk(self, slices: Sequence[Slice]) -> Sorted:
        """Only the rows of consecutive `slices`, to be sent to a worker."""
        train = slice(slices[0].train[0], slices[-1].train[1])
        holdout = slice(slices[0].holdout[0], slices[-1].holdout[1])
        moved = [
            msgspec.structs.replace(
                one,
                train=(one.train[0] - train.start, one.train[1] - train.start),
                holdout=(one.holdout[0] - holdout.start, one.holdout[1] - holdout.start),
            )
            for one in slices
        ]
        job = self.job.take(train)
        job = replace(job, train=job.train.compact())
        return Sorted(job, self.judges[train], self.holdout.take(holdout).compact(), moved)


def by_segment(prepared: Prepared, job: FitJob, segment_by: Sequence[str]) -> tuple[Sorted, NDArray[np.intp]]:
    """The prepared rows sorted by segment (their order inside a segment unchanged), and the
    positions of the sorted holdout rows in the unsorted ones."""
    segments = segments_of(prepared.frame, segment_by)
    train, holdout = segments[prepared.parted.train], segments[prepared.parted.holdout]
    names = sorted(set(train) | set(holdout))
    places = {name: place for place, name in enumerate(names)}
    train_order, train_ends = _order(train, places)
    holdout_order, holdout_ends = _order(holdout, places)
    slices = [
        Slice(name, (train_ends[place], train_ends[place + 1]), (holdout_ends[place], holdout_ends[place + 1]))
        for place, name in enumerate(names)
    ]
    judges = job.latest(VALIDATION_SHARE)[train_order]
    return Sorted(job.take(train_order), judges, prepared.holdout.take(holdout_order), slices), holdout_order


def with_pooled_losses(rows: Sorted, candidate: str) -> Sorted:
    """The slices with the losses of a pooled model that has not seen the rows that judge."""
    judges = np.flatnonzero(rows.judges)
    pooled = fit(candidate, rows.job.take(~rows.judges)).model
    losses = np.zeros(len(rows.judges))
    scores = pooled.scores(rows.job.train.take(judges))
    losses[judges] = proper_losses(from_scores(rows.job.task, rows.job.values[judges], scores))
    filled = []
    for one in rows.slices:
        place = slice(*one.train)
        own = losses[place][rows.judges[place]]
        filled.append(msgspec.structs.replace(one, pooled=own.tobytes()))
    return replace(rows, slices=filled)


def too_small(part: Slice, rows: Sorted, least: int) -> str:
    """Why a segment has too few rows for a model of its own; empty when it is not."""
    place = slice(*part.train)
    count = place.stop - place.start
    if count < least:
        return f"{count} training rows, fewer than {least}"
    if int(rows.judges[place].sum()) < _LEAST_JUDGES:
        return f"{count} training rows, of which too few are recent enough to judge a model of its own"
    if rows.job.task is Task.REGRESSION:
        return ""
    classes = np.sort(np.bincount(rows.job.values[place][~rows.judges[place]], minlength=2))[::-1]
    if classes[1] == 0:
        return "its training rows have one class"
    if classes[1] < _LEAST_OF_CLASS:
        return f"only {classes[1]} training rows of the second class"
    return ""


def fit_members(rows: Sorted, candidate: str, scratch: str) -> list[MemberFit]:
    """Fit the members of a chunk, taking those already in `scratch` from there."""
    return [_kept(part, scratch) or _fit_member(rows, part, candidate, scratch) for part in rows.slices]


def fit_members_of(
    spec: TrainSpec, job: FitJob, slices: Sequence[Slice], candidate: str, scratch: str, every: bool
) -> list[MemberFit]:
    """As `fit_members` on another machine: the rows are read there from the parts, not sent.

    `job` comes without rows. `every`: members learn all rows.
    """
    prepared = _prepared_there(to_json(spec))
    if every:
        prepared = prepared.judged_by_all()
    full = replace(job, train=prepared.train, values=prepared.train_values, late=prepared.parted.late)
    rows, _ = by_segment(prepared, full, spec.definition.segment_by)
    with limited(1):
        return fit_members(replace(rows, slices=list(slices)), candidate, scratch)


def scratch_for(spec: TrainSpec, candidate: str, *, every: bool) -> str:
    """The directory for finished members of exactly this training, on `every` row or as they are judged, or "" when
    none is kept.
    """
    if not spec.scratch:
        return ""
    same = msgspec.structs.replace(spec, run="", workers=0, backend="", scratch="", scheduler="")
    name = hashlib.sha256(to_json(same) + candidate.encode() + bytes([every])).hexdigest()[:32]
    path = Path(spec.scratch) / f"members-{name}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(path)


def _fit_member(rows: Sorted, part: Slice, candidate: str, scratch: str) -> MemberFit:
    try:
        member = _judged_member(rows, part, candidate)
    except ShopfloorError as error:
        return MemberFit(part.segment, fallback=error.message)
    except Exception as error:  # noqa: BLE001  (one segment's failure must not fail the family)
        return MemberFit(part.segment, fallback=f"fitting failed: {type(error).__name__}: {error}"[:300])
    _keep(member, scratch)
    return member


def _judged_member(rows: Sorted, part: Slice, candidate: str) -> MemberFit:
    job = rows.job.take(slice(*part.train))
    judges = rows.judges[slice(*part.train)]
    trial = fit(candidate, job.take(~judges)).model
    own = proper_losses(from_scores(job.task, job.values[judges], trial.scores(job.train.take(judges))))
    reason = not_better(own, np.frombuffer(part.pooled), job.train.rows, job.task)
    if reason:
        return MemberFit(part.segment, fallback=reason)
    model = fit(candidate, job).model
    scores = model.scores(rows.holdout.take(slice(*part.holdout)))
    features = tuple(one.name for one in model.features)
    return MemberFit(part.segment, to_bytes(model), np.ascontiguousarray(scores).tobytes(), features=features)


def not_better(own: NDArray[np.float64], pooled: NDArray[np.float64], rows: int, task: Task) -> str:
    """Why the pooled model serves a segment of `rows` training rows; empty when it need not.

    `own` and `pooled` are losses on the same judging rows. A segment with few rows must show that
    its own model is better by one standard error; with many rows (300 or more) it keeps its model
    unless that is worse by one.
    """
    worse = own - pooled
    error = float(worse.std(ddof=1)) / len(worse) ** 0.5
    if float(worse.mean()) <= (error if rows >= _LARGE else -error):
        return ""
    name = "squared error" if task is Task.REGRESSION else "log loss"
    verdict = "is better" if rows >= _LARGE else "is as good"
    figures = f"{name} {rounded(pooled.mean(), 4)}, own {rounded(own.mean(), 4)}"
    return f"pooled model {verdict} on the last {len(own)} training rows ({figures})"


def _order(segments: NDArray[Any], places: dict[Any, int]) -> tuple[NDArray[np.intp], list[int]]:
    codes = np.array([places[name] for name in segments], dtype=np.intp)
    order = np.argsort(codes, kind="stable")
    return order, np.searchsorted(codes[order], np.arange(len(places) + 1)).tolist()


def _path(segment: str, scratch: str) -> Path:
    return Path(scratch) / hashlib.sha256(segment.encode("utf-8", "surrogatepass")).hexdigest()


def _kept(part: Slice, scratch: str) -> MemberFit | None:
    if not scratch:
        return None
    try:
        member = msgspec.msgpack.decode(_path(part.segment, scratch).read_bytes(), type=MemberFit)
    except (OSError, msgspec.DecodeError):
        return None
    return member if member.segment == part.segment else None


def _keep(member: MemberFit, scratch: str) -> None:
    if not scratch:
        return
    path = _path(member.segment, scratch)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(msgspec.msgpack.encode(member))
    temporary.rename(path)


@lru_cache(maxsize=1)
def _prepared_there(spec: bytes) -> Prepared:
    known = from_json(spec, TrainSpec)
    return prepare(read_parts(known.parts, known.columns), known.columns, known.definition)
