"""Small files that were claimed into one reach the parser each by itself."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from shopfloor.formats.staged import StagedFile
from shopfloor.intake.members import apart

CONTENTS = [os.urandom(size) for size in (10, 0, 70_000, 3)]


@pytest.fixture
def files(tmp_path: Path) -> list[StagedFile]:
    (tmp_path / "together").write_bytes(b"".join(CONTENTS))
    (tmp_path / "alone").write_bytes(b"alone")
    places = [sum(map(len, CONTENTS[:number])) for number in range(len(CONTENTS))]
    found = [_file(f"f{number}", tmp_path / "together", len(CONTENTS[number]), at) for number, at in enumerate(places)]
    return [*found, _file("f9", tmp_path / "alone", 5, None)]


def _file(id: str, path: Path, size: int, offset: int | None) -> StagedFile:
    return StagedFile(id=id, path=str(path), original_name=f"{id}.csv", sha256="", bytes=size, offset=offset)


def _open() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_each_file_has_a_path_of_its_own_until_the_end(files: list[StagedFile], tmp_path: Path) -> None:
    before = _open()
    with apart(files, tmp_path / "disk") as found:
        assert [Path(file.path).read_bytes() for file in found] == [*CONTENTS, b"alone"]
        assert [file.offset for file in found] == [None] * 5
        assert found[-1] is files[-1]
        assert not (tmp_path / "disk").exists()
    assert _open() == before


def test_what_may_not_be_open_at_once_lies_on_the_disk(
    files: list[StagedFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopfloor.intake.members._descriptors", lambda opened, wanted: wanted - 2)
    with apart(files, tmp_path / "disk") as found:
        assert [Path(file.path).read_bytes() for file in found] == [*CONTENTS, b"alone"]
        assert len(list((tmp_path / "disk").iterdir())) == 2


def test_more_files_than_are_usual_may_be_open_meanwhile(files: list[StagedFile], tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = [file for file in files[:-1] for _ in range(50)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (_open() + 100, limits[1]))
    try:
        lowered = resource.getrlimit(resource.RLIMIT_NOFILE)
        with apart(many, tmp_path / "disk") as found:
            assert [Path(file.path).stat().st_size for file in found] == [file.bytes for file in many]
            assert not (tmp_path / "disk").exists()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == lowered
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
