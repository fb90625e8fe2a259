"""Damaged files of every format: each is taken or held with a reason, and nothing dies (I6)."""

from __future__ import annotations

import gzip
import io
import random
import resource
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.intake.books import book, repacked
from tests.soak import times

from shopfloor.domain.file import FileState

ROWS = 60


def csv_file() -> bytes:
    lines = (f'{i},{i / 8},"t{i}, ""q""",2026-01-{i % 28 + 1:02d}T00:00:00Z\n' for i in range(ROWS))
    return ("id,x,s,at\n" + "".join(lines)).encode()


def json_file() -> bytes:
    lines = (f'{{"id":{i},"x":{i / 8},"s":"t{i}","at":[{i}]}}\n' for i in range(ROWS))
    return "".join(lines).encode()


def parquet_file() -> bytes:
    out = io.BytesIO()
    table = pa.table({"id": range(ROWS), "x": [i / 8 for i in range(ROWS)], "s": ["t"] * ROWS})
    pq.write_table(table, out, compression="snappy")
    return out.getvalue()


def sheet_rows() -> list[list[Any]]:
    return [["id", "x", "s"], *([i, i / 8, f"t{i}"] for i in range(ROWS))]


def unpacked(data: bytes) -> bytes:
    """A workbook whose parts are not compressed, so that mutations reach the XML itself; checksums
    are mended so that they are not all that is tested.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return out.getvalue()


def remade(data: bytes, chance: random.Random) -> bytes:
    """A workbook with mutations in one part's content, in a sound archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        name = chance.choice([each for each in old.namelist() if each.startswith("xl/")])
        return repacked(data, {name: mutate(old.read(name), chance)})


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, insert, double or overwrite some bytes."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(raw))
        kind = chance.randrange(5)
        if kind == 0:
            raw[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del raw[at : at + chance.randint(1, 40)]
        elif kind == 2:
            raw[at:at] = bytes(chance.choices(b'\x00\xff",\n\r{}[]0', k=chance.randint(1, 6)))
        elif kind == 3:
            raw[at:at] = raw[at : at + 100]
        else:
            raw[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(raw)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.csv", csv_file),
        ("latin.csv", lambda: csv_file().replace(b"t1", "né".encode("latin-1"))),
        ("utf16.csv", lambda: csv_file().decode().encode("utf-16")),
        ("a.csv.gz", lambda: gzip.compress(csv_file(), mtime=0)),
        ("a.csv.zst", lambda: pa.compress(csv_file(), "zstd", asbytes=True)),
        ("a.jsonl", json_file),
        ("a.parquet", parquet_file),
        ("a.xlsx", lambda: book(sheet_rows())),
        ("stored.xlsx", lambda: unpacked(book(sheet_rows()))),
    ],
)
def test_mutated_files(bench: Any, name: str, make: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chance = random.Random(name)
    whole = make()
    contract = bench.ingest({name: whole}).contract
    change = remade if name == "stored.xlsx" else mutate
    files = [bench.stage(name, change(whole, chance), id=f"m{i}") for i in range(times(40, 1000))]
    files.insert(20, bench.stage(name, whole, id="whole"))
    result = bench.ingest(files, contract)
    assert len(result.files) == len(files)
    outcomes = {outcome.id: outcome for outcome in result.files}
    assert outcomes["whole"].state is FileState.COMMITTED
    assert outcomes["whole"].rows == ROWS
    for outcome in result.files:
        if outcome.state is FileState.QUARANTINED:
            assert outcome.reason is not None
            assert outcome.reason.message
            assert outcome.reason.hint or outcome.reason.remedies
            assert outcome.reason.code != "parser_crashed"
        assert outcome.state in {FileState.COMMITTED, FileState.QUARANTINED}
    committed = [o for o in result.files if o.state is FileState.COMMITTED]
    assert sum(outcome.rows for outcome in committed) == result.rows == len(bench.frame(result))
    # No row that the bytes hold is outside the count.
    assert all(outcome.records in {None, outcome.rows + outcome.rejected_rows} for outcome in committed)
    assert len(committed) < 0.6 * len(files) or name == "stored.xlsx"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB
