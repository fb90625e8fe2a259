"""What an intake job did, line by line: every file with its rows, the version, the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from shopfloor.arrival.file_outcomes import addressed
from shopfloor.domain.file import FileState
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted
from shopfloor.intake.records import FileOutcome, IntakeResult


def lines(result: IntakeResult, names: Mapping[str, str], version: str) -> Iterator[str]:
    """`names` are the paths of the files by id, `version` that of the dataset such as `orders@5`, empty without one."""
    for outcome in result.files:
        yield from _of_file(outcome, Path(names.get(outcome.id, outcome.id)).name)
    if version:
        parts = f" in {counted(len(result.parts), 'part')}" if result.parts else ""
        kept = f"; {counted(len(result.kept), 'earlier part')} kept" if result.replaces_parts else ""
        yield f"{version}: {counted(result.rows, 'row')} written{parts}, {counted(len(result.columns), 'column')}{kept}"
    else:
        yield "No new version: no row was accepted."
    if result.contract is not None and result.contract_changed:
        yield f"The contract now has {counted(len(result.contract.columns), 'column')}."
    yield from result.notices


def _of_file(outcome: FileOutcome, name: str) -> Iterator[str]:
    shown = f"{name} ({outcome.id})"
    if outcome.state is FileState.QUARANTINED:
        reason = addressed(outcome.reason, outcome.id) if outcome.reason is not None else None
        yield f"{shown} is quarantined" + (f": {reason.message}" if reason is not None else "")
        if reason is not None and reason.hint:
            yield f"{shown}: {reason.hint}"
    else:
        rejected = f", {count(outcome.rejected_rows)} rejected" if outcome.rejected_rows else ""
        replaced = f"; replaces {', '.join(outcome.superseded)}" if outcome.superseded else ""
        yield f"{shown}: {counted(outcome.rows, 'row')} committed{rejected}{replaced}"
    for notice in outcome.notices:
        yield f"{shown}: {notice}"
