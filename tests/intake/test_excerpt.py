"""The bytes around a failure can be looked at for every kind of file, and cost little."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from shopfloor.intake.excerpt import excerpt

_TEXT = "".join(f"line {number} ä\n" for number in range(1, 101))


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd", "utf-16"])
def test_text_however_it_is_packed(tmp_path: Path, form: str) -> None:
    path, data = tmp_path / "f", _TEXT.encode()
    if form == "gzip":
        data = gzip.compress(data)
    elif form == "zstd":
        data = pa.compress(data, codec="zstd", asbytes=True)
    elif form == "utf-16":
        data = _TEXT.encode("utf-16")
    path.write_bytes(data)
    assert excerpt(path, 50, 1) == (49, ("line 49 ä", "line 50 ä", "line 51 ä"), False)
    assert excerpt(path, None, 1).lines == ("line 1 ä", "line 2 ä")
    assert excerpt(path, 500).lines == ()


def test_damaged_gzip_shows_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(_TEXT.encode())[:-40])  # its last lines and checksum are gone
    seen = excerpt(path, None, 200)
    assert seen.lines[0] == "line 1 ä"
    assert seen.lines[-1].startswith("(the compressed data is damaged here")
    path.write_bytes(b"\x1f\x8b" + b"\xff" * 30)
    assert excerpt(path, None).binary


def test_binary_is_dumped_at_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"PAR1" + bytes(1000) + b"\x1b[31mPAR1")
    seen = excerpt(path, None)
    assert seen.binary
    assert seen.lines[0] == "00000000  50 41 52 31 00 00 00 00 00 00 00 00 00 00 00 00  PAR1............"
    assert seen.lines[-1].endswith("  mPAR1")
    assert "…" in seen.lines
    assert len(seen.lines) < 20


def test_an_endless_line_and_control_characters_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a" * 10_000_000 + b"\n\x1b[2Jx\n")
    seen = excerpt(path, 2, 1)
    assert len(seen.lines[0]) <= 400
    assert "\x1b" not in seen.lines[1]


def test_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"")
    assert excerpt(path, None).lines == ()
