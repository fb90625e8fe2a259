"""Rights and paths are declared by each request, and held in one place."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.requests import kinds

from shopfloor.domain import handed
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.requests.request import Mutation
from shopfloor.domain.right import Right
from shopfloor.engine import rights
from shopfloor.engine.peer import Peer
from shopfloor.engine.rights import check_member, check_right, may
from shopfloor.workspace import accounts
from shopfloor.workspace.settings import TeamRoles, TeamSettings

_PATHS = ("path", "output", "key", "file", "folder", "directory", "target", "source", "raw")
_LOOKED_AT = {
    ("why", "raw"),  # looks for a name in the drop folders, which members see, and through no link
    ("run.model", "path"),  # is the owner's alone
    ("config.set", "key"),
}
_GIDS = {"red": 4001, "blue": 4002}
_NAMES = ("uid:5001", "uid:5002", "@red", "@blue")


def test_every_field_that_may_be_a_path_is_declared() -> None:
    for kind in kinds():
        for field in msgspec.structs.fields(kind):
            if field.name in _PATHS and field.type is str and (kind.verb, field.name) not in _LOOKED_AT:
                assert field.name in (*kind.reads, *kind.writes), f"{kind.verb}: {field.name}"
        assert {*kind.reads, *kind.writes} <= set(kind.__struct_fields__), kind.verb


def test_what_changes_releases_or_definitions_needs_a_role() -> None:
    """A new verb of these nouns has to say what it needs."""
    open_to_all = {"model.train", "model.predict", "dataset.rollback"}
    for kind in kinds():
        noun = kind.verb.partition(".")[0]
        if issubclass(kind, Mutation) and noun in {"model", "config", "dataset"} and kind.verb not in open_to_all:
            assert kind.needs is not Right.USE or "needed" in vars(kind), kind.verb


@given(st.text())
def test_a_handle_leads_nowhere_else(text: str) -> None:
    for named in (text, f"handed:{'0' * 26}/{text}"):
        found = handed.parts(named)
        if found is not None:
            folder = Path("/staging") / f"handed-7-{found[0]}"
            assert Path(os.path.normpath(folder / found[1])).parent == folder
            assert handed.from_url(handed.url(named).rpartition("/")[2]) == named


@given(
    uid=st.sampled_from([5001, 5002, 5003]),
    groups=st.frozensets(st.sampled_from(list(_GIDS.values()))),
    holders=st.lists(st.sampled_from(_NAMES), unique=True),
    right=st.sampled_from([Right.APPROVE, Right.PROMOTE, Right.CONFIGURE]),
)
def test_a_role_is_for_those_it_names_and_an_empty_one_for_all(
    uid: int, groups: frozenset[int], holders: list[str], right: Right
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "group_id", _GIDS.get)
        patch.setattr(rights.accounts, "user_name", lambda number: f"uid:{number}")
        team = TeamSettings(group="red", roles=TeamRoles(**{right.value: tuple(holders)}))
        peer = Peer(uid, groups)
        named = {f"uid:{uid}", *(f"@{name}" for name, gid in _GIDS.items() if gid in groups)}
        expected = not holders or bool(named & set(holders))
        assert may(peer, right, team) is expected
        assert may(peer, Right.USE, team)
        assert not may(peer, Right.OWN, team)
        if not expected:
            with pytest.raises(RefusedError) as refused:
                check_right(peer, right, team)
            assert all(name.removeprefix("@") in refused.value.message for name in holders)
        if 4001 in groups:
            check_member(peer, team)
        else:
            with pytest.raises(RefusedError, match="may not use this workspace"):
                check_member(peer, team)


def test_the_owner_configures_always_and_approves_by_role() -> None:
    team = TeamSettings(group="red", roles=TeamRoles(approve=("uid:5001",), configure=("uid:5001",)))
    for uid in (os.geteuid(), 0):
        assert may(Peer(uid, frozenset()), Right.CONFIGURE, team)
        assert not may(Peer(uid, frozenset()), Right.APPROVE, team)


def test_without_a_team_its_roles_bind_nobody() -> None:
    closed = TeamSettings(roles=TeamRoles(approve=("uid:5001",), promote=("@red",)))
    assert all(may(Peer(os.geteuid(), frozenset()), right, closed) for right in (Right.APPROVE, Right.PROMOTE))
    with pytest.raises(RefusedError, match="may not use this workspace"):
        check_member(Peer(5001, frozenset({4001})), closed)
