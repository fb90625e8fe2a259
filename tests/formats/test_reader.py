from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Parser
from shopfloor.domain.errors import DataError
from shopfloor.formats import rowcount
from shopfloor.formats.file_format import HEAD
from shopfloor.formats.reader import TableReader, open_table
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.serving.inputs import frame_from_rows, to_frame

KINDS = {
    "count": ColumnType.INTEGER,
    "size": ColumnType.NUMBER,
    "flag": ColumnType.BOOLEAN,
    "word": ColumnType.TEXT,
    "day": ColumnType.DATE,
    "at": ColumnType.TIMESTAMP,
}
COLUMNS = tuple(Column(name=name, type=kind) for name, kind in KINDS.items())
FREE = Parser()
HEADER = "count;size;flag;word;day;at;extra\n"


@contextmanager
def opened(
    path: Path, columns: Sequence[Column], roles: Collection[str] = (), parser: Parser = FREE
) -> Iterator[TableReader]:
    names = [column.name for column in columns]
    with (
        tempfile.TemporaryDirectory() as folder,
        open_table(path, path.name, Path(folder), parser=parser, expected=names) as table,
    ):
        yield table.read(columns, roles)


def read(path: Path, columns: tuple[Column, ...] = COLUMNS, size: int = 1000, parser: Parser = FREE) -> pd.DataFrame:
    with opened(path, columns, parser=parser) as reader:
        frames = [to_frame(batch, columns) for batch in reader.batches(size)]
    empty = pd.DataFrame({column.name: [] for column in columns})
    return pd.concat(frames, ignore_index=True) if frames else empty


def written(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_types_are_the_models_own(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "a.csv",
        HEADER
        + "12;2.5;yes;x;2026-01-31;2026-01-31T08:30:00+02:00;z\n;;;;;;\n"
        + ' 3.0 ;1e3;0;"a;b";2026-02-01 00:00;2026-01-31;\n',
    )
    frame = read(path)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "count": "Int64",
        "size": "float64",
        "flag": "boolean",
        "word": "object",
        "day": "datetime64[us]",
        "at": "datetime64[us]",
    }
    assert frame["count"].tolist() == [12, pd.NA, 3]
    assert frame["size"].fillna(-1).tolist() == [2.5, -1, 1000]
    assert frame["flag"].tolist() == [True, pd.NA, False]
    assert frame["word"].tolist() == ["x", None, "a;b"]
    assert frame["day"].tolist() == [pd.Timestamp("2026-01-31"), pd.NaT, pd.Timestamp("2026-02-01")]
    assert frame["at"].tolist() == [pd.Timestamp("2026-01-31T06:30"), pd.NaT, pd.Timestamp("2026-01-31")]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("count", "1.5"),
        ("count", "0x10"),
        ("count", "2024_01"),
        ("count", "twelve"),
        ("size", "1,5,0"),
        ("size", "1_000"),
        ("flag", "maybe"),
        ("flag", "2"),
        ("day", "2026-02-30"),
        ("day", "2026-01-31T08:30"),
        ("at", "31/01/2026"),
        ("at", "2026-01-31T25:00"),
        ("at", "1769848200"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_line_column_and_value(tmp_path: Path, column: str, value: str) -> None:
    cells = ";".join(value if name == column else "" for name in [*KINDS, "extra"])
    # A quoted line break and a blank line stand before it: the line is the file's, not the row's.
    path = written(tmp_path, "a.csv", f'{HEADER}1;;;"two\nlines";;;\n\n{cells}\n')
    with pytest.raises(BadFile) as caught:
        read(path)
    assert (caught.value.line, caught.value.column) == (5, column)
    assert f"Line 5, column '{column}': '{value}' is not" in caught.value.message
    assert caught.value.hint


def test_the_first_misfit_of_a_later_chunk_is_found(tmp_path: Path) -> None:
    lines = [f"{number};1;1;w;;;\n" for number in range(5000)]
    lines[4321] = "x;1;1;w;;;\n"
    with pytest.raises(BadFile, match="Line 4323, column 'count': 'x'"):
        read(written(tmp_path, "a.csv", HEADER + "".join(lines)), size=512)


@pytest.mark.parametrize("spelling", ["", "NA", "n/a", "NaN", "null", "None", " "])
def test_missing_values_have_many_spellings_but_a_text_may_say_na(tmp_path: Path, spelling: str) -> None:
    path = written(tmp_path, "a.csv", HEADER + ";".join([spelling] * 7) + "\n")
    frame = read(path)
    assert frame.drop(columns="word").isna().all(axis=None)
    assert frame["word"].tolist() == [spelling or None]


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "cuont,size,flag,word,day,at\n")
    with pytest.raises(BadFile, match="'count' is missing") as caught:
        read(path)
    assert caught.value.column == "count"
    assert "'cuont'" in caught.value.hint


def test_a_column_with_a_role_is_never_taken_for_a_missing_one(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "count,sizes\n1,2\n")
    with pytest.raises(BadFile, match="'size' is missing") as caught, opened(path, COLUMNS[:2], {"sizes"}):
        pass
    assert "sizes" not in caught.value.hint
    assert "count" not in caught.value.hint, "an input that is there is no misspelling either"


@pytest.mark.parametrize("other", ["gates", "late", "unlike"])
def test_an_optional_column_stays_optional_whatever_the_others_are_called(tmp_path: Path, other: str) -> None:
    gate = Column(name="gate", type=ColumnType.TEXT, optional=True)
    path = written(tmp_path, "a.csv", f"count,{other}\n1,x\n")
    with opened(path, (COLUMNS[0], gate)) as inputs:
        frame = to_frame(next(inputs.batches()), inputs.plan.columns)
    assert frame["gate"].tolist() == [None]
    assert (inputs.absent, inputs.ignored) == (("gate",), (other,))


def test_unknown_columns_are_ignored_and_listed(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "x,count,y\n1,2,3\n")
    with opened(path, COLUMNS[:1]) as inputs:
        assert inputs.ignored == ("x", "y")


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="more than once: 'count'"):
        read(written(tmp_path, "b.csv", "count,count\n1,2\n"), COLUMNS[:1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    header = delimiter.join(["count", "size", "extra"])
    path = written(tmp_path, "a.csv", f"{header}\n1{delimiter}2.5{delimiter}z\n")
    frame = read(path, COLUMNS[:2])
    assert frame.to_dict("list") == {"count": [1], "size": [2.5]}


TEXT = 'count,word\r\n1,é€\r\n2,"x, ""y"""\r\n'


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("data", "packed"),
    [
        (data, "")
        for data in (
            TEXT.encode(),
            TEXT.replace("\r\n", "\n").encode(),
            TEXT.replace("\r\n", "\r").encode(),
            TEXT.replace("\r\n", "\n", 1).encode(),
            TEXT.rstrip().encode(),
            TEXT.encode("utf-8-sig"),
            TEXT.encode("utf-16"),
            TEXT.encode("cp1252"),
        )
    ]
    + [
        (gzip.compress(TEXT.encode()), ".gz"),
        (gzip.compress(TEXT.encode("utf-16")), ".gz"),
        (zstd(TEXT.encode()), ".zst"),
        (zstd(TEXT.encode("cp1252")), ".zst"),
    ],
    ids=["crlf", "lf", "cr", "mixed", "no-end", "mark", "utf16", "cp1252", "gz", "gz-utf16", "zst", "zst-cp1252"],
)
def test_encodings_line_ends_and_compressions(tmp_path: Path, data: bytes, packed: str) -> None:
    frame = read(written(tmp_path, f"a.csv{packed}", data), (COLUMNS[0], COLUMNS[3]))
    assert frame.to_dict("list") == {"count": [1, 2], "word": ["é€", 'x, "y"']}


@pytest.mark.parametrize("name", ["a'b.csv", "a[1]*.csv", "a?.csv", "-x.csv", "…\n.csv", "a\udcff.csv"])
def test_hostile_file_names(tmp_path: Path, name: str) -> None:
    assert len(read(written(tmp_path, name, "count\n1\n"), COLUMNS[:1])) == 1


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("few.csv", 'count;word\n1;"a\nb"\n2\n', 4),
        ("many.csv", "count;word\n1;a\n\n2;b;c\n", 4),
        ("quote.csv", 'count;word\n1;a\n2;"b\n3;c\n', 3),
        ("cut.jsonl", '{"count": 1}\n\n{"count": \n', 3),
    ],
)
def test_malformed_files_name_the_line(tmp_path: Path, name: str, data: str, line: int) -> None:
    for skipped in (0, 1, 2) if name.endswith(".csv") else (0,):
        path, parser = written(tmp_path, name, "Title\n" * skipped + data), Parser(skip_lines=skipped)
        with pytest.raises(DataError, match=rf"(?i)line {line + skipped}\b") as caught:
            read(path, (COLUMNS[0],), parser=parser)
        assert "strict_mode" not in str(caught.value)
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.csv", b""),
        ("blank.csv", b"\n\n"),
        ("half.gz", gzip.compress(b"count\n" + b"1\n" * 9999, mtime=0)[:-20]),
        ("half.zst", zstd(b"count\n" + b"1\n" * 9999)[:-9]),
        ("bad.parquet", b"PAR1" + b"\x00" * 100),
        ("arrow.csv", b"ARROW1\x00\x00"),
        ("pickle.csv", b"\x80\x04\x95\x00"),
        ("book.csv", b"PK\x03\x04"),
    ],
    ids=["empty", "blank", "half-gzip", "half-zstd", "bad-parquet", "arrow", "pickle", "zip"],
)
def test_files_of_no_use_are_refused_in_words(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read(written(tmp_path, name, data), (COLUMNS[0],))
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_a_head_that_ends_inside_a_character_or_a_row_is_sound(tmp_path: Path) -> None:
    header, row, last = "count;word\n", f"1;{'x' * 97}\n", '2;é"\n'
    for before in (1, 2, 3):  # bytes of the last row within the head
        rows, more = divmod(HEAD - before - len(header), len(row))
        path = written(tmp_path, "a.csv", header + row * (rows - 1) + row[:2] + "x" * more + row[2:] + last)
        assert read(path, (COLUMNS[0], COLUMNS[3]))["word"].iloc[-1] == 'é"'


def test_blanks_behind_an_array_are_no_fault(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "a.json", '[{"count": 1}]' + "\r\n \t" * 50), COLUMNS[:1])) == 1


def test_a_file_may_have_no_rows(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "a.csv", HEADER))) == 0


def test_json_lines(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"count": 3.0, "size": 1, "flag": True, "word": "a/b", "day": "2026-01-31", "at": None, "z": {"q": [1]}},
        {"count": "4", "word": "5"},
    ]
    text = "\n".join(json.dumps(row) for row in rows)
    for name, data in (("a.jsonl", text), ("c.json", json.dumps(rows))):
        frame = read(written(tmp_path, name, data))
        assert frame["count"].tolist() == [3, 4]
        assert frame["word"].tolist() == ["a/b", "5"]
        assert frame["flag"].tolist() == [True, pd.NA]
    with pytest.raises(BadFile) as caught:
        read(written(tmp_path, "d.jsonl", '{"count": 1, "size": 1}\n\n{"count": 1, "size": "x"}\n'), COLUMNS[:2])
    assert caught.value.line == 3


@pytest.mark.parametrize("end", ["", "\n"])
def test_json_lines_keep_their_order(tmp_path: Path, end: str) -> None:
    """With two threads DuckDB 2.0 puts an unended last line first, in half of all readings."""
    rows = [{"count": n, "size": n / 2, "flag": True, "word": "w", "day": None, "at": None} for n in range(10)]
    path = written(tmp_path, "a.jsonl", "\n".join(json.dumps(row) for row in rows) + end)
    for _ in range(20):
        assert read(path)["count"].tolist() == list(range(10))


def test_json_names_with_slashes(tmp_path: Path) -> None:
    column = Column(name="a/b~c", type=ColumnType.INTEGER)
    path = written(tmp_path, "a.jsonl", '{"a/b~c": 7, "a": {"b~c": 8}}\n')
    assert read(path, (column,))["a/b~c"].tolist() == [7]


def test_parquet_keeps_its_values(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "count": [1.0, None],
            "size": [1, 2],
            "flag": [True, None],
            "word": ["17", None],
            "day": pd.to_datetime(["2026-01-31", None]),
            "at": pd.to_datetime(["2026-01-31T08:00+02:00", None]),
            'odd "name"': [1, 2],
        }
    )
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    found = read(path)
    assert found["count"].tolist() == [1, pd.NA]
    assert found["word"].tolist() == ["17", None]
    assert found["at"].tolist() == [pd.Timestamp("2026-01-31T06:00"), pd.NaT]
    frame["count"] = [1.0, 2.5]
    frame.to_parquet(path)
    with pytest.raises(BadFile, match=r"Row 2, column 'count': '2.5' is not a whole number"):
        read(path)


integers = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(integers, numbers, texts), max_size=8))
def test_what_a_csv_says_is_what_is_read(rows: list[tuple[int, float, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["count", "size", "word"])
    writer.writerows([whole, repr(number), text] for whole, number, text in rows)
    with tempfile.TemporaryDirectory() as folder:
        frame = read(written(Path(folder), "a.csv", out.getvalue()), (COLUMNS[0], COLUMNS[1], COLUMNS[3]))
    assert frame["count"].tolist() == [row[0] for row in rows]
    assert frame["size"].tolist() == [row[1] for row in rows]
    assert frame["word"].tolist() == [row[2].replace("\r\n", "\n") or None for row in rows]


moments = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001
    datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.one_of(
        st.just(UTC), st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(moments, min_size=1, max_size=6))
def test_moments_are_taken_to_utc(found: list[datetime]) -> None:
    data = "at\n" + "".join(f"{moment.isoformat()}\n" for moment in found)
    with tempfile.TemporaryDirectory() as folder:
        frame = read(written(Path(folder), "a.csv", data), (COLUMNS[5],))
    assert frame["at"].tolist() == [pd.Timestamp(moment.astimezone(UTC).replace(tzinfo=None)) for moment in found]


def test_plain_rows_as_a_frame() -> None:
    rows = [{"count": 1, "size": 2.5, "flag": None, "word": "x", "at": "2026-01-31T08:00:00+02:00"}, {}]
    frame = frame_from_rows(rows, COLUMNS)
    assert frame["at"].tolist() == [pd.Timestamp("2026-01-31T06:00"), pd.NaT]
    assert frame["count"].tolist() == [1, pd.NA]
    with pytest.raises(DataError, match="'size'"):
        frame_from_rows([{"size": "x"}], COLUMNS)


def test_a_totals_row_is_no_row_and_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "word,count,size\na,1,10\nb,2,20\nc,4,40\nTotal,7,70\n")
    with opened(path, (Column(name="count", type=ColumnType.INTEGER),)) as reader:
        assert reader.rows == 3
        assert [batch.column(0).to_pylist() for batch in reader.batches()] == [[1, 2, 4]]
        (notice,) = reader.table.file.notices
    assert "Line 5" in notice


@pytest.mark.parametrize(
    ("value", "orders"),
    [
        ("03/04/2026", ['"%d/%m/%Y"', '"%m/%d/%Y"']),
        ("23/04/2026", ['"%d/%m/%Y"']),
        ("03/24/2026 10:15", ['"%m/%d/%Y %H:%M"']),
        ("03/04/2026x", []),
        ("33/44/2026", []),
    ],
)
def test_a_day_in_an_open_order_names_the_formats_that_would_pin_it(
    tmp_path: Path, value: str, orders: list[str]
) -> None:
    path = written(tmp_path, "a.csv", f"day\n{value}\n")
    with pytest.raises(BadFile) as found:
        read(path, (Column(name="day", type=ColumnType.DATE),))
    message = found.value.reason.message
    assert ("format = " in message) is bool(orders)
    assert " or ".join(orders) in message


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\[]{},\n é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), _VALUES), max_size=6),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.sampled_from([1, 3, 1 << 20]),
)
def test_entries_of_an_array_are_counted_without_the_parser(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], indent: int | None, plain: bool, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=plain), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowcount, "_CHUNK", chunk)
        assert rowcount.count_entries(path) == len(rows)
