"""A team at one workspace: real users, the real command line, one engine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.people import People, people

_CSV = "id,x,y\n" + "".join(f"{row},{row % 7},{'yes' if row % 7 > 3 else 'no'}\n" for row in range(400))


@pytest.fixture(scope="module")
def team() -> Iterator[People]:
    """Ann's workspace with its engine, shared with Bob's group."""
    for made in people():
        root = made.ann.root
        root.mkdir()
        os.chown(root, made.ann.uid, made.ann.gid)
        made.ann.shopfloor("init", str(root))
        for key, value in {"intake.settle_seconds": "0.2", "engine.workers": "1", "team.group": made.group}.items():
            made.ann.shopfloor("config", "set", key, value)
        made.ann.shopfloor("up")
        try:
            yield made
        finally:
            made.ann.shopfloor("down", expect=None)


def _rights(path: Path) -> tuple[str, int]:
    status = path.lstat()
    return oct(stat.S_IMODE(status.st_mode)), status.st_gid


def _all_rights(root: Path) -> dict[str, tuple[str, int]]:
    return {str(path.relative_to(root)): _rights(path) for path in sorted(root.rglob("*"))}


def test_who_acts_is_the_user_that_the_kernel_names(team: People) -> None:
    team.ann.shopfloor("dataset", "define", "plans", "--mode", "append")
    team.bob.shopfloor("dataset", "define", "plans", "--min-rows", "2")
    found = [each["actor"] for each in team.bob.json("dataset", "contract", "plans", "--history")]
    assert found == [team.bob.name, team.ann.name]


def test_a_third_user_is_refused_by_the_rights_and_by_the_engine(team: People) -> None:
    told = team.carol.shopfloor("status", expect=5).stderr
    assert f"{team.carol.name} may not use this workspace: it belongs to {team.ann.name}" in told
    assert f"the group {team.group}" in told
    with_rights = team.ann.root / ".shopfloor"
    for path in (with_rights, with_rights / "run", with_rights / "run/engine.sock"):
        os.chmod(path, 0o777)  # as if somebody had opened it by hand
    try:
        told = team.carol.shopfloor("status", expect=5).stderr
    finally:
        for path, mode in (
            (with_rights, 0o710),
            (with_rights / "run", 0o710),
            (with_rights / "run/engine.sock", 0o660),
        ):
            os.chmod(path, mode)
    assert f"{team.carol.name} may not use this workspace: it belongs to {team.ann.name}" in told


def test_what_the_engine_keeps_stays_closed_to_the_team(team: People) -> None:
    private = team.ann.root / ".shopfloor"
    for folder in (".", "run", "journal", "objects", "serving", "staging", "backups", "inference", "streams"):
        team.bob.run("ls", str(private / folder), expect=2)
    for file in ("metadata.duckdb", "run/engine.log", "run/owner.lock"):
        team.bob.run("cat", str(private / file), expect=1)


def test_the_rights_come_with_the_setting_and_go_with_it(team: People) -> None:
    ann, bob = team.ann, team.bob
    root, group = ann.root, bob.groups[0]
    ann.shopfloor("dataset", "define", "fresh")  # a folder made by the engine, and a text file
    expected = {
        "inbox": 0o3770, "inbox/fresh": 0o3770, "score": 0o3770, "actuals": 0o3770, "datasets": 0o2750,
        "models": 0o2750, "outbox": 0o2750, "datasets/fresh.toml": 0o640, "workspace.toml": 0o640,
        ".shopfloor": 0o710, ".shopfloor/run": 0o710, ".shopfloor/run/engine.sock": 0o660,
    }  # fmt: skip
    shared = _all_rights(root)
    assert {path: shared[path] for path in expected} == {path: (oct(mode), group) for path, mode in expected.items()}
    ann.shopfloor("config", "set", "team.group", team.group)
    assert _all_rights(root) == shared
    ann.shopfloor("config", "set", "team.group", "")
    try:
        alone = _all_rights(root)
        assert {gid for _, gid in alone.values()} == {ann.gid}
        assert {alone[path][0] for path in expected} == {"0o700", "0o600"}
        assert f"belongs to {ann.name} alone" in bob.shopfloor("status", expect=5).stderr
    finally:
        ann.shopfloor("config", "set", "team.group", team.group)
    assert {path: found for path, found in _all_rights(root).items() if path in expected} == {
        path: (oct(mode), group) for path, mode in expected.items()
    }
    bob.shopfloor("status")


def test_only_the_owner_starts_an_engine(team: People) -> None:
    team.ann.shopfloor("down")
    try:
        for words in (["status"], ["up"], ["up", "--foreground"], ["model", "list"], ["down"]):
            told = team.bob.shopfloor(*words, expect=3).stderr
            assert f"only {team.ann.name}, whose workspace it is, may start it" in told, told
            assert f"Ask {team.ann.name} to run shopfloor up" in told
        assert not (team.ann.root / ".shopfloor/run/engine.sock").exists()
    finally:
        team.ann.shopfloor("up")


def test_what_a_member_delivers_is_taken_in(team: People) -> None:
    bob = team.bob
    file = bob.write("deals.csv", _CSV)
    bob.shopfloor("add", str(file), "--dataset", "deals")
    team.ann.shopfloor("wait", "--timeout", "120")
    assert [each["state"] for each in bob.json("file", "list", "--dataset", "deals")] == ["committed"]
    assert not list((team.ann.root / "inbox/deals").iterdir())


def test_a_member_takes_away_only_own_files(team: People) -> None:
    inbox = team.ann.root / "inbox/fresh"
    team.ann.run("touch", str(inbox / "_of_ann"))
    team.bob.run("touch", str(inbox / "_of_bob"))
    assert team.bob.run("rm", "-f", str(inbox / "_of_ann"), expect=None).returncode
    team.bob.run("rm", str(inbox / "_of_bob"))
    team.ann.run("rm", str(inbox / "_of_ann"))


def test_doctor_finds_nothing_wrong_with_a_team(team: People) -> None:
    told = {each["check"]: each for each in team.bob.json("doctor")["findings"]}
    assert told["rights"]["ok"], told["rights"]
    assert team.group in told["rights"]["detail"]
