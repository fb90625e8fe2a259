"""Who may ask for what: one place for all requests, by what each declares."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.right import Right
from shopfloor.engine.peer import Peer
from shopfloor.workspace import accounts
from shopfloor.workspace.settings import TeamSettings


def check_member(peer: Peer, team: TeamSettings) -> None:
    """Raises `RefusedError` for one who is neither the owner nor root nor in the team's group."""
    if peer.is_owner or (team.group and accounts.group_id(team.group) in peer.groups):
        return
    raise accounts.stranger(peer.name, accounts.own_name(), team.group)


def check_right(peer: Peer, right: Right, team: TeamSettings) -> None:
    """Raises `RefusedError` where the peer does not have the right; it says who has."""
    if may(peer, right, team):
        return
    owner = accounts.own_name()
    if right is Right.OWN:
        raise RefusedError(
            f"{peer.name} may not do this: only {owner} may, whose workspace it is.",
            hint=f"Ask {owner} to do it.",
            code="not_owner",
        )
    who = _holders(_role(right, team), owner if right is Right.CONFIGURE else "")
    raise RefusedError(
        f"{peer.name} may not {right}: only {who} may.",
        hint=f"Ask for it there, or to be added to team.roles.{right} in workspace.toml.",
        code="not_allowed",
    )


def may(peer: Peer, right: Right, team: TeamSettings) -> bool:
    """Whether the peer, who is one of the team, has the right.

    Roles bind the owner and root, too, so that approving can be another person's work; but whoever can write
    `workspace.toml` can configure. Without a team there are no roles.
    """
    if right is Right.USE or (peer.is_owner and right in {Right.OWN, Right.CONFIGURE}):
        return True
    if right is Right.OWN:
        return False
    role = _role(right, team)
    return not role or any(_is(peer, name) for name in role)


def _role(right: Right, team: TeamSettings) -> Sequence[str]:
    role: Sequence[str] = getattr(team.roles, right) if team.group else ()
    return role


def _is(peer: Peer, name: str) -> bool:
    return accounts.group_id(name[1:]) in peer.groups if name.startswith("@") else name == peer.name


def _holders(role: Sequence[str], owner: str) -> str:
    """Those who have a role, in words: `ann or the group release`."""
    names = [f"the group {name[1:]}" if name.startswith("@") else name for name in role]
    return " or ".join(dict.fromkeys([*names, *([owner] if owner else [])]))
