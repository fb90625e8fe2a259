"""Runs as text."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.cli.output.cells import count, figure, minute, moment, pairs, span, text, version, words
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, present, sentence, table
from shopfloor.domain.numbers import interval
from shopfloor.domain.requests.runs import RunComparison
from shopfloor.domain.run import CandidateScore, RunRecord, SegmentScore
from shopfloor.domain.text import counted

COLUMNS: tuple[TextColumn[RunRecord], ...] = (
    TextColumn("RUN", lambda run: text(run.id)),
    TextColumn("STATE", lambda run: str(run.state)),
    TextColumn("MODEL", lambda run: text(run.model), room=20),
    TextColumn("VERSION", lambda run: version(run.model_version), right=True, drop=5),
    TextColumn("DATASET", lambda run: _data(run), room=20),
    TextColumn("CHOSEN", lambda run: text(run.chosen), room=20, drop=4),
    TextColumn("METRICS", lambda run: pairs(run.metrics), room=24),
    TextColumn("TIME", lambda run: span(run.duration_s), right=True, drop=3),
    TextColumn("TRIGGER", lambda run: text(run.trigger), room=14, drop=1),
    TextColumn("STARTED", lambda run: minute(run.started_at or run.created_at), drop=2),
)
EMPTY = "No run yet. Train a model: shopfloor model train NAME"

SEGMENTS: tuple[TextColumn[SegmentScore], ...] = (
    TextColumn("SEGMENT", lambda each: text(each.segment), room=20),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("SCORE", lambda each: figure(each.score), right=True),
    TextColumn("POOLED BECAUSE", lambda each: words(each.fallback), room=30),
)


def describe(run: RunRecord, width: int | None) -> str:
    """One run with its candidates, and all that is needed to repeat it."""
    known = [
        ("run", text(run.id)),
        *([("name", text(run.name))] if run.name else []),
        *([("nested in", text(run.parent))] if run.parent else []),
        ("state", str(run.state)),
        ("model", text(run.model) + (f" v{run.model_version}" if run.model_version else "")),
        *([("segment", text(run.segment))] if run.segment else []),
        ("dataset", _data(run)),
        ("trigger", text(run.trigger)),
        ("started", moment(run.started_at)),
        ("took", span(run.duration_s)),
        ("chosen", text(run.chosen)),
        ("metrics", pairs(run.metrics)),
        ("promise", _promise(run)),
        ("params", pairs(run.params)),
        ("seed", str(run.seed)),
        ("artifact", text(run.artifact.sha256) if run.artifact else ""),
        ("environment", pairs(run.environment)),
        ("job", text(run.job)),
        *(("note", text(note)) for note in run.notes),
        *([("error", text(run.error))] if run.error else []),
    ]
    tried = table(_tried(run), run.candidates, width) if run.candidates else ""
    parts = table(SEGMENTS, run.segments, width) if run.segments else ""
    return paragraphs(facts(present(known), width), tried, parts)


def _promise(run: RunRecord) -> str:
    kept = next((each for each in run.candidates if each.name == run.chosen), None)
    if kept is None or kept.promise is None:
        return ""
    return f"{interval(kept.promise)} for the next block (90 %), from {counted(len(kept.blocks), 'block')}"


def describe_comparison(comparison: RunComparison, width: int | None) -> str:
    """Runs beside each other; only what differs."""
    layout: list[TextColumn[tuple[str, str, tuple[str, ...]]]] = [
        TextColumn("KIND", lambda row: text(row[0])),
        TextColumn("NAME", lambda row: text(row[1]), room=20),
    ]
    layout += [
        TextColumn(text(run.id), _value(index), right=True, room=20) for index, run in enumerate(comparison.runs)
    ]
    if not comparison.rows:
        return sentence("The runs do not differ in params, metrics or data.", width)
    return table(layout, comparison.rows, width)


def _value(index: int) -> Callable[[tuple[str, str, tuple[str, ...]]], str]:
    return lambda row: text(row[2][index])


def _tried(run: RunRecord) -> list[TextColumn[CandidateScore]]:
    metrics = list(dict.fromkeys(name for each in run.candidates for name in each.metrics))
    layout: list[TextColumn[CandidateScore]] = [TextColumn("CANDIDATE", lambda each: text(each.name), room=20)]
    layout += [
        TextColumn(text(name).upper(), _metric(name), right=True, drop=index) for index, name in enumerate(metrics)
    ]
    layout.append(TextColumn("TIME", lambda each: span(each.seconds), right=True))
    if any(each.error for each in run.candidates):
        layout.append(TextColumn("ERROR", lambda each: words(each.error), room=30))
    return layout


def _metric(name: str) -> Callable[[CandidateScore], str]:
    return lambda each: figure(each.metrics.get(name))


def _data(run: RunRecord) -> str:
    if run.dataset is None:
        return "–"
    return text(run.dataset) + ("" if run.dataset_version is None else f"@{run.dataset_version}")
