"""Small file systems that fill, lose their inodes or become read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.waiting import until


@contextmanager
def small_disk(folder: Path, megabytes: int, *, inodes: int = 0) -> Iterator[None]:
    """A file system of its own at `folder`, which loses what was there; skips where mounting is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m" + (f",nr_inodes={inodes}" if inodes else "")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left: int = 0) -> Path:
    """A file that takes all but `left` bytes, whatever others write or remove meanwhile."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while (free := os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize - left) > 0:
            file.write(b"\1" * free)
    return ballast


def take_inodes(folder: Path, left: int) -> Path:
    """A folder of empty files; only `left` more files can be made then."""
    taken = folder / "taken"
    taken.mkdir()
    for number in range(os.statvfs(folder).f_favail - left):
        (taken / str(number)).touch()
    return taken


def remount(folder: Path, options: str) -> None:
    """Change a mounted file system: `ro` once nobody has a file open for writing, `rw`, `size=64m`."""
    command = ["mount", "-o", f"remount,{options}", str(folder)]
    until(lambda: not subprocess.run(command, capture_output=True, check=False).returncode, said=lambda: command)
