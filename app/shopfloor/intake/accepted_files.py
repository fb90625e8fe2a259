"""What the accepted files of a delivery have brought so far."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.text import quoted
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.plan import Plan
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.records import IntakeSpec, StagedPart, TypeChange
from shopfloor.lake.objects import part_path


class AcceptedFiles:
    """The contract, which grows with what is accepted, the parts that are staged, and what there is to say.

    `absent` are columns of the contract that an accepted file does not have.
    """

    def __init__(self, spec: IntakeSpec) -> None:
        self._spec = spec
        self.contract = spec.contract
        self.notices: list[str] = []
        self.absent: set[str] = set()
        self.retyped: list[TypeChange] = []
        self._staged: list[str] = []

    def finished(self) -> Contract | None:
        """The contract after all groups: one revision on if it changed."""
        before, after = self._spec.contract, self.contract
        if after is None or (before is not None and before.columns == after.columns):
            return after
        revision = 1 if before is None else before.revision + 1
        return msgspec.structs.replace(after, revision=revision)

    def stored(self) -> list[str]:
        """Where the rows lie that are in already, those of this delivery included."""
        objects = Path(self._spec.objects)
        before = (str(part_path(objects, part.sha256)) for part in self._spec.previous)
        return [*before, *self._staged]

    def stage(self, part: StagedPart) -> None:
        """Count a part to the rows that are in."""
        self._staged.append(part.path)

    def note_inferred(self, found: Inferred, unless: Iterable[str] = ()) -> None:
        """Say once what inference has to say."""
        text = found.notices_about(self._spec.dataset, unless)
        self.notices += [notice for notice in text if notice not in self.notices]

    def accept(self, plan: Plan, first: StagedFile) -> None:
        """The contract as it is from now on; says what a later file added to it."""
        contract = plan.contract
        known = {column.name: column for column in self.contract.columns} if self.contract else {}
        file = quoted(first.original_name)
        for column, source in zip(contract.columns, plan.sources, strict=True):
            before = known.get(column.name)
            first_value = before is not None and before.type is ColumnType.UNKNOWN and before.type is not column.type
            name, now = quoted(column.name), f"is {column.written} from now on"
            if before is not None and first_value:
                self._retype(column, before, first, f"Column {name} {now}: {file} has its first values.")
            elif self._spec.widen is not None and before is not None and before.written != column.written:
                earlier = f"Earlier rows are read as {column.type.value}."
                notice = f"Column {name} {now}, {before.written} so far, because of {file}. {earlier}"
                self._retype(column, before, first, notice)
            if known and before is None:
                self.notices.append(f"Column {name} ({column.type.value}) joined the contract with {file}.")
            if source is None:
                self.absent.add(column.name)
        self.contract = contract

    def _retype(self, column: Column, before: Column, first: StagedFile, notice: str) -> None:
        self.retyped.append(TypeChange(column=column, before=before, file=first.original_name))
        self.notices.append(notice)
