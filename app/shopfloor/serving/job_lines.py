"""What jobs over files to score, actuals and the log of the endpoint did, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted, safe
from shopfloor.domain.wire import WireError
from shopfloor.serving import outputs
from shopfloor.serving.records import ActualsOutcome, ActualsResult, CollectOutcome, ScoreOutcome, ScoreResult

Names = Mapping[str, str]
"""The paths of the files by id."""


def of_score(outcomes: list[ScoreOutcome], names: Names) -> Iterator[str]:
    """Rows, version, output and what was odd about each file."""
    for outcome in outcomes:
        shown = _shown(outcome.file, names)
        if outcome.result is not None:
            yield from (f"{shown}{words}" for words in _scored(outcome.result))
        yield from _held(shown, outcome.error)


def of_actuals(outcomes: list[ActualsOutcome], names: Names) -> Iterator[str]:
    """Rows and what was odd about each file."""
    for outcome in outcomes:
        shown = _shown(outcome.file, names)
        if outcome.result is not None:
            yield from (f"{shown}{words}" for words in _known(outcome.result))
        yield from _held(shown, outcome.error)


def of_collect(outcome: CollectOutcome) -> Iterator[str]:
    """Predictions by model version."""
    for part in outcome.parts:
        yield f"{part.model}@{part.model_version}: {counted(part.file.rows, 'prediction')} over REST ({part.segment})"
    for one in outcome.faults:
        yield (
            f"{one.model}@{one.model_version}: {counted(one.fault.count, 'request')} {one.fault.fault.value}: "
            f"{safe(one.fault.message, 200)}"
        )
    if outcome.damaged:
        yield f"{counted(outcome.damaged, 'damaged line')} of the log skipped"
    if not outcome.parts and not outcome.faults:
        yield "No new predictions."


def _shown(id: str, names: Names) -> str:
    return f"{Path(names.get(id, id)).name} ({id}): " if id else ""


def _scored(result: ScoreResult) -> Iterator[str]:
    yield (
        f"{counted(result.rows, 'row')} scored by {result.model}@{result.model_version} "
        f"into {outputs.revealed(Path(result.output_path))}"
    )
    if result.ignored:
        yield f"columns that the model does not know: {', '.join(result.ignored)}"
    if result.absent:
        yield f"absent columns, treated as missing: {', '.join(result.absent)}"
    if result.made_ids:
        yield f"{counted(result.made_ids, 'row')} without an id got one"
    if result.changed:
        yield f"{counted(result.changed, 'cell')} made safe for spreadsheets"
    yield from result.notices


def _known(result: ActualsResult) -> Iterator[str]:
    yield f"{counted(result.rows, 'actual')} of {result.model}"
    odd = {
        "without an actual yet": result.empty,
        "replaced by a later row of the file": result.repeated,
        "with a label that is no class of the model": result.foreign,
    }
    yield from (f"{count(rows)} {'row' if rows == 1 else 'rows'} {what}" for what, rows in odd.items() if rows)
    if result.ignored:
        yield f"other columns: {', '.join(result.ignored)}"
    yield from result.notices


def _held(shown: str, error: WireError | None) -> Iterator[str]:
    if error is not None:
        yield f"{shown}not used: {error.message} {error.hint}".strip()
