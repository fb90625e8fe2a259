"""A team at one workspace: real users, the real command line, one engine."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.people import People, Person, people

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
    team.ann.shopfloor("wait", "--timeout", "600")
    assert [each["state"] for each in bob.json("file", "list", "--dataset", "deals")] == ["committed"]
    assert not list((team.ann.root / "inbox/deals").iterdir())


def test_a_member_takes_away_only_own_files(team: People) -> None:
    team.ann.shopfloor("dataset", "define", "own")
    inbox = team.ann.root / "inbox/own"
    team.ann.run("touch", str(inbox / "_of_ann"))
    team.bob.run("touch", str(inbox / "_of_bob"))
    assert team.bob.run("rm", "-f", str(inbox / "_of_ann"), expect=None).returncode
    team.bob.run("rm", str(inbox / "_of_bob"))
    team.ann.run("rm", str(inbox / "_of_ann"))


def test_doctor_finds_nothing_wrong_with_a_team(team: People) -> None:
    told = {each["check"]: each for each in team.bob.json("doctor")["findings"]}
    assert told["rights"]["ok"], told["rights"]
    assert team.group in told["rights"]["detail"]


_ASK = """
import json, pkgutil, importlib, sys
from pathlib import Path
from shopfloor.client.connection import EngineClient
from shopfloor.domain.errors import ShopfloorError
from shopfloor.workspace.layout import Layout

root = Path(sys.argv[1])
client = EngineClient(root, Layout(root).socket)

def told(request):
    '''The code of the engine's refusal of the request as it is, without what the client does about paths.'''
    import msgspec
    if "op_id" in request.__struct_fields__:
        request = msgspec.structs.replace(request, op_id="op-" + type(request).__name__)
    try:
        client._body(request, 60.0)
    except ShopfloorError as error:
        return error.code
    return "answered"
"""


def test_the_engine_opens_no_path_that_a_member_names(team: People) -> None:
    """Neither to read nor to write, whatever request carries it: the engine would do it with Ann's rights."""
    secret = team.ann.write("secret.csv", _CSV)
    written = team.ann.home / "written.csv"
    code = f"""{_ASK}
from tests.engine.requests import example, of_paths
secret, written = {str(secret)!r}, {str(written)!r}
for kind in of_paths():
    for value in (secret, written, "handed:" + 26 * "0" + "/../../signing.key", "handed:../secret.csv", "/etc/shadow"):
        request = example(kind, **dict.fromkeys((*kind.reads, *kind.writes), value))
        print(json.dumps([kind.verb, told(request)]))
"""
    found = [json.loads(line) for line in team.bob.python(code).stdout.splitlines()]
    assert {verb for verb, _ in found} >= {"model.predict", "model.export", "model.import", "file.rejects.export"}
    assert {tuple(each) for each in found} <= {
        (verb, "not_owner" if verb in {"model.import"} else "foreign_path") for verb, _ in found
    }
    assert not written.exists()


def test_roles_are_held_for_every_request_that_needs_one(team: People) -> None:
    """Bob has no role: whatever asks for one is refused, and it is said who has it."""
    ann, bob = team.ann, team.bob
    for role in ("approve", "promote", "configure"):
        ann.shopfloor("config", "set", f"team.roles.{role}", f'["{ann.name}"]')
    code = f"""{_ASK}
from shopfloor.domain.right import Right
from tests.engine.requests import example, of_rights
for kind in of_rights():
    print(json.dumps([kind.verb, kind.needs, told(example(kind))]))
"""
    try:
        found = [json.loads(line) for line in bob.python(code).stdout.splitlines()]
        assert {verb for verb, _, _ in found} >= {"model.approve", "model.rollback", "model.define", "shutdown"}
        for verb, needed, told in found:
            assert told == ("not_owner" if needed == "own" else "not_allowed"), verb
        told = bob.shopfloor("dataset", "define", "fresh", "--min-rows", "3", expect=5).stderr
        assert f"{bob.name} may not configure: only {ann.name} may." in told
        for key, value in {"notify": '["/bin/sh"]', "team.roles.approve": "[]", "engine.backend": "dask"}.items():
            assert f"only {ann.name} may" in bob.shopfloor("config", "set", key, value, expect=5).stderr
        ann.shopfloor("config", "set", "team.roles.configure", f'["@{team.group}"]')
        bob.shopfloor("dataset", "define", "fresh", "--min-rows", "3")
        bob.shopfloor("config", "set", "intake.stalled_minutes", "20.0")
    finally:
        for role in ("approve", "promote", "configure"):
            ann.shopfloor("config", "set", f"team.roles.{role}", "[]")


def test_two_members_work_at_once(team: People) -> None:
    """Bob delivers, scores and looks; Ann releases; each takes back only what is one's own."""
    ann, bob = team.ann, team.bob
    bob.shopfloor("add", str(bob.write("first.csv", _CSV)), "--dataset", "churn")
    ann.shopfloor("wait", "--timeout", "600")
    bob.shopfloor(
        "model", "define", "churn", "--dataset", "churn", "--target", "y", "--id", "id", "--candidates", "linear",
        "--release", "manual",
    )  # fmt: skip
    bob.shopfloor("wait", "--timeout", "600")
    ann.shopfloor("model", "promote", "churn@1", "--reason", "looks right")
    assert ann.name in bob.shopfloor("model", "history", "churn").stdout
    bob.shopfloor("model", "train", "churn")
    queued = [each["actor"] for each in ann.json("events", "--subject", "churn") if each["kind"] == "job.queued"]
    assert queued[-1] == bob.name
    told = bob.shopfloor("undo", str(_promotion(bob)), expect=5).stderr
    assert f"this was done by {ann.name}" in told
    rows = bob.write("score-me.csv", "id,x\n900,1\n901,6\n")
    bob.shopfloor("predict", "churn", str(rows), "-o", str(bob.home / "scored.csv"))
    scored = bob.home / "scored.csv"
    assert (scored.stat().st_uid, len(scored.read_text().splitlines())) == (bob.uid, 3)
    assert len(bob.shopfloor("predict", "churn", str(rows)).stdout.splitlines()) == 3
    bob.shopfloor("model", "export", "churn@1", str(bob.home / "churn.shopfloor"))
    assert (bob.home / "churn.shopfloor").stat().st_uid == bob.uid
    assert not list((team.ann.root / ".shopfloor/staging").glob("handed-*"))
    assert bob.json("sql", "SELECT count(*) AS n FROM churn")[0]["n"] == 400
    code = """
import sys, shopfloor
with shopfloor.open(sys.argv[1]) as shop:
    data = shop.dataset("churn")
    print(len(data.frame()), data.arrow(["x"]).num_rows, data.sql("SELECT max(id) AS m FROM dataset")["m"][0])
    print(len(shop.model("churn").predict(data.frame().head(5))))
"""
    assert bob.python(code).stdout.split() == ["400", "400", "399", "5"]


def test_two_members_release_together_and_agree_to_need_one_only(team: People) -> None:
    """One person is one approval, whatever the environment says and however it is asked for."""
    ann, bob = team.ann, team.bob
    bob.shopfloor("add", str(bob.write("loans.csv", _CSV)), "--dataset", "loans")
    ann.shopfloor("wait", "--timeout", "600")
    ann.shopfloor(
        "model", "define", "loans", "--dataset", "loans", "--target", "y", "--id", "id", "--candidates", "linear",
        "--release", "approval", "--approvals", "2",
    )  # fmt: skip
    ann.shopfloor("wait", "--timeout", "600")
    ann.shopfloor("model", "promote", "loans@1", "--reason", "looks right")
    ann.shopfloor("model", "approve", "loans")
    shown = bob.json("model", "show", "loans")
    assert (shown["champion"], shown["awaiting_approval"]) == (None, 1)
    assert [(each["approved_by"], each["missing"]) for each in shown["pending"]] == [([ann.name], 1)]
    assert f"1 of 2 ({ann.name}), 1 missing" in bob.shopfloor("model", "show", "loans").stdout
    told = ann.shopfloor("model", "define", "loans", "--approvals", "1", "--no-train").stderr
    assert "approvals 2 → 1 holds after 2 approvals: shopfloor model approve-lowering loans" in told
    ann.shopfloor("model", "approve-lowering", "loans")
    assert ann.json("status")["approvals"] == 2
    bob.shopfloor("model", "approve-lowering", "loans")
    shown = bob.json("model", "show", "loans")
    assert (shown["approvals_needed"], [each["missing"] for each in shown["pending"]]) == (1, [0])
    bob.shopfloor("model", "approve", "loans")
    assert bob.json("model", "show", "loans")["champion"] == 1


def test_who_has_lost_a_role_takes_nothing_back_with_it(team: People) -> None:
    ann, bob = team.ann, team.bob
    bob.shopfloor("dataset", "define", "lost", "--min-rows", "2")
    bob.shopfloor("dataset", "define", "lost", "--min-rows", "5")
    bob.shopfloor("undo")
    ann.shopfloor("config", "set", "team.roles.configure", f'["{ann.name}"]')
    try:
        assert f"only {ann.name} may" in bob.shopfloor("undo", expect=5).stderr  # to undo the undo is to define again
    finally:
        ann.shopfloor("config", "set", "team.roles.configure", "[]")
    bob.shopfloor("undo")


def test_deliveries_at_the_same_time_are_all_taken_in(team: People) -> None:
    ann, bob = team.ann, team.bob
    ann.shopfloor("dataset", "define", "shared", "--mode", "append")
    files = [
        (person, person.write(f"{person.name}-{number}.csv", f"id,who\n{number},{person.name}\n"))
        for number in range(3)
        for person in (ann, bob)
    ]
    with ThreadPoolExecutor(4) as hands:
        for done in [hands.submit(who.shopfloor, "add", str(file), "-d", "shared") for who, file in files]:
            done.result()
    for person in (ann, bob):
        person.shopfloor("wait", "--timeout", "600")
    found = bob.json("sql", "SELECT who, count(*) AS n FROM shared GROUP BY who ORDER BY who")
    assert {each["who"]: each["n"] for each in found} == {ann.name: 3, bob.name: 3}


def _promotion(person: Person) -> int:
    found = person.json("events", "--subject", "churn", "--limit", "100")
    return max(each["seq"] for each in found if each["kind"] == "release.promoted")


def test_a_file_that_a_member_may_not_read_is_told_without_advice_to_take_it(team: People) -> None:
    closed = team.ann.write("closed.csv", _CSV)
    for words in (
        ["add", "-d", "deals", str(closed)],
        ["predict", "churn", str(closed)],
        ["model", "import", str(closed)],
    ):
        told = team.bob.shopfloor(*words, expect=5).stderr
        assert f"{team.bob.name} may not use {closed}" in told
        assert "chown" not in told
    told = team.bob.shopfloor("file", "rejects", "f1", "--export", str(team.ann.home / "out.csv"), expect=2).stderr
    assert "cannot be written: Permission denied" in told


def test_what_only_the_owner_may_do_is_refused_in_plain_words(team: People) -> None:
    owner = team.ann.name
    for words in (
        ["token", "create", "app"],
        ["token", "list"],
        ["serve"],
        ["down"],
        ["restore", __file__, "--yes"],
        ["doctor", "--bundle", str(team.bob.home / "support.zip")],
    ):
        assert f"nly {owner}" in (told := team.bob.shopfloor(*words, expect=5).stderr), told
    assert (
        "cannot read or write"
        in team.bob.shopfloor("sql", f"SELECT * FROM read_text('{team.ann.home}/secret.csv')", expect=5).stderr
    )
