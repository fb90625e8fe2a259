"""A renamed column: the pair is named, with the command that maps it, and the mapping lands rows in the old column."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.arrival.file_outcomes import addressed
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser, SchemaPolicy
from shopfloor.domain.dialect import check_parser, merged
from shopfloor.domain.errors import UsageError
from shopfloor.domain.file import FileState

HEADER = "id,region,price,seen"
ROWS = [(n, ("north", "south", "east")[n % 3], 10 + n % 7, f"2026-01-{1 + n % 28:02d}") for n in range(60)]


def _csv(header: str, start: int = 0) -> str:
    return header + "\n" + "".join(f"{n + start},{r},{p},{s}\n" for n, r, p, s in ROWS)


def _begun(bench: Any, policy: SchemaPolicy = SchemaPolicy.EVOLVE) -> tuple[Contract, dict[str, Any]]:
    first = bench.ingest({"a.csv": _csv(HEADER)}, Contract(name="d", schema_policy=policy))
    bench.parts(first)
    return first.contract, {"previous": tuple(staged.part for staged in first.parts)}


@pytest.mark.parametrize("policy", [SchemaPolicy.EVOLVE, SchemaPolicy.STRICT])
@pytest.mark.parametrize(
    ("header", "pairs"),
    [
        ("id,area,price,seen", ["area=region"]),  # the same values
        ("id,Region Name,price,seen", ["Region Name=region"]),
        ("id,area,amount,seen", ["area=region", "amount=price"]),
        ("id,area,amount,day", ["area=region", "amount=price", "day=seen"]),
    ],
)
def test_the_pairs_are_named_with_the_command(bench: Any, policy: SchemaPolicy, header: str, pairs: list[str]) -> None:
    contract, more = _begun(bench, policy)
    (held,) = bench.ingest({"b.csv": _csv(header, 100)}, contract, **more).files
    assert held.reason is not None
    assert held.reason.code == "columns_changed"
    for pair in pairs:
        new, old = pair.split("=")
        assert f"'{new}' looks like '{old}' renamed" in held.reason.message
        assert ("rename", pair) in held.reason.remedies[0].settings
    assert addressed(held.reason, "f7").hint.startswith("To treat them as the same: shopfloor file retry f7 --rename ")


def test_a_column_of_another_kind_is_no_renamed_one(bench: Any) -> None:
    contract, more = _begun(bench)
    changed = "id,comment,price,seen\n" + "".join(f"{n},2026-0{1 + n % 9}-11 08:00:00,{p},{s}\n" for n, _, p, s in ROWS)
    (held,) = bench.ingest({"b.csv": changed}, contract, **more).files
    assert held.reason is not None
    assert "looks like" not in held.reason.message
    assert not any(remedy.settings for remedy in held.reason.remedies)


def _files() -> dict[str, bytes]:
    target = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "AREA": ["west"], "price": [5], "seen": ["2026-02-01"]}), target)
    return {
        "b.csv": b"id,Area,price,seen\n1,west,5,2026-02-01\n",
        "b.jsonl": b'{"id":1,"area":"west","price":5,"seen":"2026-02-01"}\n',
        "b.parquet": target.getvalue(),
    }


@pytest.mark.parametrize("name", _files())
def test_a_mapping_lands_rows_in_the_old_column(bench: Any, name: str) -> None:
    contract, more = _begun(bench)
    columns = tuple(
        msgspec.structs.replace(column, type=ColumnType.TEXT) if column.name == "seen" else column
        for column in contract.columns
    )
    mapped = msgspec.structs.replace(contract, columns=columns, parser=Parser(rename=("area=REGION",)))
    result = bench.ingest({name: _files()[name]}, mapped, **more)
    assert result.files[0].state is FileState.COMMITTED, result.files[0].reason
    assert [column.name for column in result.columns] == ["id", "region", "price", "seen"]
    assert bench.frame(result)["region"].tolist() == ["west"]
    assert any("rename" in notice and "'region'" in notice for notice in result.files[0].notices)
    plain = bench.ingest({"c.csv": _csv(HEADER, 200)}, mapped, **more)  # files with the old name come in as before
    assert plain.files[0].state is FileState.COMMITTED


def test_a_file_with_both_names_is_held(bench: Any) -> None:
    contract = Contract(
        name="d",
        columns=tuple(Column(name=name, type=ColumnType.INTEGER) for name in ("a", "b")),
        parser=Parser(rename=("c=a",)),
    )
    (held,) = bench.ingest({"x.csv": "a,b,c\n1,2,3\n"}, contract).files
    assert held.reason is not None
    assert held.reason.code == "duplicate_column_name"
    assert "'a', 'c'" in held.reason.message


@pytest.mark.parametrize("pairs", [("a",), ("=a",), ("a=",), ("a=b=c",), ("a=b", "A=c"), ("a=b", "c=B")])
def test_a_mapping_names_two_columns_each_once(pairs: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        check_parser(Parser(rename=pairs))


def test_what_somebody_gives_joins_the_contracts_mappings() -> None:
    both = merged(Parser(rename=("a=b", "c=d")), Parser(rename=("c=e",), delimiter=";"))
    assert (both.rename, both.delimiter) == (("a=b", "c=e"), ";")


@pytest.mark.parametrize("name", ["b.csv", "b.jsonl"])
def test_a_new_column_in_place_of_an_optional_one_is_told(bench: Any, name: str) -> None:
    contract, more = _begun(bench)
    columns = tuple(msgspec.structs.replace(c, optional=c.name == "region") for c in contract.columns)
    data = {
        "b.csv": _csv("id,area,price,seen", 100),
        "b.jsonl": "".join(f'{{"id":{n},"area":"{r}","price":{p},"seen":"{s}"}}\n' for n, r, p, s in ROWS),
    }[name]
    result = bench.ingest({name: data}, msgspec.structs.replace(contract, columns=columns), **more)
    assert result.files[0].state is FileState.COMMITTED
    assert any("'area' looks like 'region' renamed" in notice for notice in result.files[0].notices)
    assert any('rename = ["area=region"]' in notice for notice in result.files[0].notices)
