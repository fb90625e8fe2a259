"""One delivery from staged copies to staged parts. One bad file never stops the others."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain import numbers
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.contract import Contract, Mode, Parser
from shopfloor.domain.dataset import Part
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.text import counted, quoted
from shopfloor.duck.limits import cpu_allowance, limited
from shopfloor.duck.sql import connect
from shopfloor.formats.cast_rule import CastRule
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.packs import pack
from shopfloor.formats.prepare import Preparer
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.deliveries import made_by_query, older_snapshot
from shopfloor.formats.reasons.files import parser_crashed
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.accepted_files import AcceptedFiles
from shopfloor.intake.balance import unbalanced
from shopfloor.intake.changed_rows import Stored, replaced_rows
from shopfloor.intake.earlier_text import cast_rule_of, read_again, unreadable
from shopfloor.intake.members import apart
from shopfloor.intake.merge import merge
from shopfloor.intake.overlap import overlap
from shopfloor.intake.records import FileOutcome, IntakeResult, IntakeSpec, StagedPart
from shopfloor.intake.restart import Restart
from shopfloor.intake.take import GroupReader, GroupResult
from shopfloor.lake.manifest import touched_by
from shopfloor.lake.objects import part_path
from shopfloor.lake.retype import cast_failures

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[float, str], None]

_REPLACED = "A newer snapshot in the same delivery replaced this one."


def ingest(spec: IntakeSpec, progress: Progress, connection: DuckDBPyConnection | None = None) -> IntakeResult:
    """Read the files of `spec`, check them against the contract, and write parts to its staging.

    `progress` gets a share from 0 to 1 and a stage in words. Pass a `connection` of
    `duck.sql.connect` to save its 13 ms; it is used by nobody else meanwhile. Every file gets an
    outcome; a file with faults beyond the contract's budget is quarantined and contributes
    nothing; so is one whose rows do not add up. Raises `ConfigError` for a contract that cannot be
    applied and `OSError` when the disk is full. Memory and CPU time are bounded for the duration.
    """
    _check_contract(spec)
    total = sum(file.bytes for file in spec.files)
    crashed_files: dict[str, FileOutcome] = {}
    alone: set[str] = set()
    together = Path(spec.staging) / "together"
    with limited(spec.memory_mb, cpu_allowance(total)), apart(spec.files, together) as files:
        spec = msgspec.structs.replace(spec, files=files)
        while True:
            _clean(spec)
            own = None if connection is not None and not crashed_files and not alone else _connect(spec)
            try:
                used = own or connection
                assert used is not None
                cast_rules = _check_stored(used, spec)
                result = _Delivery(spec, progress, used, crashed_files, alone, cast_rules).run()
                if not (lost := unbalanced(result)):
                    return result
                # Their rows share parts with those of other files: begin again without them.
                crashed_files |= {file: _held(file, reason) for file, reason in lost.items()}
            except Restart as restart:
                # DuckDB gave up on itself: begin again without, or with less trust in, a file.
                if restart.failed_file is not None:
                    crashed_files[restart.failed_file.id] = _held(
                        restart.failed_file.id, parser_crashed(restart.detail)
                    )
                alone.update(restart.suspects)
            finally:
                if own is not None:
                    own.close()
                shutil.rmtree(Path(spec.staging) / "scratch", ignore_errors=True)


class _Delivery:
    """The state of one run over the files of a spec."""

    def __init__(
        self,
        spec: IntakeSpec,
        progress: Progress,
        connection: DuckDBPyConnection,
        crashed_files: dict[str, FileOutcome],
        alone: set[str],
        cast_rules: Mapping[str, CastRule],
    ) -> None:
        self._spec = spec
        self._progress = progress
        self._connection = connection
        self._alone = alone
        self._cast_rules = cast_rules  # of columns whose earlier text has a type now
        self._outcomes = dict(crashed_files)
        self._accepted = AcceptedFiles(spec)
        self._reader = GroupReader(connection, spec, self._accepted)
        self._parts: list[StagedPart] = []
        self._changed_rows: Counter[str] = Counter()

    def run(self) -> IntakeResult:
        """Prepare, read and merge; return the result."""
        prepared = self._prepare()
        single = self._mode is Mode.SNAPSHOT
        groups = pack(prepared, alone=self._alone, single=single)
        done, total = 0, max(1, sum(file.bytes for file in prepared))
        for group in groups:
            self._progress(0.2 + 0.7 * done / total, "reading")
            self._add(self._reader.take(group))
            done += sum(file.bytes for file in group)
        self._progress(0.9, "merging")
        result = self._result()
        self._progress(1.0, "done")
        return result

    @property
    def _mode(self) -> Mode:
        contract = self._accepted.contract
        return contract.mode if contract is not None else self._spec.mode

    def _prepare(self) -> list[PreparedFile]:
        contract = self._spec.contract
        expected = [column.name for column in contract.columns] if contract else []
        parser = contract.parser if contract else Parser()
        scratch = Path(self._spec.staging) / "scratch"
        preparer = Preparer(
            self._connection, scratch, self._spec.memory_mb, expected, parser, accepted=self._spec.accepted
        )
        prepared: list[PreparedFile] = []
        for number, file in enumerate(self._spec.files):
            if number % 50 == 0:
                self._progress(0.2 * number / len(self._spec.files), "looking")
            if file.id in self._outcomes:
                continue
            try:
                self._check_order(file)
                prepared.append(preparer.prepare(file))
            except BadFile as error:
                if error.reason.code == "parser_crashed":
                    raise Restart(failed_file=file, detail=error.reason.message) from error
                self._quarantine(file.id, error.reason)
        return prepared

    def _check_order(self, file: StagedFile) -> None:
        """Raise `BadFile` for a snapshot older than the one that is in, and for a file where a query makes the rows."""
        contract = self._spec.contract
        if contract is not None and contract.query and not file.derived:
            raise BadFile(made_by_query(contract.name))
        newest = self._spec.newest
        if self._mode is Mode.SNAPSHOT and newest is not None and file.dated and file.dated.older_than(newest):
            raise BadFile(older_snapshot(file.dated.dated, newest.name, newest.dated))

    def _add(self, result: GroupResult) -> None:
        for outcome in result.outcomes:
            self._outcomes[outcome.id] = outcome
        if result.part is None:
            return
        if self._mode is Mode.SNAPSHOT:
            for replaced in self._parts:
                Path(replaced.path).unlink(missing_ok=True)
                for span in replaced.part.files:
                    self._note(span.file, _REPLACED)
            self._parts = []
        self._parts.append(result.part)

    def _result(self) -> IntakeResult:
        spec, contract = self._spec, self._accepted.finished()
        kept, parts = spec.previous, tuple(self._parts)
        replaces = self._mode is Mode.SNAPSHOT and bool(parts)
        if replaces and contract is not None:
            kept = ()
            (replacing,) = (part.part for part in parts)
            self._changed_rows[replacing.files[0].file] += self._replaced(contract, None, None)
        elif contract is not None and (parts or spec.withdrawn):
            superseded = self._superseded() | set(spec.withdrawn)
            self._tell_corrections(contract)
            for file in spec.files:
                if self._outcomes[file.id].superseded:
                    self._changed_rows[file.id] += self._replaced(contract, {file.id}, set(file.supersedes))
            replaces = bool(contract.mode is Mode.UPSERT or touched_by(spec.previous, superseded))
            if replaces:
                kept, parts = self._merge(contract, superseded)
            if self._cast_rules:
                kept, copies = self._read_again(contract, kept)
                replaces, parts = replaces or bool(copies), (*copies, *parts)
        return IntakeResult(
            contract=contract,
            parts=parts,
            kept=kept if replaces else (),
            files=tuple(
                msgspec.structs.replace(self._outcomes[file.id], changed_rows=self._changed_rows[file.id])
                for file in spec.files
            ),
            rows=sum(part.part.rows for part in parts),
            columns=tuple(column.stored for column in contract.columns) if contract else (),
            mode=self._mode,
            replaces_parts=replaces,
            contract_changed=contract is not None and contract != spec.contract,
            absent=tuple(sorted(self._accepted.absent)),
            retyped=tuple(self._accepted.retyped),
            notices=tuple(self._accepted.notices),
        )

    def _merge(self, contract: Contract, superseded: set[str]) -> tuple[tuple[Part, ...], tuple[StagedPart, ...]]:
        spec = self._spec
        merged = merge(
            self._connection,
            contract if contract.mode is Mode.UPSERT else msgspec.structs.replace(contract, key=()),
            self._parts,
            spec.previous,
            [file.id for file in spec.files],
            superseded,
            Path(spec.objects),
            Path(spec.staging),
        )
        self._changed_rows.update(merged.changed)
        for file, count in merged.repeated.items():
            rows = "row is" if count == 1 else "rows are"
            self._note(file, f"{numbers.count(count)} {rows} replaced by a later row with the same key.")
        return merged.kept, merged.parts

    def _replaced(self, contract: Contract, new: set[str] | None, old: set[str] | None) -> int:
        """Rows of the earlier files `old` in whose place others of the files `new` come; None: of all files."""
        incoming: list[Stored] = [(Path(staged.path), staged.part) for staged in self._parts]
        stored = [(part_path(Path(self._spec.objects), part.sha256), part) for part in self._spec.previous]
        return replaced_rows(self._connection, contract.columns, incoming, stored, new, old)

    def _read_again(self, contract: Contract, kept: Sequence[Part]) -> tuple[tuple[Part, ...], tuple[StagedPart, ...]]:
        objects, staging = Path(self._spec.objects), Path(self._spec.staging)
        left, copies = read_again(self._connection, kept, self._cast_rules, contract, objects, staging)
        if copies:
            columns = (column for name in self._cast_rules if (column := contract.column(name)) is not None)
            listed = (f"{quoted(column.name)} as {column.written}" for column in columns)
            self._accepted.notices.append(f"Text of earlier files is read again: {', '.join(listed)}.")
        return left, copies

    def _tell_corrections(self, contract: Contract) -> None:
        """The notice about the effect on earlier rows of a file whose path was delivered before."""
        for file in self._spec.files:
            outcome = self._outcomes[file.id]
            if outcome.state is not FileState.COMMITTED or file.corrects is None:
                continue
            self._outcomes[file.id] = msgspec.structs.replace(
                outcome, superseded=file.supersedes, corrects=file.corrects
            )
            self._note(file.id, self._correction(contract, file))

    def _correction(self, contract: Contract, file: StagedFile) -> str:
        if file.supersedes:
            return f"It replaces the rows of {', '.join(file.supersedes)}, delivered under the same path."
        assert file.corrects is not None
        intro = f"It was delivered before with other content, as {file.corrects}: "
        keep = f" To keep only the new rows: shopfloor file supersede {file.id}"
        if contract.mode is Mode.UPSERT:
            return f"{intro}rows with the same key were replaced; earlier rows missing from it are still in.{keep}"
        objects = Path(self._spec.objects)
        found = overlap(self._connection, self._parts, self._spec.previous, objects, file.id, file.corrects, contract)
        return f"{intro}{numbers.count(found.repeated)} of its {numbers.count(found.rows)} rows are now in twice.{keep}"

    def _superseded(self) -> set[str]:
        """Earlier files whose corrected successors were accepted."""
        return {
            earlier
            for file in self._spec.files
            if self._outcomes[file.id].state is FileState.COMMITTED
            for earlier in file.supersedes
        }

    def _quarantine(self, file: str, reason: Reason) -> None:
        self._outcomes[file] = _held(file, reason)

    def _note(self, file: str, notice: str) -> None:
        outcome = self._outcomes[file]
        self._outcomes[file] = msgspec.structs.replace(outcome, notices=(*outcome.notices, notice))


def _held(file: str, reason: Reason) -> FileOutcome:
    return FileOutcome(id=file, state=FileState.QUARANTINED, reason=reason)


def _check_stored(connection: DuckDBPyConnection, spec: IntakeSpec) -> dict[str, CastRule]:
    """How to read earlier text of columns that somebody gave a type, by column.

    Raises `ConfigError` for a type that rows of earlier files do not fit.
    """
    cast_rules: dict[str, CastRule] = {}
    before = {column.name: column for column in spec.columns}
    spelled = ColumnNames(before)
    stored = [str(part_path(Path(spec.objects), part.sha256)) for part in spec.previous]
    for column in spec.contract.columns if spec.contract is not None else ():
        as_stored = spelled.find(column.name)
        if as_stored is not None and column.name not in before:
            raise ConfigError(
                f"datasets/{spec.dataset}.toml names a column {quoted(column.name)}, whose rows are stored "
                f"as {quoted(as_stored)}: names that differ only in case are the same column.",
                hint=f"Write {quoted(as_stored)}; files may spell it either way.",
                code="case_collision",
            )
        earlier = before.get(column.name)
        if earlier is None or earlier.type is column.type:
            continue
        assert spec.contract is not None
        count = cast_failures(connection, stored, column)
        how = cast_rule_of(column, earlier, spec.contract) if count else None
        if how is not None:
            cast_rules[column.name] = how
            count = unreadable(connection, stored, column, how)
        if count:
            values = counted(count, "value of earlier files does", "values of earlier files do")
            raise ConfigError(
                f"datasets/{spec.dataset}.toml says {column.type.value} for column {quoted(column.name)}, "
                f"but {values} not fit that.",
                hint=f'Set its type to "{earlier.type.value}", as it was, or to "text".',
                code="type_unfit",
            )
    return cast_rules


def _check_contract(spec: IntakeSpec) -> None:
    """Raise `ConfigError` for an upsert without a key."""
    mode = spec.contract.mode if spec.contract else spec.mode
    if mode is Mode.UPSERT and not (spec.contract and spec.contract.key):
        raise ConfigError(
            f"The dataset {spec.dataset} is set to upsert but has no key.",
            hint=f"Name the key columns: shopfloor dataset define {spec.dataset} --mode upsert --key COLUMN",
            code="no_key",
        )


def _connect(spec: IntakeSpec) -> DuckDBPyConnection:
    threads = spec.threads or os.cpu_count() or 1
    temp = Path(spec.staging) / "scratch"
    return connect(memory_mb=spec.memory_mb, threads=threads, temp=temp)


def _clean(spec: IntakeSpec) -> None:
    """An attempt before this one may have left parts and copies behind."""
    staging = Path(spec.staging)
    staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in staging.glob("*.parquet*"):
        left.unlink()
    shutil.rmtree(staging / "scratch", ignore_errors=True)
    (staging / "scratch").mkdir(mode=0o700)
