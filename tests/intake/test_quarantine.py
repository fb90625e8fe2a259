"""Quarantined files are kept byte for byte, with their reason (drop-folder.md §2.7)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.arrival.quarantine import QuarantineRecord, kept_name, quarantine, reason_path
from shopfloor.domain.codec import from_json
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.file import Reason

DATA = b"a,b\n1\n\xff\x00\x1b[2J\n"


def record(data: bytes = DATA, path: str = "inbox/d/a.csv") -> QuarantineRecord:
    return QuarantineRecord(
        id="f1",
        dataset="d",
        path=path,
        path_hex=path.encode().hex(),
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        reason=Reason(code="ragged_row", message="Line 2 has 1 field.", line=2),
    )


def staged(tmp_path: Path) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(DATA)
    return path


def test_bytes_and_reason_are_kept(tmp_path: Path) -> None:
    kept = quarantine(staged(tmp_path), record(), tmp_path / "quarantine")
    assert kept == tmp_path / "quarantine/d" / f"{record().sha256[:12]}-a.csv"
    assert kept.read_bytes() == DATA
    assert kept.stat().st_mode & 0o777 == 0o400
    assert from_json(reason_path(kept).read_bytes(), QuarantineRecord) == record()
    assert not (tmp_path / "staged").exists()


def test_twice_is_as_once_even_when_the_copy_is_gone(tmp_path: Path) -> None:
    first = quarantine(staged(tmp_path), record(), tmp_path / "quarantine")
    reason_path(first).unlink()  # as if it was killed before the reason was written
    assert quarantine(tmp_path / "staged", record(), tmp_path / "quarantine") == first
    assert from_json(reason_path(first).read_bytes(), QuarantineRecord) == record()
    quarantine(staged(tmp_path), record(), tmp_path / "quarantine")
    assert not (tmp_path / "staged").exists()
    assert len(list((tmp_path / "quarantine/d").iterdir())) == 2


def test_what_is_hashed_already_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer thread, for which all transactions wait, keeps files of any size."""
    monkeypatch.setattr("shopfloor.arrival.quarantine.file_sha256", None)
    for _ in range(2):
        kept = quarantine(staged(tmp_path), record(), tmp_path / "quarantine", hashed=True)
        assert kept.read_bytes() == DATA
        assert quarantine(tmp_path / "staged", record(), tmp_path / "quarantine", hashed=True) == kept
        assert not (tmp_path / "staged").exists()
    assert len(list((tmp_path / "quarantine/d").iterdir())) == 2


def test_other_bytes_than_claimed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        quarantine(staged(tmp_path), record(b"other"), tmp_path / "quarantine")


@given(st.text(max_size=300))
def test_kept_name_is_harmless(path: str) -> None:
    name = kept_name(path, "0123456789abcdef" * 4)
    assert name.startswith("0123456789ab-")
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set("/ \\")
    assert len(name) <= 200
