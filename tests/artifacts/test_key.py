"""The signing key: private, whole, and one for all processes that race for it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.errors import IntegrityError


def test_first_use_makes_a_private_key(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "signing.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_key(path) == key
    assert os.listdir(path.parent) == ["signing.key"]


def test_racing_processes_agree(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: load_or_create_key(path), range(64)))
    assert len(keys) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(IntegrityError, match="read by others"):
        load_or_create_key(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path, size: int) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    with pytest.raises(IntegrityError, match="bytes instead of 32"):
        load_or_create_key(path)
    assert path.stat().st_size == size


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    load_or_create_key(target)
    link = tmp_path / "signing.key"
    link.symlink_to(target)
    with pytest.raises(IntegrityError, match="is a link"):
        load_or_create_key(link)
