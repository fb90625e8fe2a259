"""Users and groups of this machine, as the kernel and its databases know them."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from shopfloor.domain.errors import RefusedError, UnreachableError
from shopfloor.domain.text import safe
from shopfloor.workspace.layout import Layout

ROOT = 0


def user_name(uid: int) -> str:
    """The name of a user; `uid:1234` for one without."""
    try:
        return safe(pwd.getpwuid(uid).pw_name, 60)
    except KeyError:
        return f"uid:{uid}"


def own_name() -> str:
    """The user that this process acts as."""
    return user_name(os.geteuid())


def group_id(name: str) -> int | None:
    """The number of the group `name`; None where there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def group_name(gid: int) -> str:
    """The name of a group; its number for one without."""
    try:
        return safe(grp.getgrgid(gid).gr_name, 60)
    except KeyError:
        return str(gid)


def own_groups() -> frozenset[int]:
    """The groups that this process is in."""
    return frozenset((os.getegid(), *os.getgroups()))


def listed_groups(uid: int) -> frozenset[int]:
    """The groups that the user has by the machine's databases, which count from the next login on."""
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))


def owner(layout: Layout) -> int:
    """The user whose workspace it is: nobody else's engine runs there. This one where no engine has run yet."""
    try:
        return layout.private.lstat().st_uid
    except OSError:
        return os.geteuid()


def is_known(name: str) -> bool:
    """Whether there is the user `ann`, `uid:1234`, or the group `@release`."""
    if name.startswith("@"):
        return group_id(name[1:]) is not None
    if name.startswith("uid:"):
        return name[4:].isdecimal()
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def foreign_owner(workspace: Path) -> str:
    """The name of the workspace's owner where that is somebody else, else empty."""
    uid = owner(Layout(workspace))
    return "" if uid == os.geteuid() else user_name(uid)


def stranger(name: str, owner: str, group: str) -> RefusedError:
    """`name` is none of those who share the workspace of `owner`."""
    hint = f"Ask {owner} to add you to the group {safe(group, 60)}, and log in again."
    return RefusedError(
        f"{name} may not use this workspace: it belongs to {owner}"
        + (f" and the group {safe(group, 60)}." if group else " alone."),
        hint=hint if group else f"Ask {owner} to share it with a group: shopfloor config set team.group GROUP",
        code="not_a_member",
    )


def check_owner(workspace: Path, what: str) -> None:
    """Raises `RefusedError` where the workspace is another user's; `what` is what only its owner may do."""
    if owner := foreign_owner(workspace):
        raise RefusedError(
            f"Only {owner}, whose workspace it is, may {what}.", hint=f"Ask {owner} to do it.", code="not_owner"
        )


def not_running(owner: str) -> UnreachableError:
    """No engine runs, and only the owner's may."""
    return UnreachableError(
        f"The engine of this workspace is not running, and only {owner}, whose workspace it is, may start it.",
        hint=f"Ask {owner} to run shopfloor up, or to have systemd run it as {owner}: "
        "shopfloor up --foreground (see docs/team.md)",
        code="not_owner",
    )
