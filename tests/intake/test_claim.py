"""Copy, hash, compare (drop-folder.md §2.3; faults.md I11, I14, I18)."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shopfloor.arrival import claim as module
from shopfloor.arrival.claim import Claimed, Container, FileChanged, claim
from shopfloor.arrival.scan import Observation, scan


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox/d/sub").mkdir(parents=True)
    return tmp_path / "inbox"


def one(inbox: Path) -> Observation:
    (found,) = scan(inbox)
    return found


def test_copy_is_exact_and_private(inbox: Path, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (inbox / "d/sub/a.csv").write_bytes(data)
    claimed = claim(inbox, one(inbox), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert claimed.sha256 == hashlib.sha256(data).hexdigest()
    assert claimed.bytes == len(data)
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def changes(path: Path) -> dict[str, Any]:
    def replace() -> None:
        other = path.with_name("other")
        other.write_text("new")
        os.replace(other, path)

    def link() -> None:
        path.unlink()
        path.symlink_to("/etc/passwd")

    def pipe() -> None:
        path.unlink()
        os.mkfifo(path)

    def away() -> None:
        os.rename(path.parent, path.parent.with_name("moved"))
        os.symlink(path.parent.with_name("moved"), path.parent)

    return {
        "append": lambda: path.open("a").write("x"),
        "truncate": lambda: os.truncate(path, 1),
        "touch": lambda: os.utime(path, (1, 1)),
        "replace": replace,
        "link": link,
        "pipe": pipe,
        "directory becomes a link": away,
    }


def together(inbox: Path, seen: Observation, path: Path) -> Claimed:
    """The claim of a small file among many."""
    container = Container(inbox, path)
    try:
        return container.claim(seen)
    finally:
        container.close()
        if not path.stat().st_size:
            path.unlink()


@pytest.mark.parametrize("way", [claim, together])
@pytest.mark.parametrize("change", list(changes(Path())))
def test_change_before_the_claim(inbox: Path, tmp_path: Path, change: str, way: Callable[..., Claimed]) -> None:
    path = inbox / "d/sub/a.csv"
    path.write_text("a\n1\n")
    seen = one(inbox)
    changes(path)[change]()
    with pytest.raises(FileChanged) as caught:
        way(inbox, seen, tmp_path / "copy")
    assert not caught.value.gone
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("change", ["append", "truncate", "touch"])
def test_change_during_the_copy_of_a_small_file(
    inbox: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = inbox / "d/sub/a.csv"
    path.write_bytes(b"x" * 3_000)
    seen = one(inbox)

    def read(descriptor: int, size: int) -> bytes:
        data = os.read(descriptor, size)
        changes(path)[change]()
        return data

    monkeypatch.setattr(module, "os", type("Os", (), {**vars(os), "read": staticmethod(read)}))
    with pytest.raises(FileChanged):
        together(inbox, seen, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_many_small_files_are_copied_into_one_each_with_its_place(inbox: Path, tmp_path: Path) -> None:
    contents = {
        f"d/{'sub/' if number % 3 else ''}{number}.csv": random.Random(number).randbytes(number) for number in range(40)
    }
    for name, data in contents.items():
        (inbox / name).write_bytes(data)
    seen = scan(inbox)
    (inbox / "d/9.csv").unlink()
    container = Container(inbox, tmp_path / "copies")
    claimed: dict[str, Claimed] = {}
    for file in seen:
        if file.path == "d/9.csv":
            with pytest.raises(FileChanged):
                container.claim(file)
        else:
            claimed[file.path] = container.claim(file)
    container.close()
    assert set(claimed) == set(contents) - {"d/9.csv"}
    copies = (tmp_path / "copies").read_bytes()
    for name, copy in claimed.items():
        assert copy.offset is not None
        assert copies[copy.offset :][: copy.bytes] == contents[name]
        assert copy.sha256 == hashlib.sha256(contents[name]).hexdigest()
    assert (tmp_path / "copies").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("change", ["append", "truncate", "touch"])
def test_change_during_the_copy(
    inbox: Path, tmp_path: Path, change: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = inbox / "d/sub/a.csv"
    path.write_bytes(b"x" * 3_000_000)
    seen = one(inbox)
    steps = []

    def send(target: int, source: int, offset: int | None, count: int) -> int:
        steps.append(count)
        if len(steps) == 2:
            changes(path)[change]()
        return os.sendfile(target, source, offset, count)

    monkeypatch.setattr(module, "os", type("Os", (), {**vars(os), "sendfile": staticmethod(send)}))
    monkeypatch.setattr(module, "_STEP", 1 << 20)
    if large:
        monkeypatch.setattr(module, "_LARGE", 0)
    with pytest.raises(FileChanged):
        claim(inbox, seen, tmp_path / "copy")
    assert len(steps) > 1
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (16 << 20) - 1, (16 << 20) + 4_567])
def test_the_copy_is_the_file(inbox: Path, tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    (inbox / "d/sub/a.csv").write_bytes(data)
    claimed = claim(inbox, one(inbox), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert (claimed.sha256, claimed.bytes) == (hashlib.sha256(data).hexdigest(), size)


def test_gone(inbox: Path, tmp_path: Path) -> None:
    path = inbox / "d/sub/a.csv"
    path.write_text("a")
    seen = one(inbox)
    path.unlink()
    with pytest.raises(FileChanged) as caught:
        claim(inbox, seen, tmp_path / "copy")
    assert caught.value.gone


def test_staging_is_never_overwritten(inbox: Path, tmp_path: Path) -> None:
    """S11: a file planted at the staging path is not written through."""
    (inbox / "d/sub/a.csv").write_text("a")
    (tmp_path / "copy").write_text("mine")
    with pytest.raises(FileExistsError):
        claim(inbox, one(inbox), tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "mine"
