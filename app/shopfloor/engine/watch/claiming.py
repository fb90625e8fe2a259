"""Settled files become claimed copies, each with its row; or they wait and say why."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FilePurpose, Reason
from shopfloor.engine import contracts, delivered
from shopfloor.engine.context import Context
from shopfloor.engine.failpoint import reach
from shopfloor.engine.watch import custody, ledger
from shopfloor.engine.watch.arrivals import Arrivals
from shopfloor.intake.claim import Changed, Claimed, claim
from shopfloor.intake.companion import told_digest
from shopfloor.intake.scan import Observation
from shopfloor.store import files, jobs
from shopfloor.store.files import LedgerRow
from shopfloor.store.transaction import Transaction

BACKLOG = "backlog"
_DISK = Reason(
    code="disk",
    message="The disk has too little free space.",
    hint="Free some; it is taken in by itself then.",
)
_OTHER_DIGEST = "Its content is not what {companion} says: the digest differs."


class Batch(NamedTuple):
    """A file that has settled: its ledger id, what was seen, its raw path, the companion with its digest, and
    for how many seconds it has been known.
    """

    id: str
    seen: Observation
    raw: bytes
    companion: Observation | None = None
    age: float = 0.0


class Settled(NamedTuple):
    """What became of a batch: `closed` is done with, `again` settles anew, `early` differs from its digest yet."""

    closed: list[Batch]
    again: list[Batch]
    early: list[Batch]


_Copies = list[tuple[Batch, Claimed]]


class Claiming:
    """Takes the files of one drop folder's dataset over."""

    def __init__(self, context: Context, roots: dict[FilePurpose, Path], arrivals: Arrivals) -> None:
        self._context = context
        self._roots = roots
        self._arrivals = arrivals
        self._differed: dict[str, tuple[object, object]] = {}

    def why_wait(self, purpose: FilePurpose, dataset: str, batch: Sequence[Batch]) -> Reason | None:
        """Why nothing of this dataset is claimed now: the files stay safely where they are."""
        if purpose is FilePurpose.DATA and (problem := contracts.problem(self._context, dataset)) is not None:
            return problem
        if not self._room_for(batch):
            return _DISK
        return self._backlog(purpose, dataset)

    def take(self, purpose: FilePurpose, dataset: str, batch: Sequence[Batch]) -> Settled:
        """Copy, hash, compare; record the whole batch in one transaction."""
        copies: _Copies = []
        refusals: list[tuple[Batch, Reason]] = []
        again: list[Batch] = []
        for one in batch:
            try:
                copies.append((one, self._copy(purpose, one)))
            except Changed:
                again.append(one)  # somebody writes again: it settles anew
            except (OSError, ShopfloorError) as error:
                refusals.append((one, _reason(error)))
        copies, early, wrong = self._compared(purpose, copies)
        reach("intake.copied")
        done = self._record(purpose, dataset, copies, refusals, wrong)
        reach("intake.claimed")
        self._dispose(purpose, done)
        closed = [one for one, _ in (*copies, *wrong, *refusals)]
        return Settled(closed, again, early)

    def differs(self, seen: Observation, companion: Observation | None, age: float) -> bool:
        """True for a file that was hashed already and found to be something else than its companion says.

        It is not hashed again before one of the two changes, or patience is over.
        """
        known = self._differed.get(seen.path)
        return known is not None and known == (seen.key, companion and companion.key) and age < self._patience

    @property
    def _patience(self) -> float:
        return 60.0 * self._context.settings.intake.digest_minutes

    def _room_for(self, batch: Sequence[Batch]) -> bool:
        free = shutil.disk_usage(self._context.layout.staging).free
        reserve = self._context.settings.intake.reserve_mb << 20
        return free - 2 * sum(one.seen.size for one in batch) > reserve

    def _backlog(self, purpose: FilePurpose, dataset: str) -> Reason | None:
        """Each dataset has its own share of the queue, so that a flood in one keeps no other waiting."""
        limit = self._context.settings.intake.queued_batches
        kind = custody.kind_of(purpose)
        if self._context.store.read(lambda query: jobs.open_about(query, kind, dataset)) < limit:
            return None
        return Reason(
            code=BACKLOG,
            message=f"{limit} deliveries of {dataset} wait to be read already.",
            hint="It is taken in by itself when they are done. The limit is intake.queued_batches.",
        )

    def _copy(self, purpose: FilePurpose, one: Batch) -> Claimed:
        limit = self._context.settings.intake.max_file_mb
        if one.seen.size > limit << 20:
            raise ShopfloorError(
                f"It has {one.seen.size >> 20} MB, more than intake.max_file_mb ({limit}).",
                hint="Split it, or raise the setting.",
                code="too_large",
            )
        return claim(self._roots[purpose], one.seen, custody.staged_path(self._context.layout, one.id))

    def _compared(
        self, purpose: FilePurpose, copies: _Copies
    ) -> tuple[_Copies, list[Batch], list[tuple[Batch, Claimed]]]:
        """Copies that are what their companions say, files that may still be arriving, and wrong ones."""
        right, early, wrong = [], [], []
        for one, copy in copies:
            if one.companion is None or copy.sha256 == self._told(purpose, one, one.companion.path):
                right.append((one, copy))
            elif one.age < self._patience:
                self._differed[one.seen.path] = (one.seen.key, one.companion.key)
                Path(copy.path).unlink(missing_ok=True)
                early.append(one)
            else:
                wrong.append((one, copy))
        return right, early, wrong

    def _told(self, purpose: FilePurpose, one: Batch, companion: str) -> str:
        return told_digest(self._roots[purpose], companion, Path(one.seen.path).name)

    def _record(
        self,
        purpose: FilePurpose,
        dataset: str,
        copies: _Copies,
        refusals: Sequence[tuple[Batch, Reason]],
        wrong: Sequence[tuple[Batch, Claimed]],
    ) -> list[LedgerRow]:
        repeated = self._arrivals.of(purpose, dataset).repeated

        def record(transaction: Transaction) -> list[LedgerRow]:
            for one, reason in refusals:
                ledger.refused(transaction, one.id, reason)
            for one, copy in wrong:
                self._hold(transaction, one, copy)
            found = [(one.id, one.seen, one.raw, copy) for one, copy in copies]
            return ledger.claimed(transaction, purpose, dataset, found, repeated=repeated)

        return self._context.store.write(record)

    def _hold(self, transaction: Transaction, one: Batch, copy: Claimed) -> None:
        """Content that its sender's own digest does not vouch for."""
        reason = Reason(
            code="digest_mismatch",
            message=_OTHER_DIGEST.format(companion=Path(one.companion.path).name if one.companion else ""),
            hint="Deliver the file and its digest again.",
        )
        row = files.ledger(transaction, [one.id])[0]
        row = ledger.with_copy(row, one.seen, one.raw, copy)
        delivered.keep_bytes(self._context, row, reason)
        delivered.quarantine_file(transaction, row, reason)

    def _dispose(self, purpose: FilePurpose, done: Sequence[LedgerRow]) -> None:
        day = f"{self._context.clock.now():%Y-%m-%d}"
        for row in done:
            originals = (
                self._arrivals.of(purpose, row.file.dataset).originals or self._context.settings.intake.originals
            )
            custody.dispose(self._context.layout, row, originals, day)


def _reason(error: OSError | ShopfloorError) -> Reason:
    if isinstance(error, ShopfloorError):
        return Reason(code=error.code, message=error.message, hint=error.hint)
    return Reason(
        code="unreadable",
        message=f"It cannot be read: {error.strerror or error}.",
        hint="Check its rights, then deliver it again.",
    )
