"""People with user accounts of their own, who type `shopfloor` in a shell of theirs.

Only root can act as others. A checkout or an interpreter below a closed folder (`/root`) is made visible to
them in mounts of their own, so nothing is opened or copied.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Person:
    """A user with a home of its own; `groups` are numbers, beside the user's own."""

    name: str
    uid: int
    gid: int
    home: Path
    groups: tuple[int, ...] = ()
    root: Path = field(default=Path("/"))

    def run(self, *words: str, expect: int | None = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """What the program `words` says to this user, whose environment claims to be somebody else's."""
        names = ",".join(map(str, (self.gid, *self.groups)))
        become = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", f"--groups={names}", "--no-new-privs"]
        claims = dict.fromkeys(("USER", "LOGNAME", "SUDO_USER", "SHOPFLOOR_USER"), "somebody-else")
        done = subprocess.run(
            [*_seen(), *become, *words],
            cwd=cwd or self.home, text=True, capture_output=True, timeout=300, check=False,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{CHECKOUT / 'app'}:{CHECKOUT}", "HOME": str(self.home),
                 "TMPDIR": str(self.home), "LANG": "C.UTF-8", **claims},
        )  # fmt: skip
        assert expect in {None, done.returncode}, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert expect is None or "Traceback" not in done.stderr, done.stderr
        return done

    def shopfloor(self, *words: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """The command line, about the workspace."""
        return self.run(sys.executable, "-m", "shopfloor", "-w", str(self.root), *words, expect=expect)

    def json(self, *words: str) -> Any:
        return json.loads(self.shopfloor(*words, "--json").stdout)

    def python(self, code: str, *, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A program of this user's."""
        return self.run(sys.executable, "-c", code, str(self.root), expect=expect)

    def write(self, name: str, content: str) -> Path:
        """A file at home that nobody else can read."""
        path = self.home / name
        path.write_text(content)
        os.chmod(path, 0o600)
        os.chown(path, self.uid, self.gid)
        return path


@dataclass(frozen=True)
class People:
    """Ann owns the workspace, Bob is in her group, Carol is not. `group` is the group's name."""

    folder: Path
    group: str
    ann: Person
    bob: Person
    carol: Person


def people() -> Iterator[People]:
    """Three accounts and a group that the machine has anyway; skips where one cannot act as them."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as other users")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    accounts = [each for each in pwd.getpwall() if 0 < each.pw_uid < 65_534][:3]
    group = next(each for each in grp.getgrall() if each.gr_gid and each.gr_gid not in {a.pw_gid for a in accounts})
    folder = Path(tempfile.mkdtemp(prefix="shopfloor-team-"))
    os.chmod(folder, 0o755)
    try:
        ann, bob = (_person(account, folder, (group.gr_gid,)) for account in accounts[:2])
        _check_can_act(ann)
        yield People(folder, group.gr_name, ann, bob, _person(accounts[2], folder, ()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _person(account: pwd.struct_passwd, folder: Path, groups: tuple[int, ...]) -> Person:
    home = folder / account.pw_name
    home.mkdir(mode=0o700)
    os.chown(home, account.pw_uid, account.pw_gid)
    return Person(account.pw_name, account.pw_uid, account.pw_gid, home, groups, folder / "shop")


@cache
def _seen() -> tuple[str, ...]:
    """The command before a command that lets other users see interpreter and checkout where they lie."""
    wanted = [Path(place).resolve() for place in (sys.base_prefix, sys.prefix, CHECKOUT)]
    closed = {path: gate for path in wanted if (gate := _gate(path)) is not None}
    if not closed:
        return ()
    holds: dict[Path, str] = {}
    steps = ["set -e", "umask 022", "mount -t tmpfs tmpfs /mnt"]
    for number, path in enumerate(closed):
        holds[path] = f"/mnt/{number}"
        steps += [f"mkdir {holds[path]}", f"mount --bind {shlex.quote(str(path))} {holds[path]}"]
    steps += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(gate))}" for gate in sorted(set(closed.values()))]
    for path, hold in holds.items():
        steps += [f"mkdir -p {shlex.quote(str(path))}", f"mount --bind {hold} {shlex.quote(str(path))}"]
    script = "; ".join([*steps, 'exec "$@"'])
    return ("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh")


def _gate(path: Path) -> Path | None:
    """The outermost folder on the way to `path` that other users cannot pass."""
    return next((folder for folder in reversed((path, *path.parents)) if not folder.stat().st_mode & 0o001), None)


def _check_can_act(person: Person) -> None:
    """Skips where mounts are forbidden and needed, or where root may not become another user."""
    if _seen() and shutil.which("unshare") is None:
        pytest.skip("the checkout is closed to other users, and unshare is not installed")
    done = person.run(sys.executable, "-c", "import duckdb", expect=None)
    if done.returncode:
        pytest.skip(f"this machine does not let root act as another user: {done.stderr.strip()[-300:]}")
