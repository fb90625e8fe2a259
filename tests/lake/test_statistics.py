"""Profiles of versions: merged from parts, read once, equal to a direct computation."""

from __future__ import annotations

import math
import statistics as plain
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lake.parts import part

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import connect
from shopfloor.lake.profile import profile
from shopfloor.lake.statistics_cache import StatisticsCache

COLUMNS = [
    Column(name="n", type=ColumnType.NUMBER),
    Column(name="i", type=ColumnType.INTEGER),
    Column(name="s", type=ColumnType.TEXT),
    Column(name="b", type=ColumnType.BOOLEAN),
    Column(name="d", type=ColumnType.DATE),
    Column(name="t", type=ColumnType.TIMESTAMP),
]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=300, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


rows = st.tuples(
    maybe(st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, -0.0])),
    maybe(st.integers(-(2**63), 2**63 - 1)),
    maybe(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=3)),
    maybe(st.booleans()),
    maybe(st.dates(date(1900, 1, 1), date(2100, 1, 1))),
    maybe(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))),  # noqa: DTZ001 - as Parquet stores it
)
deliveries = st.lists(st.lists(rows, min_size=1, max_size=6), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(deliveries, st.data())
def test_any_sequence_of_versions_equals_a_direct_computation(
    connection: Any, delivered: list[list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    """Versions append, replace and drop parts; a part is read once in its life."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = StatisticsCache(folder / "cache")
        parts = [part(folder, COLUMNS, each) for each in delivered]
        content = {each.sha256: rows for each, rows in zip(parts, delivered, strict=True)}
        seen: set[str] = set()
        for _ in range(4):
            chosen: list[PartFile] = data.draw(st.lists(st.sampled_from(parts), max_size=8))
            found = profile(connection, chosen, COLUMNS, cache)
            assert found.parts_read == len({each.sha256 for each in chosen} - seen)
            seen |= {each.sha256 for each in chosen}
            everything = [row for each in chosen for row in content[each.sha256]]
            for place, column in enumerate(found.columns):
                check(column, [row[place] for row in everything])


def check(found: ColumnProfile, values: list[Any]) -> None:
    present = [value for value in values if value is not None]
    assert (found.rows, found.missing) == (len(values), len(values) - len(present))
    # NaN is one value, -0.0 is 0.0.
    assert found.distinct == len({"nan" if each != each else each for each in present})
    finite = [each for each in present if not isinstance(each, float) or math.isfinite(each)]
    if found.type in ("text", "boolean"):
        texts = [str(each).lower() if isinstance(each, bool) else each for each in present]
        assert (found.min, found.max) == (min(texts, default=None), max(texts, default=None))
        counts = Counter(texts)
        assert dict(found.top) == {word: counts[word] for word, _ in found.top}
        assert len(found.top) == min(10, len(counts))
        assert found.top_error == 0
    elif finite:
        ends(found, finite)
        quantiles(found, sorted(finite))
        if math.isfinite(found.edges[-1] - found.edges[0]) if found.edges else False:
            assert sum(found.histogram) == len(finite)
    if found.type in ("integer", "number") and finite:
        # Where large values cancel out, what is left has their rounding.
        rounding = max(1e-3, 1e-12 * max(abs(each) for each in finite))
        assert found.mean == pytest.approx(math.fsum(each / len(finite) for each in finite), rel=1e-6, abs=rounding)
        if len(finite) > 1:
            assert found.deviation == pytest.approx(plain.stdev(map(float, finite)), rel=1e-6, abs=rounding)


def number(found: ColumnProfile, value: Any) -> float:
    """A value, or a text of one, as a number that can be compared."""
    if found.type == "date":
        return (date.fromisoformat(value) if isinstance(value, str) else value).toordinal()
    if found.type == "timestamp":
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (at - datetime(1900, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    return int(value) if found.type == "integer" else float(value)


def ends(found: ColumnProfile, finite: list[Any]) -> None:
    assert number(found, found.min) == number(found, min(finite))
    assert number(found, found.max) == number(found, max(finite))


def quantiles(found: ColumnProfile, ordered: list[Any]) -> None:
    """Off by at most 1/64 of the value or 1/1023 of the range, whichever is less."""
    span = number(found, ordered[-1]) - number(found, ordered[0])
    for share, value in found.quantiles:
        true = number(found, ordered[max(1, math.ceil(share * len(ordered))) - 1])
        allowed = span / 1023 + 1
        if found.type in ("integer", "number"):
            allowed = min(allowed, abs(true) / 63 + 1)
        assert abs(number(found, value) - true) <= allowed


def test_a_new_version_costs_its_new_part(connection: Any, tmp_path: Path) -> None:
    """Also with the older parts gone from the disk: they are not touched."""
    cache = StatisticsCache(tmp_path / "cache")
    columns = COLUMNS[:2]
    parts = [part(tmp_path, columns, [(float(n), n)] * 3) for n in range(12)]
    assert profile(connection, parts[:11], columns, cache).parts_read == 11
    for each in parts[:11]:
        Path(each.path).unlink()
    found = profile(connection, parts, columns, cache)
    assert (found.parts_read, found.columns[1].rows, found.columns[1].max) == (1, 36, "11")
    assert profile(connection, parts, columns, cache).parts_read == 0


def test_merged_statistics_are_used_and_not_needed(connection: Any, tmp_path: Path) -> None:
    cache = StatisticsCache(tmp_path / "cache")
    columns = COLUMNS[:2]
    parts = [part(tmp_path, columns, [(float(n), n)]) for n in range(6)]
    first = profile(connection, parts, columns, cache).columns
    names = {each.sha256 for each in parts}
    for path in (tmp_path / "cache").rglob("*.statistics"):
        if path.stem in names:
            path.rename(path.with_suffix(".away"))
    assert profile(connection, parts, columns, cache).columns == first
    assert profile(connection, parts, columns, cache).parts_read == 0
    for path in (tmp_path / "cache").rglob("*.away"):
        path.rename(path.with_suffix(".statistics"))
    for path in (tmp_path / "cache").rglob("*.statistics"):
        if path.stem not in names:
            path.unlink()
    again = profile(connection, parts, columns, cache)
    assert (again.columns, again.parts_read) == (first, 0)


@pytest.mark.parametrize("damage", [b"", b"x" * 400, None])
def test_damaged_statistics_are_made_anew(connection: Any, tmp_path: Path, damage: bytes | None) -> None:
    cache = StatisticsCache(tmp_path / "cache")
    columns = COLUMNS[:2]
    parts = [part(tmp_path, columns, [(float(n), n)]) for n in range(5)]
    first = profile(connection, parts, columns, cache)
    for path in (tmp_path / "cache").rglob("*.statistics"):
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(bytes(content) if damage is None else damage)
    again = profile(connection, parts, columns, cache)
    assert again == first
    assert profile(connection, parts, columns, cache).parts_read == 0


def test_a_shelf_that_cannot_be_written_only_costs_time(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    columns = COLUMNS[:2]
    parts = [part(tmp_path, columns, [(1.0, 1)])]
    for _ in range(2):
        assert profile(connection, parts, columns, StatisticsCache(tmp_path / "cache")).parts_read == 1


def test_columns_that_come_later_or_change_their_type(connection: Any, tmp_path: Path) -> None:
    cache = StatisticsCache(tmp_path / "cache")
    old = part(tmp_path, COLUMNS[1:2], [(1,), (2,)])
    new = part(tmp_path, COLUMNS[1:3], [(3, "a")])
    assert profile(connection, [old], COLUMNS[1:2], cache).parts_read == 1
    found = profile(connection, [old, new], COLUMNS[1:3], cache)
    assert found.parts_read == 1
    assert (found.columns[1].missing, found.columns[1].top) == (2, (("a", 1),))
    wider = [Column(name="i", type=ColumnType.NUMBER)]
    found = profile(connection, [old, new], wider, cache)
    assert (found.parts_read, found.columns[0].max, found.columns[0].type) == (2, "3.0", "number")
    with pytest.raises(DataError, match="cannot be read as its column's type"):
        profile(connection, [new], [Column(name="s", type=ColumnType.INTEGER)], cache)


def test_damaged_parts_are_refused_when_they_are_read(connection: Any, tmp_path: Path) -> None:
    damaged = part(tmp_path, COLUMNS[:1], [(1.0,)])
    Path(damaged.path).write_bytes(b"PAR1")
    with pytest.raises(IntegrityError):
        profile(connection, [damaged], COLUMNS[:1], StatisticsCache(tmp_path / "cache"))


def test_infinite_times_have_no_place_in_a_spread(connection: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    connection.execute(
        f"COPY (SELECT unnest([DATE 'infinity', DATE '2026-01-01']) d, "
        f"unnest([TIMESTAMP '-infinity', TIMESTAMP '2026-01-01 09:00:00.5']) t) TO '{path}'"
    )
    from shopfloor.workspace.digests import file_sha256

    found = profile(
        connection,
        [PartFile(path=str(path), sha256=file_sha256(path), rows=2)],
        [Column(name="d", type=ColumnType.DATE), Column(name="t", type=ColumnType.TIMESTAMP)],
        StatisticsCache(tmp_path / "cache"),
    ).columns
    assert [(each.missing, each.min, each.max) for each in found] == [
        (0, "2026-01-01", "2026-01-01"),
        (0, "2026-01-01 09:00:00.5", "2026-01-01 09:00:00.5"),
    ]
