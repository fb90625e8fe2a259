"""Decisions that were served, with their actuals and what each was worth, as a table in DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.artifacts.value_function import function_values
from shopfloor.domain.codec import utc
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.definition import Figure
from shopfloor.domain.errors import DataError
from shopfloor.domain.stored_object import ObjectKind
from shopfloor.domain.text import safe
from shopfloor.domain.value import ValueTerms
from shopfloor.duck.sql import fenced, lock, name, text, texts
from shopfloor.lake.frame import read_parts
from shopfloor.lake.inference_parts import AMOUNT
from shopfloor.lake.objects import verify_published
from shopfloor.monitoring.records import Rival, ValueSpec
from shopfloor.monitoring.rival import rival_decisions
from shopfloor.monitoring.samples import delivered_truth
from shopfloor.monitoring.stored import INPUT, arriving

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SERVED = "prediction"
_MEMORY_MB = 512
_MOST_ASKED = 50_000


@dataclass
class DecidedRows:
    """The last decision of each association id whose actual is known, once: table `known`.

    Its columns are `association_id`, `moment`, `model_version`, `segment`, `prediction`, `actual` and the inputs
    that the terms or the rule need. `predictions` counts all decisions.
    """

    spec: ValueSpec
    connection: DuckDBPyConnection
    predictions: int = 0
    rows: int = 0
    _functions: dict[tuple[int, str], str] = field(default_factory=dict)

    def value_of(self, decision: str) -> str:
        """SQL of the value of each row of `known`, if the SQL expression `decision` had been served."""
        worth = {place: self._under(self._terms[place], decision) for place in self._holding}
        return self._by_terms([worth.get(place, "NULL::DOUBLE") for place in range(len(self._terms))])

    def without_amount(self) -> dict[str, int]:
        """How many rows lack it, for each amount that comes with the actuals and does not come with all of them."""
        needed = {column for place in self._holding for column in self._terms[place].value.columns}
        came = [self._came.spelled(column) for column in sorted(needed) if column not in self._given]
        found = ((each, _count(self.connection, "known", f"{name(AMOUNT + each)} IS NULL")) for each in came)
        return {column: rows for column, rows in found if rows}

    @cached_property
    def _terms(self) -> list[ValueTerms]:
        return sorted(self.spec.terms, key=lambda one: one.valid_from)

    @cached_property
    def _holding(self) -> list[int]:
        """The places of the terms by which any row is valued: only what these need has to be there."""
        found = self.connection.execute(
            f"SELECT DISTINCT {self._by_terms(map(str, range(len(self._terms))))} FROM known"
        )
        return sorted(row[0] for row in found.fetchall())

    def _by_terms(self, expressions: Iterable[str]) -> str:
        """SQL that takes for each row the expression of its terms, of which there is one each."""
        first, *later = zip(self._terms, expressions, strict=True)
        cases = [f"WHEN moment >= {_moment(one)} THEN {body}" for one, body in reversed(later)]
        return f"CASE {' '.join(cases)} ELSE {first[1]} END" if cases else f"({first[1]})"

    @property
    def by_newest_terms(self) -> str:
        """SQL of whether a row's value follows the newest terms, by its `moment`."""
        return f"moment >= {_moment(self._terms[-1])}" if len(self._terms) > 1 else "true"

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The inputs in the table, under their own names."""
        return self._columns(INPUT)

    @cached_property
    def _given(self) -> ColumnNames:
        return ColumnNames(self.inputs)

    @cached_property
    def _came(self) -> ColumnNames:
        """The amounts that came with actuals."""
        return ColumnNames(self._columns(AMOUNT))

    def _columns(self, prefix: str) -> tuple[str, ...]:
        columns = [row[0] for row in self.connection.execute("DESCRIBE known").fetchall()]
        return tuple(column.removeprefix(prefix) for column in columns if column.startswith(prefix))

    def add_rival(self) -> bool:
        """What the previous version would have decided as the column `rival`, NULL where it was not asked or has no
        answer. False where the log does not tell, as it lacks inputs of that version.
        """
        if self.spec.rival is None:
            return False
        asked = self.connection.sql("SELECT * FROM asked ORDER BY place").to_arrow_table()
        answers = rival_decisions(self.spec.rival, asked)
        if answers is None:
            return False
        self._add_column("rival", answers, asked.column("place"))
        return True

    def add_rule(self, rule: str) -> None:
        """The answers of SQL over the inputs as the column `rule`. Raises `DataError` for a rule that fails."""
        import duckdb

        own = ", ".join(f"{name(INPUT + each)} AS {name(each)}" for each in self.inputs) or "NULL AS nothing"
        answer = f"({rule})"
        if self.spec.task.classification:
            yes, no = text(self.positive), text(self.negative)
            answer = f"CASE WHEN {answer}::BOOLEAN THEN {yes} ELSE {no} END"
        else:
            answer = f"{answer}::DOUBLE"
        try:
            self.connection.execute(
                f"CREATE OR REPLACE TABLE known AS SELECT known.*, ruled.rule FROM known JOIN "
                f"(SELECT place, {answer} AS rule FROM (SELECT place, {own} FROM known)) ruled USING (place)"
            )
        except duckdb.Error as error:
            raise DataError(
                f"The rule of [value] cannot be used: {safe(str(error).splitlines()[0], 200)}",
                hint="Write one SQL expression over inputs of the model.",
                code="value_rule",
            ) from error

    @property
    def positive(self) -> str:
        """The label of the positive class."""
        return self.spec.positive or (self.spec.classes[-1] if self.spec.classes else "")

    @property
    def negative(self) -> str:
        """The label of the other class."""
        return next((label for label in self.spec.classes if label != self.positive), "")

    def _under(self, terms: ValueTerms, decision: str) -> str:
        value = terms.value
        if value.function:
            return self._by_function(terms, decision)
        if not self.spec.task.classification:
            return f"{self._amount(value.per_absolute_error)} * abs(actual - ({decision}))"
        yes = f"({decision}) = {text(self.positive)}"
        return (
            f"CASE WHEN actual = {text(self.positive)} "
            f"THEN CASE WHEN {yes} THEN {self._amount(value.true_positive)} "
            f"ELSE {self._amount(value.false_negative)} END "
            f"ELSE CASE WHEN {yes} THEN {self._amount(value.false_positive)} "
            f"ELSE {self._amount(value.true_negative)} END END"
        )

    def _amount(self, figure: Figure) -> str:
        if not isinstance(figure, str):
            return f"{float(figure)!r}::DOUBLE"
        if figure in self._given:
            return f"coalesce(TRY_CAST({name(INPUT + self._given.spelled(figure))} AS DOUBLE), 0)"
        if figure in self._came:
            return f"coalesce({name(AMOUNT + self._came.spelled(figure))}, 0)"
        raise DataError(
            f"The terms of value name the column {safe(figure, 80)!r}, which is no logged input of the model and came "
            "with no actuals.",
            hint="Name an input of the model or a column of the actuals in [value], or give a number.",
            code="value_column",
        )

    def _by_function(self, terms: ValueTerms, decision: str) -> str:
        """The column that holds what the recipe's function says of all rows, if `decision` had been served."""
        key = (terms.terms, decision)
        if key not in self._functions:
            column = f"function_{len(self._functions)}"
            inputs = ", ".join(f"{name(INPUT + each)} AS {name(each)}" for each in self.inputs)
            frame = self.connection.execute(
                f"SELECT place, association_id, moment, model_version, segment, actual, ({decision}) AS prediction"
                f"{', ' + inputs if inputs else ''} FROM known ORDER BY place"
            ).df()
            found = function_values(terms.value.function, terms.source, frame.drop(columns="place"))
            self._add_column(column, found, np.arange(len(found)))
            self._functions[key] = column
        return self._functions[key]

    def _add_column(self, column: str, values: Any, places: Any) -> None:
        import pyarrow as pa

        table = pa.table({"place": places, column: values})
        self.connection.register("given", table)
        self.connection.execute(
            f"CREATE OR REPLACE TABLE known AS SELECT known.*, given.{column} FROM known LEFT JOIN given USING (place)"
        )
        self.connection.unregister("given")


@contextmanager
def decided_rows(spec: ValueSpec) -> Iterator[DecidedRows]:
    """The decisions of `spec` in a database of their own.

    Raises `IntegrityError` for damaged parts.
    """
    paths = [Path(path) for path in (*spec.inference, *spec.actuals)]
    verify_published(paths, ObjectKind.LOG)
    with TemporaryDirectory(prefix="shopfloor-value-") as scratch:
        connection = fenced(memory_mb=_MEMORY_MB, threads=2, temp=Path(scratch), temp_mb=4 * _MEMORY_MB)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            found = DecidedRows(spec, connection)
            _read(found)
            lock(connection, files=False)
            yield found
        finally:
            connection.close()


def _read(found: DecidedRows) -> None:
    spec, connection = found.spec, found.connection
    kind = "VARCHAR" if spec.task.classification else "DOUBLE"
    _read_actuals(spec, connection, kind)
    schema = f"SELECT * FROM read_parquet({texts(list(spec.inference))}, union_by_name = true) LIMIT 0"
    columns = [row[0] for row in connection.execute(f"DESCRIBE {schema}").fetchall()]
    all_inputs = [name(each) for each in columns if each.startswith(INPUT)]
    inputs = [f", {each}" for each in all_inputs] if _needs_inputs(spec) else []
    now = f"{spec.threshold!r}::DOUBLE"
    threshold = f"coalesce(threshold, {now})" if "threshold" in columns else now
    connection.execute(
        'CREATE TABLE decided AS SELECT association_id, CAST("at" AS TIMESTAMP) AS moment, model_version, segment, '
        f"TRY_CAST(prediction AS {kind}) AS prediction, {threshold} AS threshold, "
        f"place AS part, file_row_number AS part_row{''.join(inputs)} "
        f"FROM {_parts(spec.inference)} "
        "QUALIFY row_number() OVER "
        "(PARTITION BY association_id ORDER BY moment DESC, place DESC, file_row_number DESC) = 1"
    )
    wanted = "isfinite(actual) AND isfinite(prediction)"
    if spec.task.classification:
        wanted = f"list_contains({texts(list(spec.classes))}, actual)" if spec.classes else "true"
    connection.execute(
        "CREATE TABLE known AS SELECT row_number() OVER (ORDER BY moment, association_id) - 1 AS place, decided.*, "
        "actuals.* EXCLUDE (association_id) "
        f"FROM decided JOIN actuals USING (association_id) WHERE prediction IS NOT NULL AND {wanted}"
    )
    if spec.rival is not None:
        _read_asked(spec, spec.rival, connection, all_inputs)
    found.predictions = _count(connection, "decided")
    found.rows = _count(connection, "known")


def _read_asked(spec: ValueSpec, rival: Rival, connection: DuckDBPyConnection, inputs: Sequence[str]) -> None:
    """The inputs of the champion's newest rows that the previous version may answer, too."""
    asked = (
        "SELECT place, part, part_row FROM known WHERE model_version = ? AND moment > ? "
        f"ORDER BY place DESC LIMIT {_MOST_ASKED}"
    )
    connection.execute(
        f"CREATE TABLE asked AS SELECT {', '.join(['known.place', *inputs])} FROM ({asked}) known "
        f"JOIN {_parts(spec.inference)} parts ON parts.place = part AND parts.file_row_number = part_row",
        [spec.champion, utc(rival.made_at).replace(tzinfo=None)],
    )


def _read_actuals(spec: ValueSpec, connection: DuckDBPyConnection, kind: str) -> None:
    """The newest actual of each id: of two that arrived at once the later one of the parts."""
    sources = []
    columns = (
        f"association_id::VARCHAR AS association_id, TRY_CAST(actual AS {kind}) AS actual, "
        f"arrived_at::TIMESTAMP AS arrived_at, COLUMNS('^{AMOUNT}.*|^nothing$')"
    )
    if spec.actuals:
        sources.append(f"SELECT *, NULL AS nothing FROM {_parts(spec.actuals)}")
    delivered = _delivered(spec)
    if delivered is not None:
        connection.register("delivered", delivered)
        sources.append("SELECT *, -1 AS place, row_number() OVER () AS file_row_number, NULL AS nothing FROM delivered")
    selects = [f"SELECT {columns}, place, file_row_number FROM ({source})" for source in sources]
    body = " UNION ALL BY NAME ".join(selects) or (
        f"SELECT NULL::VARCHAR AS association_id, NULL::{kind} AS actual, NULL::TIMESTAMP AS arrived_at, "
        "NULL AS nothing, 0 AS place, 0 AS file_row_number WHERE false"
    )
    connection.execute(
        f"CREATE TABLE actuals AS SELECT * EXCLUDE (arrived_at, nothing, place, file_row_number) FROM ({body}) "
        "WHERE association_id IS NOT NULL AND actual IS NOT NULL QUALIFY row_number() OVER "
        "(PARTITION BY association_id ORDER BY arrived_at DESC, place DESC, file_row_number DESC) = 1"
    )


def _parts(paths: Sequence[str]) -> str:
    """All rows of parts, each with the place of its part and its place in it."""
    listed = ", ".join(f"({text(path)}, {place})" for place, path in enumerate(paths))
    return (
        f"(SELECT * FROM read_parquet({texts(list(paths))}, union_by_name = true, filename = true, "
        f"file_row_number = true) JOIN (VALUES {listed}) AS listed(filename, place) USING (filename))"
    )


def _needs_inputs(spec: ValueSpec) -> bool:
    return bool(spec.definition.value and spec.definition.value.rule) or not all(
        terms.value.constant for terms in spec.terms
    )


def _delivered(spec: ValueSpec) -> Any:
    if not spec.data or spec.arrived_at is None:
        return None
    wanted = ColumnNames(each for each in (spec.definition.id, spec.definition.target, *spec.amounts) if each)
    frame = read_parts(spec.data, spec.columns, [column.name for column in spec.columns if column.name in wanted])
    truth = delivered_truth(frame, spec.definition.id, spec.definition.target, spec.amounts)
    return None if truth is None else arriving(truth, spec.task, spec.arrived_at)


def _count(connection: DuckDBPyConnection, table: str, where: str = "true") -> int:
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
    return int(row[0]) if row else 0


def _moment(terms: ValueTerms) -> str:
    return f"TIMESTAMP {text(utc(terms.valid_from).replace(tzinfo=None).isoformat(sep=' '))}"
