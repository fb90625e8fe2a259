"""Markers and digests: what they allow, and what they do not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shopfloor.arrival.companion import Checksum, FolderListing, is_companion, read_checksum
from shopfloor.arrival.scan import Observation, scan
from shopfloor.domain.contract import Arrival, Completeness

MARKED = Arrival(complete=Completeness.MARKER)
DONE = Arrival(complete=Completeness.MARKER, marker=".done")
DIGESTED = Arrival(complete=Completeness.MANIFEST)


def present(root: Path) -> dict[str, Observation]:
    return {seen.path: seen for seen in scan(root)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d/batch").mkdir(parents=True)
    (tmp_path / "d/batch/a.csv").write_text("a\n1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arrival", "mark", "ready"),
    [
        (Arrival(), "", True),
        (MARKED, "", False),
        (MARKED, "d/batch/_SUCCESS", True),
        (MARKED, "d/_SUCCESS", False),
        (DONE, "", False),
        (DONE, "d/batch/a.csv.done", True),
        (DONE, "d/batch/a.done", True),
        (DONE, "d/batch/b.done", False),
        (DIGESTED, "", False),
        (DIGESTED, "d/batch/a.csv.sha256", True),
        (DIGESTED, "d/batch/SHA256SUMS", True),
        (DIGESTED, "d/batch/b.csv.sha256", False),
    ],
)
def test_a_companion_lets_its_own_file_in(folder: Path, arrival: Arrival, mark: str, ready: bool) -> None:
    if mark:
        (folder / mark).write_text("")
        assert is_companion(arrival, mark)
    found = FolderListing(present(folder)).state_of(arrival, present(folder)["d/batch/a.csv"])
    assert found.ready is ready
    assert bool(found.waiting) is not ready
    assert not is_companion(arrival, "d/batch/a.csv")


def test_a_marker_of_an_earlier_delivery_does_not_count(folder: Path) -> None:
    (folder / "d/batch/_SUCCESS").write_text("")
    files = present(folder)
    late = msgspec.structs.replace(files["d/batch/a.csv"], mtime_ns=files["d/batch/_SUCCESS"].mtime_ns + 1)
    assert "newer" in FolderListing({**files, late.path: late}).state_of(MARKED, late).waiting


def test_a_batch_waits_for_its_marker_as_a_whole(folder: Path) -> None:
    (folder / "d/batch/day=1").mkdir()
    for name in ("day=1/part.csv", "early.csv", "_SUCCESS"):
        (folder / "d/batch" / name).write_text("a\n1\n")
    files = present(folder)
    assert all(
        FolderListing(files).state_of(MARKED, files[f"d/batch/{name}"]).ready
        for name in ("a.csv", "early.csv", "day=1/part.csv")
    )
    late = msgspec.structs.replace(files["d/batch/day=1/part.csv"], mtime_ns=files["d/batch/_SUCCESS"].mtime_ns + 1)
    found = FolderListing({**files, late.path: late}).state_of(MARKED, files["d/batch/early.csv"])
    assert not found.ready
    assert "a file beside it changed" in found.waiting


SUM = "AB" * 32


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.csv.sha256", f"{SUM}  a.csv\n", SUM.lower()),
        ("a.csv.sha256", f"{SUM} *a.csv\n", SUM.lower()),
        ("a.csv.sha256", f"{SUM}\n", SUM.lower()),
        ("a.csv.sha256", f"{SUM}  other.csv\n", ""),
        ("a.csv.sha256", "not a digest\n", ""),
        ("a.csv.sha256", "", ""),
        ("SHA256SUMS", f"{'cd' * 32}  b.csv\n{SUM}  ./a.csv\n", SUM.lower()),
        ("SHA256SUMS", f"{SUM}\n", ""),
    ],
)
def test_digests_are_read_as_sha256sum_writes_them(folder: Path, name: str, text: str, found: str) -> None:
    (folder / "d/batch" / name).write_text(text)
    assert read_checksum(folder, f"d/batch/{name}", "a.csv").sha256 == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"files": [{{"name": "a.csv", "bytes": 4, "sha256": "{SUM}"}}]}}', Checksum(SUM.lower(), 4)),
        (f'{{"files": [{{"path": "batch/a.csv", "size": 5, "sha256": "{SUM}"}}]}}', Checksum(SUM.lower(), 5)),
        (f'{{"files": [{{"name": "b.csv", "sha256": "{SUM}"}}]}}', Checksum()),
        ('{"files": [', Checksum()),
    ],
)
def test_a_manifest_gives_size_and_digest(folder: Path, text: str, found: Checksum) -> None:
    (folder / "d/batch/manifest.json").write_text(text)
    assert is_companion(DIGESTED, "d/batch/manifest.json")
    assert read_checksum(folder, "d/batch/manifest.json", "a.csv") == found
    assert found.matches(SUM.lower(), 4) is (found.bytes == 4)


def test_a_digest_is_never_read_through_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "d/secret").write_text(f"{SUM}  a.csv\n")
    (folder / "d/batch/a.csv.sha256").symlink_to(folder / "d/secret")
    assert read_checksum(folder, "d/batch/a.csv.sha256", "a.csv") == Checksum()
    assert read_checksum(folder, "d/batch/none", "a.csv") == Checksum()
