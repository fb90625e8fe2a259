"""Publishing parts: content-addressed, idempotent, durable order (drop-folder.md §2.8)."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from shopfloor.domain.errors import IntegrityError
from shopfloor.lake.objects import part_path, publish_part, verify
from shopfloor.workspace import durable
from shopfloor.workspace.digests import file_sha256

DATA = b"parquet" * 400_000
SHA = hashlib.sha256(DATA).hexdigest()


def staged(tmp_path: Path, data: bytes = DATA) -> Path:
    path = tmp_path / "staged"
    path.write_bytes(data)
    return path


def test_published_part_lies_under_its_digest_read_only(tmp_path: Path) -> None:
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    assert path == part_path(tmp_path / "objects", SHA)
    assert path == tmp_path / "objects/parts" / SHA[:2] / f"{SHA}.parquet"
    assert path.stat().st_mode & 0o777 == 0o444
    assert file_sha256(path) == SHA
    assert not (tmp_path / "staged").exists()


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    inode = path.stat().st_ino
    assert publish_part(staged(tmp_path), SHA, tmp_path / "objects") == path
    assert path.stat().st_ino == inode
    assert not (tmp_path / "staged").exists()


def test_retry_after_a_crash_finds_staging_gone(tmp_path: Path) -> None:
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    assert publish_part(tmp_path / "staged", SHA, tmp_path / "objects") == path


def test_damaged_object_is_replaced_by_good_bytes(tmp_path: Path) -> None:
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    path.chmod(0o644)
    path.write_bytes(DATA[:-1] + b"x")
    publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    assert path.read_bytes() == DATA
    verify(path, SHA)


def test_other_bytes_are_never_published(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        publish_part(staged(tmp_path, b"other"), SHA, tmp_path / "objects")
    assert not part_path(tmp_path / "objects", SHA).exists()


def test_verify_names_the_part(tmp_path: Path) -> None:
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    verify(path, SHA)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(len(DATA) // 2)
        file.write(b"\xff")
    with pytest.raises(IntegrityError, match=SHA[:12]) as damaged:
        verify(path, SHA)
    assert damaged.value.code == "part_damaged"
    path.unlink()
    with pytest.raises(IntegrityError, match=SHA[:12]) as missing:
        verify(path, SHA)
    assert missing.value.code == "part_missing"


def test_order_is_sync_rename_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut never shows a name whose bytes are not on disk."""
    steps: list[str] = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def fsync(self, descriptor: int) -> None:
            steps.append("sync " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
            os.fsync(descriptor)

        def replace(self, source: Path, target: Path) -> None:
            steps.append("rename")
            os.replace(source, target)

    monkeypatch.setattr(durable, "os", Spy())
    (tmp_path / "objects").mkdir()
    publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    assert steps == ["sync objects", "sync parts", "sync staged", "rename", f"sync {SHA[:2]}"]


def test_staging_on_another_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Apart:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def replace(self, source: Path, target: Path) -> None:
            if Path(source).parent != Path(target).parent:
                raise OSError(errno.EXDEV, "apart")
            os.replace(source, target)

    monkeypatch.setattr(durable, "os", Apart())
    path = publish_part(staged(tmp_path), SHA, tmp_path / "objects")
    verify(path, SHA)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert not (tmp_path / "staged").exists()
