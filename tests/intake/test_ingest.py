"""Deliveries: modes, contracts that grow, corrected files, bursts, and what is said about them."""

from __future__ import annotations

import errno
import itertools
import json
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Mode, Rule, RuleSeverity, SchemaPolicy
from shopfloor.domain.errors import ConfigError, IntegrityError
from shopfloor.domain.file import FileState
from shopfloor.formats import infer, table
from shopfloor.formats.kinds.csv import FEWEST, FORMAT
from shopfloor.formats.sniff import sniff_csv
from shopfloor.intake import loading

COMMITTED, QUARANTINED = FileState.COMMITTED, FileState.QUARANTINED
AB = "a,b\n1,x\n2,y\n"


def types(result: Any) -> dict[str, str]:
    return {column.name: column.type.value for column in result.columns}


def test_contract_is_inferred_from_the_whole_first_file(bench: Any) -> None:
    text = "zip,big,long,n,flag,day,at,mixed,empty\n"
    text += "1,1,1,1,true,2026-01-01,2026-01-01T00:00:00Z,1,\n" * 30_000
    text += "007,9007199254740993,99999999999999999999,1.5,FALSE,2026-12-31,2026-01-01,x,\n"
    result = bench.ingest({"a.csv": text})
    assert types(result) == {
        "zip": "text",
        "big": "integer",
        "long": "text",
        "n": "number",
        "flag": "boolean",
        "day": "date",
        "at": "timestamp",
        "mixed": "text",
        "empty": "text",
    }
    last = bench.frame(result).iloc[-1]
    assert last["zip"] == "007"
    assert last["big"] == 2**53 + 1
    assert last["long"] == "99999999999999999999"
    assert result.contract.revision == 1
    assert result.contract_changed
    assert any("'empty'" in notice for notice in result.notices)


def test_big_file_gives_the_same_as_a_small_one(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A big file is inferred from a sample, then checked; codes late in the file still count."""
    text = "i,zip,x,at,s\n" + "".join(
        f"{i},{i % 90 + 10},{i / 4},2026-01-01T00:00:{i % 60:02d},s{i}\n" for i in range(500)
    )
    late = text + "500,007,1.5,2026-01-01T00:00:00+01:00,\n"
    small = [bench.ingest({"a.csv": data}) for data in (text, late)]
    monkeypatch.setattr(type(FORMAT), "small", 0)
    monkeypatch.setattr(infer, "SAMPLE_ROWS", 100)
    for data, expected in zip((text, late), small, strict=True):
        result = bench.ingest({"a.csv": data})
        assert result.columns == expected.columns
        assert bench.frame(result).equals(bench.frame(expected))


def test_big_file_with_bad_rows(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(FORMAT), "small", 0)
    contract = bench.ingest({"a.csv": AB}).contract
    text = "a,b\n1,x\nbad,y\n3\n4,z\n5,w\n"
    (outcome,) = bench.ingest({"a.csv": text}, contract).files
    assert (outcome.state, outcome.reason.line) == (QUARANTINED, 3)
    (taken,) = bench.ingest({"a.csv": text}, contract, accepted=True).files
    assert outcome.fitting == taken.rows == 3
    rule = Rule(column="b", values=("x", "z"), severity=RuleSeverity.REJECT_ROW)
    lenient = msgspec.structs.replace(contract, reject_budget=0.6, rules=(rule,))
    result = bench.ingest({"a.csv": text}, lenient)
    (outcome,) = result.files
    assert (outcome.rows, outcome.rejected_rows) == (2, 3)
    assert bench.frame(result)["a"].tolist() == [1, 4]


def test_faults_are_counted_for_each_file_alone(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}).contract
    contract = msgspec.structs.replace(contract, reject_budget=0.9)
    files = {f"{i}.csv": "a,b\n1,x\n" + "3\n" * i for i in range(4)}
    result = bench.ingest(files, contract)
    assert [outcome.rejected_rows for outcome in result.files] == [0, 1, 2, 3]
    assert [outcome.rows for outcome in result.files] == [1, 1, 1, 1]


def test_first_delivery_widens_types_but_not_for_garbage(bench: Any) -> None:
    files = {"1.csv": "a,b\n1,2\n", "2.csv": "a,b\n1.5,3\n", "3.csv": "a,b\nx,4\n"}
    result = bench.ingest(files)
    assert types(result) == {"a": "number", "b": "integer"}
    assert [outcome.state for outcome in result.files] == [COMMITTED, COMMITTED, QUARANTINED]
    (outcome,) = bench.ingest({"4.csv": "a,b\n1,2.5\n"}, result.contract).files
    assert outcome.reason.column == "b"


def test_append_keeps_row_ranges_of_files(bench: Any) -> None:
    files = {f"{i}.csv": "a\n" + f"{i}\n" * (i + 1) for i in range(20)}
    result = bench.ingest(files)
    (part,) = result.parts
    frame = bench.frame(result)
    for i, span in enumerate(part.part.files):
        assert span.file == f"{i}.csv"
        assert frame["a"][span.first : span.first + span.rows].tolist() == [i] * (i + 1)
    assert not result.replaces_parts


def test_burst_is_a_handful_of_parts(bench: Any) -> None:
    files = {f"{i:04d}.csv": f"id,v\n{i},x\n{i},y\n" for i in range(1000)}
    result = bench.ingest(files)
    assert len(result.parts) <= 4
    assert result.rows == 2000
    assert bench.frame(result)["id"].tolist() == [i for i in range(1000) for _ in range(2)]
    names = [span.file for part in result.parts for span in part.part.files]
    assert names == list(files)


def test_time_span_of_a_part(bench: Any) -> None:
    contract = Contract(name="d", time="at")
    result = bench.ingest({"a.csv": "at\n2026-01-02T00:00:00+02:00\n\n2026-01-01T00:00:00+00:00\n"}, contract)
    part = result.parts[0].part
    assert part.time_min.isoformat() == "2026-01-01T00:00:00+00:00"
    assert part.time_max.isoformat() == "2026-01-01T22:00:00+00:00"
    assert bench.ingest({"a.csv": AB}).parts[0].part.time_min is None


def test_snapshot_newest_file_wins(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}, mode=Mode.SNAPSHOT).contract
    result = bench.ingest({"1.csv": "a,b\n1,p\n", "2.csv": "a,b\n2,q\n", "3.csv": "a,b\nbad,\n"}, contract)
    assert result.replaces_parts
    assert result.kept == ()
    assert bench.frame(result)["b"].tolist() == ["q"]
    assert [outcome.state for outcome in result.files] == [COMMITTED, COMMITTED, QUARANTINED]
    assert "newer snapshot" in result.files[0].notices[-1]


def test_snapshot_without_a_good_file_replaces_nothing(bench: Any) -> None:
    first = bench.ingest({"a.csv": AB}, mode=Mode.SNAPSHOT)
    bench.parts(first)
    previous = tuple(staged.part for staged in first.parts)
    result = bench.ingest({"b.csv": "a,b\nbad,\n"}, first.contract, previous=previous)
    assert not result.replaces_parts
    assert result.parts == ()


UPSERT = Contract(name="d", mode=Mode.UPSERT, key=("k", "rank"))


def upserted(bench: Any, deliveries: list[dict[str, str]]) -> tuple[Any, tuple[Any, ...]]:
    contract, previous, result = UPSERT, (), None
    for files in deliveries:
        staged = [bench.stage(name, data) for name, data in files.items()]
        result = bench.ingest(staged, contract, previous=previous)
        bench.parts(result)
        contract = result.contract
        previous = (*result.kept, *(part.part for part in result.parts))
    return result, previous


def test_upsert_newest_row_wins(bench: Any) -> None:
    head = "k,rank,v\n"
    deliveries = [
        {"1.csv": head + "a,1,old\nb,1,old\nb,2,old\n"},
        {"2.csv": head + "c,1,old\n"},
        {"3.csv": head + "b,1,mid\nd,1,first\nd,1,last\n", "4.csv": head + "b,1,new\n"},
    ]
    result, previous = upserted(bench, deliveries)
    frame = bench.frame(result)
    assert sorted(map(tuple, frame.to_numpy().tolist())) == [
        ("a", 1, "old"),
        ("b", 1, "new"),
        ("b", 2, "old"),
        ("c", 1, "old"),
        ("d", 1, "last"),
    ]
    # The part of the second delivery holds none of these keys: it is not rewritten.
    assert [part.files[0].file for part in result.kept] == ["2.csv"]
    spans = {span.file: span.rows for part in previous for span in part.files}
    assert spans == {"1.csv": 2, "2.csv": 1, "3.csv": 1, "4.csv": 1}
    assert "1 row is replaced by a later row" in result.files[0].notices[-1]


def test_an_upsert_never_gives_damaged_bytes_a_digest_of_their_own(bench: Any) -> None:
    result, previous = upserted(bench, [{"1.csv": "k,rank,v\na,1,old\nb,1,old\n"}])
    stored = Path(bench.parts(result)[0].path)
    other = bench.ingest({"x.csv": "k,rank,v\na,1,bad\nb,1,bad\n"}, result.contract)
    stored.chmod(0o600)
    stored.write_bytes(Path(other.parts[0].path).read_bytes())
    with pytest.raises(IntegrityError, match="changed on disk"):
        bench.ingest({"2.csv": "k,rank,v\na,1,new\n"}, result.contract, previous=previous)


def test_upsert_rejects_rows_without_a_key(bench: Any) -> None:
    (outcome,) = bench.ingest({"a.csv": "k,rank,v\na,1,x\n,1,y\n"}, UPSERT).files
    assert (outcome.reason.code, outcome.reason.line) == ("missing_value", 3)
    (outcome,) = bench.ingest({"a.csv": "k,v\na,x\n"}, UPSERT).files
    assert (outcome.reason.code, outcome.reason.column) == ("column_missing", "rank")
    with pytest.raises(ConfigError):
        bench.ingest({"a.csv": AB}, Contract(name="d", mode=Mode.UPSERT))


@pytest.mark.parametrize("mode", [Mode.APPEND, Mode.UPSERT])
def test_corrected_file_supersedes_its_earlier_rows(bench: Any, mode: Mode) -> None:
    key = ("a",) if mode is Mode.UPSERT else ()
    contract = Contract(name="d", mode=mode, key=key)
    files = {"1.csv": "a,b\n1,x\n2,x\n", "2.csv": "a,b\n3,y\n", "3.csv": "a,b\n4,z\n"}
    first = bench.ingest(files, contract)
    bench.parts(first)
    previous = tuple(staged.part for staged in first.parts)
    fixed = bench.stage("1.csv", "a,b\n1,fixed\n", id="1b", supersedes=("1.csv",))
    result = bench.ingest([fixed], first.contract, previous=previous)
    assert result.replaces_parts
    assert bench.frame(result)["b"].tolist() == ["y", "z", "fixed"]
    assert bench.frame(first)["b"].tolist() == ["x", "x", "y", "z"]  # the old version still reads
    broken = bench.stage("1.csv", "a,b\nbad,x,9\n", id="1c", supersedes=("1.csv",))
    result = bench.ingest([broken], first.contract, previous=previous)
    assert result.files[0].state is QUARANTINED
    assert not result.replaces_parts


CHANGES = {
    "same": "a,b\n3,z\n",
    "reordered": "b,a\nz,3\n",
    "new": "a,b,c\n3,z,9\n",
    "missing": "a\n3\n",
    "renamed": "a,bb\n3,z\n",
    "retyped": "a,b\nx,z\n",
}
EXPECTED = {
    SchemaPolicy.STRICT: {"same", "reordered"},
    SchemaPolicy.EVOLVE: {"same", "reordered", "new"},
    SchemaPolicy.RESCUE: {"same", "reordered", "new"},
    SchemaPolicy.IGNORE: {"same", "reordered", "new"},
}
CODES = {
    "new": "column_new",
    "missing": "column_missing",
    "renamed": "columns_changed",
    "retyped": "bad_value",
}


@pytest.mark.parametrize(("policy", "change"), [*itertools.product(SchemaPolicy, CHANGES)])
def test_schema_policies(bench: Any, policy: SchemaPolicy, change: str) -> None:
    """faults.md I12."""
    contract = bench.ingest({"a.csv": AB}).contract
    contract = msgspec.structs.replace(contract, schema_policy=policy)
    result = bench.ingest({"a.csv": CHANGES[change]}, contract)
    (outcome,) = result.files
    if change not in EXPECTED[policy]:
        assert outcome.reason.code == CODES[change]
        assert result.contract == contract
        return
    assert outcome.state is COMMITTED
    row = bench.frame(result).to_dict("records")[0]
    extra = {
        SchemaPolicy.EVOLVE: {"c": 9},
        SchemaPolicy.RESCUE: {"_rescued": '{"_file":"a.csv","_row":1,"c":"9"}'},
    }
    assert row == {"a": 3, "b": "z"} | (extra.get(policy, {}) if change == "new" else {})
    assert result.contract_changed == (change == "new" and policy in extra)
    assert result.contract.revision == (2 if result.contract_changed else 1)


@pytest.mark.parametrize("size", ["small", "big"])
def test_what_was_rescued_says_where_it_stood(bench: Any, size: str) -> None:
    """drop-folder.md 2.6: name, value, row and file; rows that are left out count."""
    contract = bench.ingest({"a.csv": AB}).contract
    contract = msgspec.structs.replace(contract, schema_policy=SchemaPolicy.RESCUE, reject_budget=0.5)
    big, wide = (120_000, "z" * 80) if size == "big" else (3, "z")
    lines = [f"{n},{wide}{n},say {n}" for n in range(big)]
    lines[1] = "oops,bad,lost"
    lines[2] = '2,z,""' if size == "small" else '2,z,"one ""two"", three"'
    files = {"one.csv": "a,b,_row\n" + "\n".join(lines) + "\n", "two.csv": "a,b,_row\n7,q,\n8,q,x\n"}
    result = bench.ingest(files, contract)
    assert [outcome.state for outcome in result.files] == [COMMITTED, COMMITTED]
    texts = bench.frame(result)["_rescued"].tolist()
    assert len(texts) == big - 1 + 2
    found = {at: texts[at] and json.loads(texts[at]) for at in (0, 1, big - 2, -2, -1)}
    assert found[0] == {"_file": "one.csv", "_row_": 1, "_row": "say 0"}
    assert found[1] == {"_file": "one.csv", "_row_": 3, "_row": "" if size == "small" else 'one "two", three'}
    assert found[big - 2]["_row_"] == big
    assert [found[-2], found[-1]] == [None, {"_file": "two.csv", "_row_": 2, "_row": "x"}]


def test_column_that_joined_later_may_be_absent(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}).contract
    files = {"new.csv": "a,b,c\n3,z,9\n", "old.csv": "a,b\n4,w\n"}
    result = bench.ingest(files, contract)
    assert [outcome.state for outcome in result.files] == [COMMITTED, COMMITTED]
    assert result.contract.column("c") == Column(name="c", type=ColumnType.INTEGER, optional=True)
    assert result.notices == ("Column 'c' (integer) joined the contract with 'new.csv'.",)
    assert bench.frame(result)["c"].isna().tolist() == [False, True]


def test_contract_does_not_grow_for_a_file_that_fails(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}).contract
    result = bench.ingest({"a.csv": "a,b,c\nbad,z,9\n"}, contract)
    assert result.contract == contract
    assert not result.contract_changed


def test_failed_first_file_does_not_make_the_contract(bench: Any) -> None:
    result = bench.ingest({"1.csv": "p,q\n1\n", "2.csv": AB})
    assert types(result) == {"a": "integer", "b": "text"}
    assert [outcome.state for outcome in result.files] == [QUARANTINED, COMMITTED]


RULES: dict[str, tuple[Rule, str, int]] = {
    "min": (Rule(column="a", min=2), "1,x\n", 1),
    "max": (Rule(column="a", max=8.5), "9,x\n", 1),
    "values": (Rule(column="b", values=("x", "y")), "2,z\n", 1),
    "numeric values": (Rule(column="a", values=("1", "2")), "3,x\n", 1),
    "pattern": (Rule(column="b", pattern="[a-y]"), "2,xx\n", 1),
    "not null": (Rule(column="b", not_null=True), "2,\n", 1),
    "unique": (Rule(column="a", unique=True), "2,p\n2,q\n2,r\n", 2),
}


@pytest.mark.parametrize(("name", "severity"), [*itertools.product(RULES, RuleSeverity)])
def test_rules(bench: Any, name: str, severity: RuleSeverity) -> None:
    rule, bad, count = RULES[name]
    contract = bench.ingest({"a.csv": AB}).contract
    rule = msgspec.structs.replace(rule, severity=severity)
    contract = msgspec.structs.replace(contract, rules=(rule,), reject_budget=0.9)
    files = {"good.csv": "a,b\n5,x\n" if "values" not in name else "a,b\n1,x\n"}
    files["bad.csv"] = "a,b\n" + bad
    result = bench.ingest(files, contract)
    good, outcome = result.files
    rows = bad.count("\n")
    first = 2 + rows - count
    assert good.state is COMMITTED
    assert good.notices == ()
    if severity is RuleSeverity.QUARANTINE_FILE:
        assert outcome.state is QUARANTINED
        assert outcome.reason.line == first
        assert outcome.reason.column == rule.column
    elif severity is RuleSeverity.WARN:
        assert (outcome.state, outcome.rows, outcome.rejected_rows) == (COMMITTED, rows, 0)
        assert f"Line {first}" in outcome.notices[-1]
    elif rows == count:  # all rows rejected is beyond the budget
        assert outcome.state is QUARANTINED
    else:
        assert (outcome.rows, outcome.rejected_rows) == (rows - count, count)
    assert result.rows == good.rows + outcome.rows


def test_unique_looks_at_stored_parts_too(bench: Any) -> None:
    first = bench.ingest({"a.csv": AB})
    bench.parts(first)
    contract = msgspec.structs.replace(first.contract, rules=(Rule(column="a", unique=True),))
    previous = tuple(staged.part for staged in first.parts)
    (outcome,) = bench.ingest({"b.csv": "a,b\n7,x\n2,x\n"}, contract, previous=previous).files
    assert (outcome.reason.code, outcome.reason.line) == ("rule", 3)


def test_rule_that_cannot_be_checked_is_the_contracts_fault(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}).contract
    for rule in (Rule(column="b", pattern="["), Rule(column="nope", min=1)):
        with pytest.raises(ConfigError, match=r"datasets/d\.toml"):
            bench.ingest({"a.csv": AB}, msgspec.structs.replace(contract, rules=(rule,)))


def test_not_nullable_column(bench: Any) -> None:
    contract = bench.ingest({"a.csv": AB}).contract
    columns = tuple(msgspec.structs.replace(c, nullable=False) for c in contract.columns)
    contract = msgspec.structs.replace(contract, columns=columns)
    (outcome,) = bench.ingest({"a.csv": "a,b\n1,x\n\n2,\n"}, contract).files
    assert (outcome.reason.code, outcome.reason.line, outcome.reason.column) == ("missing_value", 4, "b")


def test_json_keys_may_be_missing(bench: Any) -> None:
    text = '{"id":1,"zip":"007","x":2.5,"deep":{"a":[1]}}\n{"x":null,"id":9007199254740993}\n'
    result = bench.ingest({"a.jsonl": text})
    assert types(result) == {"id": "integer", "zip": "text", "x": "number", "deep": "text"}
    frame = bench.frame(result)
    assert frame["id"].tolist() == [1, 2**53 + 1]
    assert frame["zip"].tolist() == ["007", None]
    assert frame["deep"].tolist() == ['{"a":[1]}', None]
    again = bench.ingest({"b.jsonl": '{"id":3}\n\n{"id":"x"}\n'}, result.contract)
    assert (again.files[0].reason.code, again.files[0].reason.line) == ("bad_value", 3)


def test_staging_holds_the_parts_and_nothing_else(bench: Any) -> None:
    result = bench.ingest({"a.csv": AB, "b.csv": "a,b\nbad,x\n", "c.jsonl": '{"a":1}\n'})
    staging = Path(result.parts[0].path).parent
    assert sorted(p.name for p in staging.iterdir()) == [Path(p.path).name for p in result.parts]


def test_weird_but_legal_column_names(bench: Any) -> None:
    names = ["a b", "é", "select", "c0", "f", "rid", "x'y", 'q"t', "k0", "{v}", "%s", "2026"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    result = bench.ingest({"a.csv": f"{header}\n{','.join('1' * len(names))}\n"})
    assert list(types(result)) == names
    rules = tuple(Rule(column=name, min=0, unique=True) for name in names)
    contract = msgspec.structs.replace(result.contract, rules=rules, mode=Mode.UPSERT, key=tuple(names))
    bench.parts(result)
    again = bench.ingest(
        {"a.csv": f"{header}\n{','.join('2' * len(names))}\n"},
        contract,
        previous=tuple(p.part for p in result.parts),
    )
    assert bench.frame(again).shape == (2, len(names))


@pytest.mark.parametrize(
    "odd",
    ["", "5,x", "\ufeffignored", "5,\n", "\n5,x\n", "bad,x\n", "5\n", '5,"x"\n', "5,x\r\n", "5,x,\n", ","],
)
def test_bundled_files_give_what_single_ones_give(bench: Any, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    files = {f"{i}.csv": f"a,b\n{i},t{i}\n,\n" for i in range(12)}
    files["6.csv"] = "a,b\n" + odd
    files["7.csv"] = "\ufeffa,b\n7,no newline"
    contract = Contract(
        name="d",
        columns=(Column(name="a", type=ColumnType.INTEGER), Column(name="b", type=ColumnType.TEXT)),
    )
    together = bench.ingest(files, contract)
    monkeypatch.setattr(type(FORMAT), "bundle", lambda self, paths, shape, target: None)
    single = bench.ingest(files, contract)
    assert together.files == single.files
    assert [part.part for part in together.parts] == [part.part for part in single.parts]


def test_bundle_is_used_only_where_every_line_is_a_record(tmp_path: Path) -> None:
    shape = sniff_csv(FORMAT, b"a,b\n1,2\n", whole=True)
    paths = []
    for i in range(FEWEST):
        paths.append(tmp_path / str(i))
        paths[-1].write_text(f"a,b\n{i},x\n")
    target = tmp_path / "bundle"
    assert FORMAT.bundle(paths, shape, target) is not None
    assert target.read_text().splitlines() == ["x,x,x", *(f"{i},{i},x" for i in range(FEWEST))]
    for text in ('a,b\n1,"x"\n', "a,b\r\n1,x\r\n"):
        paths[3].write_text(text, newline="")
        assert FORMAT.bundle(paths, shape, target) is None
    assert FORMAT.bundle(paths[:2], shape, target) is None


def test_file_that_breaks_duckdb_is_found_and_the_others_are_taken(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An internal error invalidates the whole instance: intake starts it anew without the file."""
    whole = table.strict

    def strict(plan: Any, paths: list[str], *how: Any, **more: Any) -> str:
        if any("poison" in Path(path).read_text() for path in paths):
            raise duckdb.InternalException("INTERNAL Error: assertion failed")
        return whole(plan, paths, *how, **more)

    monkeypatch.setattr(table, "strict", strict)
    files = {"1.csv": AB, "2.csv": "a,b\n1,poison\n", "3.csv": AB, "4.csv": "a,b\n7,poison\n"}
    result = bench.ingest(files)
    assert [outcome.state for outcome in result.files] == [COMMITTED, QUARANTINED, COMMITTED, QUARANTINED]
    assert result.files[1].reason.code == "parser_crashed"
    assert result.rows == 4
    assert len(bench.frame(result)) == 4


def test_full_disk_is_not_the_files_fault(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(*args: Any, **more: Any) -> str:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    monkeypatch.setattr(table, "strict", strict)
    monkeypatch.setattr(loading, "diagnose", strict)
    with pytest.raises(OSError, match="No space left") as caught:
        bench.ingest({"1.csv": AB})
    assert caught.value.errno == errno.ENOSPC


def test_a_file_of_which_nothing_is_left_is_held_whatever_the_budget(bench: Any) -> None:
    columns = (Column(name="k", type=ColumnType.INTEGER),)
    contract = Contract(name="d", columns=columns, reject_budget=1.0)
    (outcome,) = bench.ingest({"a.csv": "k\nx\ny\n"}, contract).files
    assert outcome.state is FileState.QUARANTINED
    (outcome,) = bench.ingest({"a.csv": "k\nx\n1\n"}, contract).files
    assert (outcome.state, outcome.rows, outcome.rejected_rows) == (FileState.COMMITTED, 1, 1)
