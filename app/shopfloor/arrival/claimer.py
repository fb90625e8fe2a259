"""Settled files become claimed copies, each with its row; or they wait and say why."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from shopfloor.arrival import file_locations, file_outcomes, ledger
from shopfloor.arrival.arrivals import Arrivals
from shopfloor.arrival.claim import Claimed, Container, FileChanged, claim
from shopfloor.arrival.companion import Checksum, read_checksum
from shopfloor.arrival.scan import Observation
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.numbers import count, size
from shopfloor.runtime.context import Context
from shopfloor.store import files, jobs
from shopfloor.store.files import LedgerRow
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import DISK_FULL

BACKLOG = "backlog"
# As many files of up to so many bytes are copied into one: each new file costs more than what is written to it.
_MANY, _SMALL = 8, 1 << 16
# Troubles that pass: handles or memory are short, a server does not answer.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT, errno.EIO, errno.EAGAIN}
_UNCLAIMED = {FileState.SETTLING, FileState.WAITING}
DISK = Reason(
    code="disk",
    message="The disk has too little free space.",
    hint="Free some disk space; the file is then ingested automatically.",
)
_OTHER_DIGEST = "Its digest differs from the one in {companion}."


class Batch(NamedTuple):
    """A file that has settled: its ledger id, what was seen, its raw path, the companion with its digest,
    for how many seconds it has been known, and what is odd about it.
    """

    id: str
    seen: Observation
    raw: bytes
    companion: Observation | None = None
    age: float = 0.0
    notices: tuple[str, ...] = ()


class Settled(NamedTuple):
    """The result of a batch: `closed` is finished, `again` has to settle again, `full` found no space on the disk.

    What differs from its digest yet is in none of them.
    """

    closed: list[Batch]
    again: list[Batch]
    full: list[Batch]


_Copies = list[tuple[Batch, Claimed]]


class Claimer:
    """Takes the files of one drop folder's dataset over."""

    def __init__(
        self,
        context: Context,
        roots: dict[FilePurpose, Path],
        arrivals: Arrivals,
        contract_problem: Callable[[str], Reason | None],
    ) -> None:
        self._context = context
        self._roots = roots
        self._arrivals = arrivals
        self._contract_problem = contract_problem
        self._differed: dict[str, tuple[object, object]] = {}

    def why_wait(self, purpose: FilePurpose, dataset: str) -> Reason | None:
        """Why nothing of this dataset is claimed now: the files stay safely where they are."""
        if purpose is FilePurpose.DATA and (problem := self._contract_problem(dataset)) is not None:
            return problem
        return self._backlog(purpose, dataset)

    def fitting(self, ordered: Sequence[Batch]) -> list[Batch]:
        """As many of the first files as one delivery may have and the disk has room for; none when it is full.

        A claim takes the space of its files, and reading them as much again. What is too large at all takes none:
        it is refused.
        """
        settings = self._context.settings.intake
        free = shutil.disk_usage(self._context.layout.staging).free - (settings.reserve_mb << 20)
        found: list[Batch] = []
        used = 0
        for one in ordered[: settings.batch_files]:
            used += one.seen.size if one.seen.size <= settings.max_file_mb << 20 else 0
            if 2 * used > free or (found and used > settings.batch_mb << 20):
                break
            found.append(one)
        return found

    def take(self, purpose: FilePurpose, dataset: str, batch: Sequence[Batch]) -> Settled:
        """Copy, hash, compare; record the whole batch in one transaction."""
        copies: _Copies = []
        refusals: list[tuple[Batch, Reason]] = []
        known: list[Batch] = []
        again: list[Batch] = []
        full: list[Batch] = []
        with self._container(purpose, batch) as container:
            for number, one in enumerate(batch):
                try:
                    copies.append((one, self._copy(purpose, one, container)))
                except FileChanged:
                    again.append(one)  # somebody writes again: it has to settle again
                except FileExistsError:  # of a claim that nobody could say of whether it was recorded
                    (known if self._recorded([one]) else again).append(one)
                except (OSError, ShopfloorError) as error:
                    code = error.errno if isinstance(error, OSError) else None
                    if code in DISK_FULL:
                        full += batch[number:]
                        break
                    if code in _PASSING:
                        again.append(one)
                    else:
                        refusals.append((one, _reason(error)))
            try:
                copies, wrong = self._compared(purpose, copies)
                reach("intake.copied")
                done = self._record(purpose, dataset, copies, refusals, wrong)
            except Exception:
                # It may have failed after its COMMIT. What is recorded is done with; what is not is claimed anew.
                rows = self._recorded([one for one, _ in copies])
                if not rows:
                    raise
                done = [row for row in rows if row.file.state is not FileState.STAGED]
        reach("intake.claimed")
        self._dispose(purpose, done)
        return Settled([one for one, _ in (*copies, *wrong, *refusals)] + known, again, full)

    def _recorded(self, batch: Sequence[Batch]) -> list[LedgerRow]:
        """The rows of files whose claim the database knows, all of one transaction; the copies of others go.

        Where the database does not answer nothing goes, and the error is its own.
        """
        ids = [one.id for one in batch]
        rows = self._context.store.read(lambda query: files.ledger(query, ids))
        found = [row for row in rows if row.file.state not in _UNCLAIMED]
        for id in set(ids) - {row.file.id for row in found}:
            file_locations.staged_path(self._context.layout, id).unlink(missing_ok=True)
        return found

    def differs(self, seen: Observation, companion: Observation | None, age: float) -> bool:
        """True for a file that was hashed already and found to be something else than its companion says.

        It is not hashed again before one of the two changes, or patience is over.
        """
        known = self._differed.get(seen.path)
        return known is not None and known == (seen.key, companion and companion.key) and age < self._timeout

    @property
    def _timeout(self) -> float:
        return 60.0 * self._context.settings.intake.digest_minutes

    def _backlog(self, purpose: FilePurpose, dataset: str) -> Reason | None:
        """Each dataset has its own share of the queue, so that a flood in one keeps no other waiting."""
        settings = self._context.settings.intake

        def query(reader: Query) -> tuple[int, int]:
            queued = jobs.open_about(reader, file_locations.kind_of(purpose), dataset)
            return queued, files.staged_bytes(reader, purpose, dataset) >> 20

        queued, megabytes = self._context.store.read(query)
        hint = "It is ingested automatically when they are done. The limit is "
        if queued >= settings.queued_batches:
            message = f"{queued} deliveries of {dataset} are already queued."
            return Reason(code=BACKLOG, message=message, hint=f"{hint}intake.queued_batches.")
        if queued and megabytes >= settings.queued_mb:
            message = f"More than {count(settings.queued_mb)} MB of {dataset} are already queued."
            return Reason(code=BACKLOG, message=message, hint=f"{hint}intake.queued_mb.")
        return None

    @contextmanager
    def _container(self, purpose: FilePurpose, batch: Sequence[Batch]) -> Iterator[Container | None]:
        """Where the copies of small files go together: those of data, which one job reads and nobody else.

        It is there afterwards if a file in it waits for that job.
        """
        small = sum(one.seen.size <= _SMALL for one in batch)
        if purpose is not FilePurpose.DATA or small < _MANY:
            yield None
            return
        path = file_locations.container_path(self._context.layout)
        try:
            container = Container(self._roots[purpose], path)
        except OSError:  # each file says what is wrong as it is copied
            yield None
            return
        try:
            yield container
        finally:
            container.close()
            self._context.store.read(partial(file_outcomes.remove_containers, paths=[str(path)]))

    def _copy(self, purpose: FilePurpose, one: Batch, container: Container | None) -> Claimed:
        limit = self._context.settings.intake.max_file_mb
        if one.seen.size > limit << 20:
            raise ShopfloorError(
                f"It has {size(one.seen.size)}, more than intake.max_file_mb ({limit}).",
                hint="Split it, or raise the setting.",
                code="too_large",
            )
        if container is not None and one.seen.size <= _SMALL:
            return container.claim(one.seen)
        return claim(self._roots[purpose], one.seen, file_locations.staged_path(self._context.layout, one.id))

    def _compared(self, purpose: FilePurpose, copies: _Copies) -> tuple[_Copies, _Copies]:
        """Copies that are what their companions say, and wrong ones. What may still be arriving is in neither."""
        right, wrong = [], []
        for one, copy in copies:
            if one.companion is None or self._checksum(purpose, one, one.companion).matches(copy.sha256, copy.bytes):
                right.append((one, copy))
            elif one.age < self._timeout:
                self._differed[one.seen.path] = (one.seen.key, one.companion.key)
                copy.discard()
            else:
                wrong.append((one, copy))
        return right, wrong

    def _checksum(self, purpose: FilePurpose, one: Batch, companion: Observation) -> Checksum:
        return read_checksum(self._roots[purpose], companion.path, Path(one.seen.path).name)

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
            odd = {one.id: one.notices for one, _ in copies}
            return ledger.claimed(transaction, purpose, dataset, found, repeated=repeated, notices=odd)

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
        file_outcomes.keep_bytes(self._context, row, reason, hashed=True)
        file_outcomes.quarantine_file(transaction, row, reason)

    def _dispose(self, purpose: FilePurpose, done: Sequence[LedgerRow]) -> None:
        day = f"{self._context.clock.now():%Y-%m-%d}"
        for row in done:
            originals = (
                self._arrivals.of(purpose, row.file.dataset).originals or self._context.settings.intake.originals
            )
            file_locations.dispose(self._context.layout, row, originals, day)


def _reason(error: OSError | ShopfloorError) -> Reason:
    if isinstance(error, ShopfloorError):
        return Reason(code=error.code, message=error.message, hint=error.hint)
    return Reason(
        code="unreadable",
        message=f"It cannot be read: {error.strerror or error}.",
        hint="Check its permissions, then deliver it again.",
    )
