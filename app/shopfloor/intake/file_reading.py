"""What is known about one file of a group while it is read, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.reject import MOST, Reject
from shopfloor.formats.diagnose import Diagnosis
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.plan import Plan
from shopfloor.formats.reasons.rows import escaped_quotes
from shopfloor.intake.contract.rules import RuleResult
from shopfloor.intake.records import FileOutcome


@dataclass
class FileReading:
    """What is known about one file of a group while it is read."""

    file: PreparedFile
    failed: Reason | None = None
    wrong: Diagnosis | None = None
    rules: RuleResult = field(default_factory=RuleResult)
    altered: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """Rows that cannot be read, or not as the contract says."""
        return self.file.bad + (self.wrong.bad if self.wrong else 0)

    @property
    def totals_rows(self) -> int:
        """Rows that are left out whatever the budget, for they are none of the table's."""
        return len(self.file.totals)

    @property
    def fitting(self) -> int | None:
        """Rows that come in if a person accepts the file: exact where its rows were looked at, else None."""
        if self.wrong is None or self.wrong.header is not None or self.rules.rejected:
            return None
        return self.wrong.records - self.wrong.bad - self.totals_rows

    def rejects(self) -> tuple[Reject, ...]:
        """The first rows that are left out, in the order of the file."""
        wrong = self.wrong.rejects if self.wrong else ()
        found = [*self.file.totals, *self.file.rejects, *wrong, *self.rules.rejects]
        return tuple(sorted(found, key=lambda reject: reject.line or reject.row or 0)[:MOST])

    def outcome(self, plan: Plan, rows: int) -> FileOutcome:
        """What became of the file, of which `rows` came in."""
        failed = self.failed is not None
        return FileOutcome(
            id=self.file.file.id,
            state=FileState.QUARANTINED if failed else FileState.COMMITTED,
            rows=0 if failed else rows,
            fitting=self.fitting if failed else None,
            rejected_rows=self.bad + self.totals_rows + self.rules.rejected,
            records=self.file.rows,
            reason=escaped_quotes(self.failed) if self.failed and self.file.escapes else self.failed,
            notices=(*self.file.notices, *plan.notices, *self.altered, *self.rules.notices),
            rejects=self.rejects(),
        )
