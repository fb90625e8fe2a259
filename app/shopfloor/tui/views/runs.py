"""Runs on screen."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from shopfloor.domain.requests.runs import RunComparison
from shopfloor.domain.run import Confusion, MetricValue, NonFinite, Residuals, RunRecord, finite
from shopfloor.domain.text import counted
from shopfloor.tui.theme import state_of
from shopfloor.tui.views import words
from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import bar

# Beside the detail (120 columns) the model gives way first: its name mostly is the dataset's, and
# runs differ by data, recipe and score.
COLUMNS = (
    TableColumn("state", "STATE", width=8),
    TableColumn("id", "RUN", width=7),
    TableColumn("model", "MODEL", ratio=1, min=11, max=20, sortable=True, priority=55),
    TableColumn("data", "DATASET", ratio=1, min=10, max=18, priority=75),
    TableColumn("recipe", "RECIPE", width=8, priority=74),
    TableColumn("score", "SCORE", width=6, align="right", sortable=True),
    TableColumn("gain", "Δbest", width=7, align="right", priority=76),
    TableColumn("duration_s", "TIME", width=4, align="right", priority=45, sortable=True),
    TableColumn("trigger", "TRIGGER", ratio=1, min=10, max=20, priority=40),
    TableColumn("created_at", "AGE", width=4, align="right", priority=60, sortable=True),
)


def main_score(run: RunRecord, metric: str = "") -> float | None:
    """The score that decides about the model, where the run has it; else the first of its metrics."""
    return finite(run.metrics.get(metric, next(iter(run.metrics.values()), None)))


def row(
    run: RunRecord,
    best: float | None,
    progress: float | None = None,
    now: datetime | None = None,
    metric: str = "",
) -> Row:
    """One line of the list; `best` is the best score on the rows that this run was scored on, among the runs shown."""
    state = state_of(run.state.value)
    score = main_score(run, metric)
    shown = (
        f"{state.word} {words.share(progress)}" if progress is not None and run.state.value == "running" else state.word
    )
    behind = score - best if score is not None and best is not None and score != best else None
    return Row(
        run.id,
        (
            Cell(shown, state.tone),
            run.id,
            run.model,
            _data(run),
            run.chosen or words.NONE,
            words.score(score),
            Cell("best", "ok") if score is not None and score == best else words.gain(behind),
            words.span(run.duration_s),
            Cell(run.trigger or words.NONE, "muted"),
            words.ago(run.created_at, now),
        ),
    )


def scored_on(run: RunRecord) -> Hashable:
    """What decides which rows a run was scored on: scores of other rows say nothing about which run is better."""
    how = tuple(str(run.params.get(name)) for name in ("split", "holdout", "window_days"))
    return run.model, run.dataset, run.dataset_version, how, run.excluded


def best_scores(runs: Sequence[RunRecord], metrics: Mapping[str, str]) -> dict[Hashable, float]:
    """The best score on the rows of `scored_on`, where several runs have one; `metrics` names each model's score."""
    scores: dict[Hashable, list[float]] = {}
    for run in runs:
        score = main_score(run, metrics.get(run.model, ""))
        if score is not None:
            scores.setdefault(scored_on(run), []).append(score)
    return {rows: max(found) for rows, found in scores.items() if len(found) > 1}


def best_of(run: RunRecord, known: Iterable[RunRecord], metric: str) -> RunRecord | None:
    """The best of the runs that were scored on the same rows among `known`, None where it is `run` itself."""
    rows = scored_on(run)
    scored = [
        (score, one) for one in known if scored_on(one) == rows and (score := main_score(one, metric)) is not None
    ]
    best = max(scored, key=lambda pair: pair[0])[1] if scored else None
    return None if best is None or best.id == run.id else best


def sections(run: RunRecord, metric: str = "", best: RunRecord | None = None) -> list[Section]:
    """The detail: what was tried, what it scored, how it differs from the best, what it was made of."""
    found = [Section("run", f"Run {run.id}", _summary(run))]
    if run.error:
        found.insert(0, Section("error", "Why it failed", run.error))
    if run.candidates:
        note = f"{metric} on the same holdout".strip()
        found.append(Section("candidates", "Candidates", _candidates(run, metric), note=note))
    found += _misses(run)
    if best is not None:
        found.append(Section("best", f"Against {best.id}, the best on the same rows", _against(run, best, metric)))
    if run.metrics:
        pairs = [Pair(name, _value(value), "strong" if name == metric else "") for name, value in run.metrics.items()]
        found.append(Section("metrics", "Metrics", pairs))
    if run.segments:
        lines = [_segment(run, number) for number in range(len(run.segments))]
        found.append(Section("segments", "Segments", lines, note=_spread(run)))
    if run.params:
        found.append(Section("params", "Params", [Pair(name, str(value)) for name, value in run.params.items()]))
    if run.notes:
        found.append(Section("notes", "Notes", "\n".join(run.notes)))
    if run.environment:
        found.append(
            Section("environment", "Environment", [Pair(name, value) for name, value in run.environment.items()])
        )
    return found


def _value(value: MetricValue) -> str:
    return value.value if isinstance(value, NonFinite) else words.score(value)


def _misses(run: RunRecord) -> list[Section]:
    """Where it is right and wrong: a table of classes, or how far numbers are off."""
    found = []
    if run.confusion is not None:
        rows = sum(map(sum, run.confusion.counts))
        right = sum(row[place] for place, row in enumerate(run.confusion.counts))
        note = f"{words.share(right / rows if rows else None)} of {counted(rows, 'holdout row')} correct"
        found.append(Section("confusion", "Confusion matrix", _confusion(run.confusion), note=note))
    if run.residuals is not None:
        found.append(Section("residuals", "Residuals (actual - predicted)", _residuals(run.residuals), note="holdout"))
    return found


_CELL = 9


def _confusion(table: Confusion) -> list[Pair]:
    """One line a true class, one column a predicted one; the last column is the recall."""
    width = min(_CELL, max(6, *(len(label) + 1 for label in table.labels)))
    head = "".join(f"{cut(clean(label, width), width - 1):>{width}}" for label in table.labels)
    lines = [Pair("actual \\ pred.", f"{head}  recall", "muted")]
    for place, (label, counts) in enumerate(zip(table.labels, table.counts, strict=True)):
        numbers = "".join(f"{words.compact(count):>{width}}" for count in counts)
        recall = counts[place] / sum(counts) if sum(counts) else None
        lines.append(Pair(label, f"{numbers}  {words.share(recall):>6}"))
    return lines


def _leaning(mean: float) -> str:
    if words.number(mean) == "0":
        return "0"
    return (
        f"+{words.number(mean)}: predictions are too low on average"
        if mean > 0
        else f"{words.number(mean)}: predictions are too high on average"
    )


def _residuals(found: Residuals) -> list[Pair]:
    most = max(found.counts, default=0) or 1
    lines = [
        Pair("typical", f"off by {words.number(found.median_absolute)} (median), 90 % within "
             f"{words.number(found.p90_absolute)}"),
        Pair("mean", _leaning(found.mean)),
    ]  # fmt: skip
    for low, high, count in zip(found.edges, found.edges[1:], found.counts, strict=False):
        lines.append(Pair(words.number((low + high) / 2), f"{bar(count / most, 20)} {words.compact(count)}"))
    return lines


def _spread(run: RunRecord) -> str:
    """How the scores of the members of a family lie."""
    scores = sorted(one.score for one in run.segments if one.score is not None)
    if len(scores) < 2:
        return ""
    return f"{words.score(scores[0])} to {words.score(scores[-1])}, median {words.score(scores[len(scores) // 2])}"


def _summary(run: RunRecord) -> list[Pair]:
    state = state_of(run.state.value)
    return [
        Pair("state", state.word, state.tone),
        Pair("model", run.model + (f"@{run.model_version}" if run.model_version else "")),
        Pair("data", _data(run)),
        Pair("chosen", run.chosen or words.NONE, "strong"),
        Pair("trigger", run.trigger or words.NONE),
        Pair("took", words.span(run.duration_s)),
        Pair("seed", str(run.seed)),
        Pair(
            "artifact", f"{run.artifact.sha256[:16]}  {words.size(run.artifact.bytes)}" if run.artifact else words.NONE
        ),
    ]


def _against(run: RunRecord, best: RunRecord, metric: str) -> list[Pair]:
    """The difference in score, then only what the two were made of differently: this run's, then the best's."""
    here, there = main_score(run, metric), main_score(best, metric)
    pairs = []
    if here is not None and there is not None:
        value_text = f"{words.score(here)} against {words.score(there)}  ({words.gain(here - there)})"
        pairs.append(Pair(metric or "score", value_text, "strong"))
    made = [("data", _data(run), _data(best)), ("seed", str(run.seed), str(best.seed))]
    made += [
        (name, words.value_text(run.params.get(name)), words.value_text(best.params.get(name)))
        for name in dict.fromkeys([*run.params, *best.params])
    ]
    return pairs + [Pair(name, f"{mine}  (best: {other})") for name, mine, other in made if mine != other]


def _data(run: RunRecord) -> str:
    return f"{run.dataset}@{run.dataset_version}" if run.dataset else words.NONE


def _candidates(run: RunRecord, metric: str) -> list[Pair]:
    scores = {
        candidate.name: candidate.metrics.get(metric, next(iter(candidate.metrics.values()), None))
        for candidate in run.candidates
    }
    known = [score for score in scores.values() if score is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    pairs = []
    for candidate in run.candidates:
        score = scores[candidate.name]
        if score is None:
            pairs.append(Pair(candidate.name, candidate.error or "no score", "fail"))
            continue
        length = 0.1 + 0.9 * ((score - low) / (high - low) if high > low else 1.0)
        took = f"  {words.span(candidate.seconds):>4}" if candidate.seconds else ""
        chosen = "  chosen" if candidate.name == run.chosen else ""
        pairs.append(
            Pair(
                candidate.name,
                f"{bar(length, 12)} {words.score(score)}{took}{chosen}",
                "ok" if candidate.name == run.chosen else "muted",
            )
        )
    return pairs


def _segment(run: RunRecord, number: int) -> Pair:
    segment = run.segments[number]
    fallback = f"  pooled: {segment.fallback}" if segment.fallback else ""
    return Pair(
        segment.segment,
        f"{words.score(segment.score)}  {counted(segment.rows, 'row')}{fallback}",
        "muted" if fallback else "",
    )


def comparison_columns(comparison: RunComparison) -> tuple[TableColumn, ...]:
    """One column a run."""
    runs = [
        TableColumn(run.id, f"{run.id} {run.chosen or run.model}", ratio=1, min=10, max=26) for run in comparison.runs
    ]
    return (
        TableColumn("kind", "KIND", width=9),
        TableColumn("name", "ONLY WHAT DIFFERS", ratio=1, min=17, max=28),
        *runs,
    )


def comparison_rows(comparison: RunComparison) -> list[Row]:
    """Only what differs; of a metric the best value is marked (by convention of the scorers, the greatest), where all
    runs were scored on the same rows. Where they were not, the first line says so.
    """
    comparable = len(set(map(scored_on, comparison.runs))) < 2
    found = [
        Row(f"{kind} {name}", (Cell(kind, "muted"), Cell(name, "strong"), *_side_by_side(kind, values, comparable)))
        for kind, name, values in comparison.rows
    ]
    return found if comparable else [_other_rows(comparison), *found]


def _other_rows(comparison: RunComparison) -> Row:
    data = [Cell(_data(run), "warn") for run in comparison.runs]
    return Row("rows", (Cell("rows", "warn"), Cell("not comparable", "warn"), *data))


def _side_by_side(kind: str, values: Sequence[str], comparable: bool = True) -> list[str | Cell]:
    if kind != "metric":
        return [_compared(value) for value in values]
    numbers = [_number(value) for value in values]
    shown: list[str | Cell] = [words.score(number) for number in numbers]
    known = [number for number in numbers if number is not None]
    if comparable and len(set(known)) > 1:
        for place, number in enumerate(numbers):
            if number == max(known):
                shown[place] = Cell(f"{shown[place]} best", "ok")
    return shown


def _number(value: str) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _compared(value: str) -> str:
    """A number cut to its significant digits; anything else as it is."""
    number = _number(value)
    if number is None:
        return value or words.NONE
    return value if len(value) <= 6 else words.score(number)
