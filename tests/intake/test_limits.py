"""The parser's bounds hold and are lifted again (faults.md I7)."""

from __future__ import annotations

import gzip
import io
import mmap
import resource
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.file import FileState
from shopfloor.duck.limits import cpu_allowance, limited
from shopfloor.formats import text


def test_memory_is_bounded_and_the_bound_is_lifted() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA), resource.getrlimit(resource.RLIMIT_CPU)
    with limited(100, cpu_seconds=60):
        with pytest.raises(MemoryError):
            bytearray(4 << 30)
        assert resource.getrlimit(resource.RLIMIT_CPU)[0] > 0
    assert (resource.getrlimit(resource.RLIMIT_DATA), resource.getrlimit(resource.RLIMIT_CPU)) == before
    assert cpu_allowance(1 << 30) > cpu_allowance(0) > 60


def test_address_space_that_is_only_reserved_is_no_memory() -> None:
    """As malloc reserves it for each thread: a wide table was refused for it with 600 MB in memory."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    with limited(100), mmap.mmap(-1, 8 << 30, private, prot=0), pytest.raises(MemoryError):
        bytearray(4 << 30)


def test_gzip_bomb(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "FREE_BYTES", 1 << 20)
    bomb = gzip.compress(b"a\n" + b"1\n" * 5_000_000, 9)
    (outcome,) = bench.ingest({"bomb.csv.gz": bomb}).files
    assert outcome.reason.code == "expands_too_much"
    assert not list(Path(bench.root).glob("job*/scratch"))


def test_parquet_bomb(bench: Any) -> None:
    """A dictionary of one 1 MB text, repeated: 2 GB of text in a file of some KB."""
    out = io.BytesIO()
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * (1 << 20)]))
    pq.write_table(pa.table({"a": values}), out, compression="zstd")
    assert len(out.getvalue()) < 1 << 20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bomb, good = bench.ingest({"bomb.parquet": out.getvalue(), "good.csv": "a\nx\n"}).files
    assert bomb.state is FileState.QUARANTINED
    assert bomb.reason.code in {"expands_too_much", "too_large_in_memory"}
    assert good.state is FileState.COMMITTED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 600 << 10


def test_deep_json_is_kept_as_text(bench: Any) -> None:
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}\n"
    result = bench.ingest({"deep.jsonl": deep})
    assert result.files[0].state is FileState.COMMITTED
    assert result.notices == ("Nested values are kept as JSON text: 'a'.",)
    assert len(bench.frame(result)["a"][0]) == 200_000


@pytest.mark.parametrize("pinned", [False, True])
def test_quote_that_never_ends(bench: Any, pinned: bool) -> None:
    contract = bench.ingest({"a.csv": "a,b\n1,x\n"}).contract if pinned else None
    data = b'a,b\n1,x\n2,"' + b"x\n" * 20_000_000
    (outcome,) = bench.ingest({"quote.csv": data}, contract).files
    assert outcome.state is FileState.QUARANTINED
    assert (outcome.reason.code, outcome.reason.line) == ("bad_quote", 3)
