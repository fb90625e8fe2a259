"""The team's settings: a group that exists and that the owner may share with, roles of people that exist."""

from __future__ import annotations

import grp
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopfloor.client.setup import config_set, config_validate, init_workspace
from shopfloor.domain.errors import ConfigError
from shopfloor.workspace import accounts
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.settings import load_settings

_OWN = next((each.gr_name for each in grp.getgrall() if each.gr_gid in accounts.own_groups()), "")
pytestmark = pytest.mark.skipif(not _OWN, reason="no group of this user has a name")


@pytest.fixture
def root() -> Iterator[Path]:
    """A workspace whose path is short enough for a socket, wherever tests keep their files."""
    with tempfile.TemporaryDirectory(prefix="shop-", dir="/tmp") as folder:
        yield init_workspace(Path(folder) / "ws")


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ('[team]\ngroup = "no-such-group"', "there is no group 'no-such-group'", "groupadd"),
        (f'[team]\ngroup = "{_OWN}"\n[team.roles]\npromote = ["nobody-at-all"]', "no user 'nobody-at-all'", "@"),
        (f'[team]\ngroup = "{_OWN}"\n[team.roles]\nconfigure = ["@no-such"]', "no group '@no-such'", "@"),
    ],
)
def test_a_team_that_cannot_be_is_told_with_its_remedy(root: Path, text: str, words: str, hint: str) -> None:
    (root / "workspace.toml").write_text(f"{text}\n")
    (problem,) = config_validate(root)
    assert words in problem
    assert hint in problem


def test_roles_without_a_team_are_not_set(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"'team\.roles\.approve' has no effect without a team") as refused:
        config_set(root, "team.roles.approve", '["root"]')
    assert "config set team.group" in refused.value.hint


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_team_with_roles_can_be_closed(root: Path, by_hand: bool) -> None:
    config_set(root, "team.group", _OWN)
    config_set(root, "team.roles.approve", '["root"]')
    path = root / "workspace.toml"
    if by_hand:
        path.write_text(path.read_text().replace(f'group = "{_OWN}"', 'group = ""'))
    else:
        config_set(root, "team.group", "")
    assert config_validate(root) == []
    assert load_settings(Layout(root)).team.group == ""
    config_set(root, "team.roles.approve", "[]")


def test_the_owner_must_be_a_member(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ROOT", -1)  # whom the kernel lets give anything to any group
    monkeypatch.setattr(accounts, "own_groups", lambda: frozenset({0}))
    strange = next(
        each for each in grp.getgrall() if each.gr_gid and each.gr_gid not in accounts.listed_groups(os.geteuid())
    )
    with pytest.raises(ConfigError, match=f"is not a member of the group '{strange.gr_name}'"):
        config_set(root, "team.group", strange.gr_name)


def test_a_path_that_is_too_long_for_the_socket_is_told(tmp_path: Path) -> None:
    root = init_workspace(tmp_path / ("long-" * 30))
    with pytest.raises(ConfigError, match="too long for a team"):
        config_set(root, "team.group", _OWN)


def test_a_team_and_its_roles_are_set_like_any_other_setting(root: Path) -> None:
    config_set(root, "team.group", _OWN)
    config_set(root, "team.roles.approve", f'["@{_OWN}", "uid:4711"]')
    assert config_validate(root) == []
