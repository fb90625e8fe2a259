"""The text of every list and show, held by golden files at two widths and without a terminal.

SHOPFLOOR_UPDATE_GOLDEN=1 writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli import samples

from shopfloor.cli.commands import token
from shopfloor.cli.output import (
    alerts,
    contracts,
    datasets,
    files,
    grid,
    jobs,
    lineage,
    models,
    openlineage,
    runs,
    test_score,
    why,
    workspace,
)
from shopfloor.cli.output.table import table
from shopfloor.domain.csv_text import csv_text

GOLDEN = Path(__file__).parent / "golden"

Render = Callable[[Any, int | None], str]


def listed(layout: Any) -> Render:
    return lambda records, width: table(layout, records, width)


def unsized(render: Callable[[Any], str]) -> Render:
    return lambda record, width: render(record)


CASES: dict[str, tuple[Render, Any]] = {
    "file-list": (listed(files.COLUMNS), samples.FILES),
    "file-show": (files.describe, samples.FILES[0]),
    "file-show-duplicate": (files.describe, samples.FILES[1]),
    "file-inspect": (files.describe_bytes, samples.BYTES),
    "dataset-list": (listed(datasets.COLUMNS), (samples.DATASET, samples.EMPTY_DATASET)),
    "dataset-show": (datasets.describe, samples.DATASET),
    "dataset-version": (datasets.describe_version, samples.VERSION),
    "dataset-versions": (listed(datasets.VERSIONS), (samples.VERSION,)),
    "dataset-contract": (contracts.describe, samples.CONTRACT),
    "dataset-revisions": (listed(contracts.REVISIONS), samples.REVISIONS),
    "file-rejects": (listed(files.REJECTS), samples.REJECTS),
    "dataset-diff": (datasets.describe_diff, samples.DIFF),
    "dataset-diff-rows": (datasets.describe_diff, samples.ROW_DIFF),
    "dataset-diff-whole-rows": (datasets.describe_diff, samples.WHOLE_ROWS),
    "dataset-profile": (datasets.describe_profile, samples.PROFILE),
    "dataset-preview": (datasets.describe_preview, samples.PREVIEW),
    "dataset-parts": (unsized(datasets.describe_parts), samples.PARTS),
    "model-list": (listed(models.COLUMNS), (samples.MODEL, samples.NEW_MODEL)),
    "model-show": (lambda model, width: models.describe(model, (samples.MODEL_VERSION,), (), width), samples.MODEL),
    "model-show-new": (lambda model, width: models.describe(model, (), (), width), samples.NEW_MODEL),
    "model-show-failed": (
        lambda model, width: models.describe(model, (), (samples.FAILED_RUN,), width),
        samples.NEW_MODEL,
    ),
    "model-version": (models.describe_version, samples.MODEL_VERSION),
    "model-versions": (listed(models.VERSIONS), (samples.MODEL_VERSION, samples.CHAMPION)),
    "model-history": (listed(models.HISTORY), samples.HISTORY),
    "model-definition": (models.describe_definition, samples.DEFINITION),
    "value": (models.describe_value, samples.VALUE),
    "run-list": (listed(runs.COLUMNS), (samples.RUN, samples.FAILED_RUN)),
    "run-show": (runs.describe, samples.RUN),
    "run-show-failed": (runs.describe, samples.FAILED_RUN),
    "run-compare": (runs.describe_comparison, samples.COMPARISON),
    "alert-list": (listed(alerts.COLUMNS), (samples.ALERT, samples.RESOLVED_ALERT)),
    "alert-show": (
        lambda alert, width: alerts.describe_with_history(alert, samples.ALERT_HISTORY, width),
        samples.ALERT,
    ),
    "monitor-checks": (listed(alerts.CHECKS), samples.CHECKS),
    "monitor-fleet": (listed(alerts.FLEET), samples.FLEET),
    "monitor-backtest": (alerts.describe_backtest, samples.BACKTEST),
    "monitor-backtest-compared": (alerts.describe_backtest, samples.COMPARED),
    "job-list": (listed(jobs.COLUMNS), (samples.JOB, samples.FAILED_JOB)),
    "job-show": (jobs.describe, samples.JOB),
    "events": (lambda events, width: "\n".join(map(jobs.event_line, events)), samples.EVENTS),
    "status": (workspace.describe, samples.STATUS),
    "doctor": (workspace.describe_doctor, samples.DOCTOR),
    "gc": (workspace.describe_gc, samples.GC),
    "sql": (grid.as_text, samples.TABLE),
    "sql-csv": (unsized(lambda answer: csv_text(answer.columns, answer.rows).text), samples.TABLE),
    "lineage-tree": (unsized(lineage.as_tree), samples.LINEAGE),
    "lineage-dot": (unsized(lineage.as_dot), samples.LINEAGE),
    "alert-history": (listed(alerts.CHANGES), samples.ALERT_HISTORY),
    "undo": (workspace.describe_undo, samples.UNDONE),
    "undo-dry-run": (workspace.describe_undo, msgspec.structs.replace(samples.UNDONE, dry_run=True)),
    "model-test-score": (test_score.describe, samples.TEST_SCORE),
    "why": (why.describe, samples.EXPLAINED),
    "lineage-openlineage": (
        lambda graph, width: msgspec.json.format(
            msgspec.json.encode(openlineage.as_events(graph, "shopfloor://ws", "urn:shopfloor:0"))
        ).decode(),
        samples.LINEAGE,
    ),
}
FREE = {
    "file-inspect", "dataset-parts", "events", "gc", "undo", "undo-dry-run", "sql-csv", "lineage-tree", "lineage-dot",
    "lineage-openlineage",
}  # fmt: skip


def golden(name: str, found: str) -> None:
    path = GOLDEN / f"{name}.txt"
    content = found.encode() + b"\n"
    if os.environ.get("SHOPFLOOR_UPDATE_GOLDEN"):
        path.write_bytes(content)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", CASES)
def test_text_is_as_it_was(name: str) -> None:
    render, record = CASES[name]
    widths = [None] if name in FREE else [80, 120, None]
    rendered = [f"--- {width or 'pipe'}\n{render(record, width)}" for width in widths]
    golden(name, "\n".join(rendered))


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", sorted(set(CASES) - FREE))
def test_text_fits_the_terminal(name: str, width: int) -> None:
    render, record = CASES[name]
    for line in render(record, width).split("\n"):
        assert len(line) <= width, line
        assert line == line.rstrip()


@pytest.mark.parametrize("name", sorted(set(CASES) - {"sql-csv", "lineage-openlineage"}))
@pytest.mark.parametrize("width", [40, 120, None])
def test_nothing_hostile_reaches_the_terminal(name: str, width: int | None) -> None:
    """Escape, bidirectional, invisible and C1 characters of any field come out as visible text."""
    render, record = CASES[name]
    shown = render(samples.hostile(record), width)
    assert all(char.isprintable() or char == "\n" for char in shown), shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_status_fits_ten_lines() -> None:
    assert len(workspace.describe(samples.STATUS, 80).splitlines()) <= 10


def test_tokens_never_show_their_digest() -> None:
    class Token:
        name, hint, created_at, revoked_at, sha256 = "ci", "x9f2", samples.at(1), None, samples.SHA
        predict, append = True, ("events", "clicks")

    assert "predict, add rows to events, clicks" in table(token.COLUMNS, [Token()], None)

    assert samples.SHA not in table(token.COLUMNS, [Token()], None)
