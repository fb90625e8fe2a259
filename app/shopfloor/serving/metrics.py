"""Counters of the REST endpoint in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shopfloor.domain.status import DegradedCause
from shopfloor.workspace.layout import Layout

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class LatencyHistogram:
    """Seconds a request took: counts per bucket (the last one is infinity) and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one request."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


@dataclass
class Metrics:
    """What has happened since the start. Only models in service become labels, so a caller who
    asks for made-up names cannot fill the memory."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    humble: Counter[tuple[str, str]] = field(default_factory=Counter)
    posts: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, LatencyHistogram] = field(default_factory=dict)

    def answered(self, model: str, status: int, seconds: float, rows: int = 0) -> None:
        """Count a prediction request for a model in service."""
        self.requests[model, status] += 1
        if rows:
            self.rows[model] += rows
        histogram = self.seconds.get(model)
        if histogram is None:
            histogram = self.seconds[model] = LatencyHistogram()
        histogram.add(seconds)

    def distrusted(self, model: str, triggers: Iterable[str]) -> None:
        """Count the triggers of humility, once for each row that they concern."""
        for trigger in triggers:
            self.humble[model, trigger] += 1

    def posted(self, dataset: str, status: int) -> None:
        """Count a post of rows to a dataset that the caller's token names."""
        self.posts[dataset, status] += 1

    def refused(self, status: int) -> None:
        """Count a request that reached no model."""
        self.refusals[status] += 1

    def text(self, gauges: Mapping[str, tuple[str, float]], degraded: Collection[str] = ()) -> str:
        """The exposition; `gauges` maps further metric names to help and value, `degraded` are causes that hold."""
        requests = [(f'{{model="{model}",code="{code}"}}', count) for (model, code), count in self.requests.items()]
        posts = [(f'{{dataset="{dataset}",code="{code}"}}', count) for (dataset, code), count in self.posts.items()]
        errors: Counter[str] = Counter()
        for (model, code), count in self.requests.items():
            errors[model] += count * (code >= 400)
        blocks = [
            _block("requests_total", "counter", "Prediction requests by model and status.", requests),
            _block("errors_total", "counter", "Prediction requests answered with an error.", _by_model(errors)),
            _block("rows_total", "counter", "Rows predicted by model.", _by_model(self.rows)),
            _block(
                "humility_total",
                "counter",
                "Rows on which a model is not trusted, by trigger.",
                [
                    (f'{{model="{model}",trigger="{why}"}}', count)
                    for (model, why), count in sorted(self.humble.items())
                ],
            ),
            _block("posts_total", "counter", "Posts of rows by dataset and status.", posts),
            _block(
                "refused_total",
                "counter",
                "Requests that reached no model, by status.",
                [(f'{{code="{code}"}}', count) for code, count in self.refusals.items()],
            ),
            self._histograms(),
            _block(
                "engine_degraded",
                "gauge",
                "1 while the cause degrades the engine.",
                [(f'{{cause="{cause.value}"}}', cause.value in degraded) for cause in DegradedCause],
            ),
            *(_block(name, "gauge", text, [("", value)]) for name, (text, value) in gauges.items()),
        ]
        return "".join(blocks)

    def _histograms(self) -> str:
        lines: list[tuple[str, float]] = []
        for model, histogram in sorted(self.seconds.items()):
            so_far = 0
            for limit, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
                so_far += count
                lines.append((f'_bucket{{model="{model}",le="{limit}"}}', so_far))
            lines.append((f'_sum{{model="{model}"}}', histogram.total))
            lines.append((f'_count{{model="{model}"}}', so_far))
        return _block("request_seconds", "histogram", "Time from request to answer.", lines)


def degraded_engine(root: Path) -> tuple[str, ...]:
    """What degrades the engine, as it said last; nothing where it never said anything."""
    try:
        return msgspec.json.decode(Layout(root).degraded.read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.DecodeError):
        return ()


def _by_model(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(f'{{model="{model}"}}', count) for model, count in sorted(counts.items())]


def _block(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> str:
    full = f"shopfloor_{name}"
    lines = [f"# HELP {full} {text}", f"# TYPE {full} {kind}"]
    lines += [f"{full}{labels} {value:g}" if value % 1 else f"{full}{labels} {int(value)}" for labels, value in samples]
    return "\n".join(lines) + "\n"
