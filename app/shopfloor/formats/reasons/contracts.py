"""Why the columns of a file do not fit the contract."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.file import Reason
from shopfloor.domain.remedy import FileVerb, Remedy
from shopfloor.domain.text import listed, quoted, safe
from shopfloor.formats.reasons.remedies import REDELIVER, WIDEN


def columns_changed(
    added: Sequence[str], removed: Sequence[str], dataset: str, renames: Sequence[tuple[str, str]] = ()
) -> Reason:
    """New columns under a strict contract, or (also) columns that are gone. `renames` are pairs of a new
    column and the one of the contract that it looks like.
    """
    parts = []
    if added:
        parts.append(f"new: {listed(added)}")
    if removed:
        parts.append(f"missing: {listed(removed)}")
    code = "columns_changed" if added and removed else "column_new" if added else "column_missing"
    seen = "; ".join(f"{quoted(new)} looks like {quoted(old)} renamed" for new, old in renames)
    first = removed[0] if removed else added[0]
    fix = (
        f"If it was removed permanently, set optional = true for it in datasets/{dataset}.toml"
        if removed
        else f'Add it in datasets/{dataset}.toml, or set schema_policy = "evolve"'
    )
    return Reason(
        code=code,
        message=f"The columns differ from the contract ({'; '.join(parts)}).{f' {seen}.' if seen else ''}",
        line=1,
        column=safe(first, 120),
        remedies=(*_renamed(renames), Remedy(text=f"{fix}, then retry the file.")),
    )


def columns_missing(names: Sequence[str], guess: str) -> Reason:
    """Columns that a reader needs; `guess` is one of the file that looks like the first of them, or empty."""
    more = f" ({len(names)} columns are missing in all: {listed(names)})" if len(names) > 1 else ""
    hint = (
        f"Is {quoted(guess)} a misspelling of it?" if guess else "Add it, with empty cells where the value is unknown."
    )
    return Reason(
        code="missing_column",
        message=f"Column {quoted(names[0])} is missing{more}.",
        column=safe(names[0], 120),
        hint=hint,
    )


def _renamed(renames: Sequence[tuple[str, str]]) -> tuple[Remedy, ...]:
    """How the file is taken in with its columns under the contract's names."""
    writable = [safe(f"{new}={old}", 300) for new, old in renames if not {"=", ","} & {*new, *old}]
    if not writable:
        return ()
    pairs = tuple(("rename", pair) for pair in writable)
    note = "(without --keep, for this file only)"
    return (Remedy(text="To treat them as the same", verb=FileVerb.RETRY, settings=pairs, keep=True, note=note),)


def column_retyped(column: str, kind: ColumnType, found: str, dataset: str) -> Reason:
    return Reason(
        code="column_retyped",
        message=f"Column {quoted(column)} holds {safe(found, 60)} where the contract says {kind.value}.",
        column=safe(column, 120),
        hint=REDELIVER,
        remedies=(WIDEN,),
    )


def type_blocked(before: Column, after: Column, dataset: str, why: str) -> Reason:
    return Reason(
        code="type_blocked",
        message=f"Column {quoted(before.name)} would become {after.type.value} ({before.type.value} so far), "
        f"but it {why}, which a {after.type.value} column does not allow.",
        column=safe(before.name, 120),
        hint=REDELIVER,
        remedies=(Remedy(text=f"Or remove that from datasets/{dataset}.toml, then", verb=FileVerb.ACCEPT_TYPES),),
    )


def time_blocked(before: Column, model: str) -> Reason:
    return Reason(
        code="time_blocked",
        message=f"Column {quoted(before.name)} ({before.type.value}) would become text, but model {safe(model, 60)} "
        "orders its rows by it, and text cannot order rows by time.",
        column=safe(before.name, 120),
        hint=REDELIVER,
        remedies=(Remedy(text="Or set its format in the contract, then", verb=FileVerb.RETRY),),
    )


def types_blocked(dataset: str, why: str) -> Reason:
    return Reason(
        code="type_blocked",
        message=f"The contract would be invalid with the file's types: {safe(why, 200)}",
        hint=REDELIVER,
        remedies=(Remedy(text=f"Or change datasets/{dataset}.toml, then", verb=FileVerb.ACCEPT_TYPES),),
    )
