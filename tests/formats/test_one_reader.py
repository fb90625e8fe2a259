"""One table, written in many ways, gives the same values and the same faults on every way in.

A way in is a function in `WAYS`: from a file and its dataset's contract to the values of each column that it
reads, or the reason why it does not. To add one, add a line there.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.conftest import Bench

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.definition import Task
from shopfloor.domain.file import Reason
from shopfloor.domain.number_format import COMMA, POINT
from shopfloor.duck.sql import connect
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.remedies import WITHOUT
from shopfloor.intake.streaming.rows import RowCheck
from shopfloor.serving.actuals import read_actuals
from shopfloor.serving.inputs import as_written, open_delivered
from shopfloor.serving.records import ActualsSpec
from shopfloor.serving.rows import RowReader

Values = dict[str, list[Any]]
MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPES = {
    "id": ColumnType.TEXT,
    "i": ColumnType.INTEGER,
    "x": ColumnType.NUMBER,
    "b": ColumnType.BOOLEAN,
    "t": ColumnType.TEXT,
    "d": ColumnType.DATE,
    "at": ColumnType.TIMESTAMP,
}


@dataclass(frozen=True)
class Delivered:
    """A file, and the contract of the dataset whose table it is like."""

    name: str
    data: bytes
    contract: Contract


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=400, threads=2, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


def inbox(file: Delivered, folder: Path, connection: Any) -> Values | Reason:
    """As data of the dataset."""
    bench = Bench(folder, connection)
    result = bench.ingest({file.name: file.data}, file.contract)
    (outcome,) = result.files
    if outcome.reason is not None:
        return outcome.reason
    frame = bench.frame(result)
    return {name: [_plain(value) for value in frame[name].tolist()] for name in frame.columns}


def scoring(file: Delivered, folder: Path, connection: Any) -> Values | Reason:
    """As inputs of a model that was trained on the dataset."""
    path = folder / "delivered.part"
    path.write_bytes(file.data)
    (folder / "work").mkdir()
    columns = [Column(name=column.name, type=column.type) for column in file.contract.columns]
    names = [column.name for column in columns]
    try:
        with open_delivered(path, file.name, folder / "work", file.contract, names, 400) as table:
            reader = table.read(as_written(columns, file.contract))
            found = pa.Table.from_batches(list(reader.batches(3)))
    except BadFile as error:
        return error.reason
    return {name: [_plain(value) for value in found.column(at).to_pylist()] for at, name in enumerate(names)}


def actuals(file: Delivered, folder: Path, connection: Any) -> Values | Reason:
    """As truth about the target `x`."""
    path = folder / "truth.part"
    path.write_bytes(file.data)
    spec = ActualsSpec(
        model="m",
        task=Task.REGRESSION,
        input_path=str(path),
        name=file.name,
        staging=str(folder),
        target="x",
        id="id",
        arrived_at=datetime(2026, 3, 1, tzinfo=UTC),
        contract=file.contract,
    )
    try:
        result = read_actuals(spec, lambda share, stage: None)
    except BadFile as error:
        return error.reason
    known = pq.read_table(result.part.path) if result.part is not None else None
    truth = dict(zip(*(known.column(at).to_pylist() for at in (0, 1)), strict=True)) if known is not None else {}
    count = result.rows + result.empty
    return {"x": [truth.get(f"k{n}") for n in range(count)]}


WAYS: dict[str, Callable[[Delivered, Path, Any], Values | Reason]] = {
    "inbox": inbox,
    "scoring": scoring,
    "actuals": actuals,
}


def _plain(value: Any) -> Any:
    """Missing as None, a day as its midnight."""
    if (
        value is None
        or type(value).__name__ in {"NAType", "NaTType"}
        or (isinstance(value, float) and math.isnan(value))
    ):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if type(value) is date:
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  (stored without a zone)
    return value


@dataclass(frozen=True)
class Dialect:
    """How a text file is written. `marks` are those of thousands and decimals."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    marks: tuple[str, str] = ("", ".")
    day: str = "%Y-%m-%d"
    clock: str = "%H:%M:%S"
    missing: str = ""
    encoding: str = "utf-8"
    packing: str = ""
    end: str = "\n"

    def contract(self) -> Contract:
        """The contract of a dataset that is written so."""
        number = {(".", ","): COMMA, ("", ","): COMMA, (",", "."): POINT}.get(self.marks, "")
        day = "" if self.day == "%Y-%m-%d" else self.day
        formats = {"x": number, "d": day, "at": day and f"{day} {self.clock}"}
        columns = tuple(Column(name=name, type=kind, format=formats.get(name, "")) for name, kind in TYPES.items())
        parser = Parser(
            delimiter=self.delimiter,
            quote=self.quote,
            escape=self.escape,
            encoding=self.encoding,
            decimal=self.marks[1],
        )
        return Contract(name="d", columns=columns, parser=parser)

    def cell(self, name: str, value: Any) -> str:
        """A value as this dialect writes it."""
        if value is None:
            return "" if TYPES[name] is ColumnType.TEXT else self.missing
        if name == "x":
            group, point = self.marks
            text = f"{value:,.3f}" if group else f"{value:.3f}"
            return text.replace(",", "\0").replace(".", point).replace("\0", group)
        if name == "d":
            return str(value.strftime(self.day))
        if name == "at":
            return str(value.strftime(f"{self.day} {self.clock}"))
        return str(value).lower() if name == "b" else str(value)

    def field(self, text: str) -> str:
        """A cell in quotes, where something in it would end it."""
        if not {self.delimiter, self.quote} & set(text):
            return text
        return f"{self.quote}{text.replace(self.quote, (self.escape or self.quote) + self.quote)}{self.quote}"

    def written(self, rows: Sequence[Sequence[str]]) -> bytes:
        """The file, header first."""
        lines = (self.delimiter.join(map(self.field, row)) + self.end for row in rows)
        data = "".join(lines).encode(self.encoding)
        if self.packing == ".gz":
            return gzip.compress(data)
        return bytes(pa.compress(data, "zstd", asbytes=True)) if self.packing else data


dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    escape=st.sampled_from(["", "\\"]),
    marks=st.sampled_from([("", "."), ("", ","), (".", ","), (",", ".")]),
    day=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"]),
    clock=st.sampled_from(["%H:%M:%S", "%H:%M"]),
    missing=st.sampled_from(["", "NA", "?", "NULL", "nan", "\\N", "-"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    packing=st.sampled_from(["", ".gz", ".zst"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
# Minutes only, so that no clock loses a part of a time; thousandths, so that no mark loses one of a number.
rows_of_values = st.lists(
    st.fixed_dictionaries(
        {
            "i": st.none() | st.integers(-(10**12), 10**12),
            "x": st.none() | st.integers(-(10**9), 10**9).map(lambda n: n / 1000),
            "b": st.none() | st.booleans(),
            "t": st.none() | st.text("abcéÄß ,;'\"|", min_size=1, max_size=8).filter(lambda text: text.strip() == text),
            "d": st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
            "at": st.none()
            | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
                lambda moment: moment.replace(second=0, microsecond=0)
            ),
        }
    ),
    min_size=1,
    max_size=6,
).map(lambda rows: [{"id": f"k{n}", **row} for n, row in enumerate(rows)])


def on_all_ways(file: Delivered, connection: Any) -> dict[str, Values | Reason]:
    """What each way in makes of the file."""
    found = {}
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = way(file, Path(folder), connection)
    return found


def check(file: Delivered, rows: Sequence[dict[str, Any]], connection: Any) -> None:
    """Every way gives the values that were written."""
    for way, values in on_all_ways(file, connection).items():
        assert isinstance(values, dict), (way, values)
        for name, column in values.items():
            assert column == [_plain(row[name]) for row in rows], (way, name)


def table(dialect: Dialect, rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [list(TYPES), *([dialect.cell(name, row[name]) for name in TYPES] for row in rows)]


@MANY
@given(dialect=dialects, rows=rows_of_values)
def test_any_dialect(connection: Any, dialect: Dialect, rows: list[dict[str, Any]]) -> None:
    data = dialect.written(table(dialect, rows))
    check(Delivered(f"a.csv{dialect.packing}", data, dialect.contract()), rows, connection)


@MANY
@given(dialect=dialects, rows=rows_of_values, row=st.integers(0, 5), column=st.sampled_from(["i", "x", "b", "d", "at"]))
def test_faults_and_their_places(
    connection: Any, dialect: Dialect, rows: list[dict[str, Any]], row: int, column: str
) -> None:
    cells = table(dialect, rows)
    line = row % len(rows) + 1
    cells[line][list(TYPES).index(column)] = "oops!"
    found = on_all_ways(Delivered(f"a.csv{dialect.packing}", dialect.written(cells), dialect.contract()), connection)
    if column != "x":  # truth reads the id and the target, and nothing else
        assert isinstance(found.pop("actuals"), dict)
    for way, reason in found.items():
        assert isinstance(reason, Reason), way
        said = (reason.code, reason.line, reason.column)
        assert said == ("bad_value", line + 1, column), (way, reason)
        assert f"Line {line + 1}, column '{column}': 'oops!'" in reason.message
    assert len({reason.message for reason in found.values() if isinstance(reason, Reason)}) == 1


def as_parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    kinds = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.date32(), pa.timestamp("us")]
    arrays = [pa.array([row[name] for row in rows], kind) for name, kind in zip(TYPES, kinds, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=list(TYPES)), sink)
    return bytes(sink.getvalue())


def as_objects(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for row in rows
    ]


def as_workbook(rows: Sequence[dict[str, Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(list(TYPES))
    for row in rows:
        book.active.append([row[name] for name in TYPES])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMATS: dict[str, Callable[[Sequence[dict[str, Any]]], bytes]] = {
    "a.parquet": as_parquet,
    "a.json": lambda rows: json.dumps(as_objects(rows)).encode(),
    "a.jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in as_objects(rows)).encode(),
    "a.xlsx": as_workbook,
}


@pytest.mark.parametrize("name", FORMATS)
@settings(MANY, max_examples=6)
@given(dialect=dialects, rows=rows_of_values)
def test_any_format_whatever_the_text_files_look_like(
    connection: Any, name: str, dialect: Dialect, rows: list[dict[str, Any]]
) -> None:
    check(Delivered(name, FORMATS[name](rows), dialect.contract()), rows, connection)


@MANY
@given(
    dialect=dialects,
    rows=rows_of_values,
    clock=st.sampled_from(["", "T00:00:00Z", "T00:00:00.000Z", " 00:00", "T00:00:00+00:00", " 00:00:00 UTC"]),
)
def test_rows_of_a_request_are_read_as_lines_of_a_file(
    connection: Any, dialect: Dialect, rows: list[dict[str, Any]], clock: str
) -> None:
    """Also a day that a client sends as the midnight with which it begins, as JavaScript does."""
    objects = as_objects(rows)
    for row in objects:
        row["d"] = row["d"] and row["d"] + clock
    contract = dialect.contract()
    data = "".join(json.dumps(row) + "\n" for row in objects).encode()
    check(Delivered("a.jsonl", data, contract), rows, connection)
    reader = RowReader([contract.parser.governed(column) for column in contract.columns], [], None)
    for read, row in zip(reader.read(objects).rows, rows, strict=True):
        assert {name: _plain(value) for name, value in read.values.items()} == {
            name: _plain(value) for name, value in row.items()
        }
    posted = RowCheck(contract).read(data)
    assert (posted.rows, posted.rejects) == (len(rows), ())


TEXT_NUMBERS: dict[str, Callable[[list[str]], bytes]] = {
    "a.jsonl": lambda texts: "".join(json.dumps({"id": f"k{n}", "x": x}) + "\n" for n, x in enumerate(texts)).encode(),
    "a.json": lambda texts: json.dumps([{"id": f"k{n}", "x": x} for n, x in enumerate(texts)]).encode(),
    "a.parquet": lambda texts: _texts_in_parquet(texts),
    "a.xlsx": lambda texts: _texts_in_a_book(texts),
}


def _texts_in_parquet(texts: list[str]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [f"k{n}" for n in range(len(texts))], "x": texts}), sink)
    return bytes(sink.getvalue())


def _texts_in_a_book(texts: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in [("id", "x"), *((f"k{n}", x) for n, x in enumerate(texts))]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", TEXT_NUMBERS)
def test_a_declared_decimal_mark_governs_texts_that_stand_for_numbers(connection: Any, name: str) -> None:
    columns = (Column(name="id", type=ColumnType.TEXT), Column(name="x", type=ColumnType.NUMBER))
    contract = Contract(name="d", columns=columns, parser=Parser(decimal=","))
    wanted = {"1,5": 1.5, "-1.234,5": -1234.5, "12": 12.0, "": None, "1.234.567": 1234567.0}
    found = on_all_ways(Delivered(name, TEXT_NUMBERS[name](list(wanted)), contract), connection)
    for way, values in found.items():
        assert isinstance(values, dict), (way, values)
        assert values["x"] == list(wanted.values()), way
    for way, reason in on_all_ways(Delivered(name, TEXT_NUMBERS[name](["1.800"]), contract), connection).items():
        assert isinstance(reason, Reason), way
        assert "may mean 1800" in reason.message
    check = RowCheck(contract)
    posted = check.read(b'{"id": "a", "x": "1,5"}\n{"id": "b", "x": 2.5}\n{"id": "c", "x": "1.800"}\n')
    assert (posted.rows, [reject.column for reject in posted.rejects]) == (2, ["x"])


@pytest.mark.parametrize("again", ["x,id", "Id,X", '"x","id"'])
def test_a_header_among_the_rows_is_the_same_fault_on_all_ways(connection: Any, again: str) -> None:
    columns = (Column(name="id", type=ColumnType.TEXT), Column(name="x", type=ColumnType.NUMBER))
    data = f"id,x\nk0,1\n{again}\nk1,2\n".encode()
    for way, reason in on_all_ways(Delivered("a.csv", data, Contract(name="d", columns=columns)), connection).items():
        assert isinstance(reason, Reason), way
        assert (reason.code, reason.line) == ("header_repeated", 3), way
        assert (WITHOUT in reason.remedies) == (way == "inbox"), way
