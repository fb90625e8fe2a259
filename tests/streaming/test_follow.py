"""Files that a process appends to: each complete line once, whatever becomes of the file."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.soak import times
from tests.streaming.posting import account, lines, numbers, stream
from tests.waiting import let_pass

from shopfloor.client.setup import config_set
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.workspace import Doctor, DoctorFinding
from shopfloor.workspace.layout import Layout


@pytest.fixture
def inbox(shop: Shop) -> Path:
    """The drop folder of a dataset that follows `events*.jsonl`."""
    config_set(shop.root, "stream.follow_seconds", "0.1")
    Layout(shop.root).contract("d").write_text('[arrival]\nfollow = ["events*.jsonl"]\n')
    folder = shop.root / "inbox" / "d"
    folder.mkdir()
    return folder


def add(path: Path, *rows: int) -> None:
    with path.open("ab") as file:
        file.write(lines(*rows))


def test_new_lines_come_in_as_they_are_written(shop: Shop, inbox: Path) -> None:
    log = inbox / "events.jsonl"
    add(log, 1, 2)
    shop.settle()
    assert numbers(shop) == Counter([1, 2])
    add(log, 3)
    shop.settle()
    assert numbers(shop) == Counter([1, 2, 3])
    assert log.exists(), "the file is its writer's"
    [followed] = stream(shop).followed
    assert (followed.path, followed.offset, followed.rows) == ("inbox/d/events.jsonl", log.stat().st_size, 3)
    [file] = [file for file in shop.client.ask(FileList(dataset="d")).rows if file.path == followed.path]
    assert (file.state, file.rows, file.bytes) == (FileState.COMMITTED, 3, followed.offset)
    assert file.reason is not None
    assert "followed" in file.reason.message
    account(shop)


def test_it_follows_by_itself(shop: Shop, inbox: Path) -> None:
    config_set(shop.root, "stream.idle_seconds", "0.3")
    add(inbox / "events.jsonl", 1)
    shop.until(lambda: numbers(shop) == Counter([1]))
    add(inbox / "events.jsonl", 2)
    shop.until(lambda: numbers(shop) == Counter([1, 2]))


def test_a_partial_line_waits_for_its_end(shop: Shop, inbox: Path) -> None:
    log = inbox / "events.jsonl"
    whole = lines(2)
    with log.open("ab", buffering=0) as file:
        file.write(lines(1) + whole[:5])
        shop.settle()
        assert numbers(shop) == Counter([1])
        shop.kill()
        shop.start()
        shop.settle()
        file.write(whole[5:])
        shop.settle()
    assert numbers(shop) == Counter([1, 2])


def test_lines_that_are_no_rows_are_counted(shop: Shop, inbox: Path) -> None:
    log = inbox / "events.jsonl"
    add(log, 1)
    shop.settle()
    log.open("ab").write(b'not json\n[1]\n{"n":"x"}\n')
    add(log, 2)
    shop.settle()
    assert numbers(shop) == Counter([1, 2])
    [followed] = stream(shop).followed
    assert (followed.rows, followed.rejected) == (2, 3)
    assert "not a valid integer" in followed.detail


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", ["events-old.jsonl", "rotated.jsonl", "events.jsonl.1", ".events.jsonl"])
def test_rotation_by_rename(shop: Shop, inbox: Path, name: str, restart: bool) -> None:
    log = inbox / "events.jsonl"
    add(log, *range(100))
    shop.settle()
    with log.open("ab", buffering=0) as writer:
        log.rename(inbox / name)
        add(log, 1000)
        writer.write(lines(100))  # the writer has not noticed yet
        if restart:
            shop.kill()
            shop.start()
        shop.settle()
        writer.write(lines(101))
        shop.settle()
    assert numbers(shop) == Counter([*range(102), 1000])
    let_pass(1.5, "a scan or more: nobody takes the old file in as a whole")
    shop.settle()
    assert numbers(shop) == Counter([*range(102), 1000])
    account(shop)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", ["events-1.jsonl", "../kept.jsonl"])
@pytest.mark.parametrize("rows", [3, 400])
def test_rotation_by_copy_and_truncate(shop: Shop, inbox: Path, name: str, restart: bool, rows: int) -> None:
    log = inbox / "events.jsonl"
    add(log, *range(rows))
    shop.settle()
    if restart:
        shop.kill()
    shutil.copyfile(log, inbox / name)
    os.truncate(log, 0)
    add(log, 5000)
    if restart:
        shop.start()
    shop.settle()
    add(log, 5001)
    shop.settle()
    assert numbers(shop) == Counter([*range(rows), 5000, 5001])
    shop.kill()
    shop.start()
    shop.settle()
    assert numbers(shop) == Counter([*range(rows), 5000, 5001])


def test_a_copy_that_is_made_slowly_is_no_new_file(shop: Shop, inbox: Path) -> None:
    config_set(shop.root, "intake.settle_seconds", "1.0")
    log = inbox / "events.jsonl"
    add(log, *range(3000))
    shop.settle()
    data = log.read_bytes()
    with (inbox / "events-1.jsonl").open("wb", buffering=0) as copy:
        for start in range(0, len(data), 1 + len(data) // 8):
            let_pass(0.2, "slower than a scan")
            copy.write(data[start : start + 1 + len(data) // 8])
    let_pass(0.3, "less than the quiet time")
    os.truncate(log, 0)
    add(log, 5000)
    shop.settle()
    assert numbers(shop) == Counter([*range(3000), 5000])


def test_two_files_that_begin_alike_are_two(shop: Shop, inbox: Path) -> None:
    add(inbox / "events-a.jsonl", 1, 2)
    shop.settle()
    add(inbox / "events-b.jsonl", 1, 2, 3)
    shop.settle()
    assert numbers(shop) == Counter([1, 1, 2, 2, 3])


def test_a_file_that_is_not_followed_any_more_is_not_taken_in_again(shop: Shop, inbox: Path) -> None:
    add(inbox / "events.jsonl", 1, 2)
    shop.settle()
    path = Layout(shop.root).contract("d")
    path.write_text(path.read_text().replace("events*", "other*"))
    shop.kill()
    shop.start()
    add(inbox / "events.jsonl", 3)
    shop.settle()
    let_pass(1.5, "a scan or more: nobody takes it in as a whole")
    shop.settle()
    assert sum(numbers(shop).values()) == len(numbers(shop)), "no row twice"


def test_another_file_that_gets_the_inode_is_an_ordinary_file(shop: Shop, inbox: Path) -> None:
    log = inbox / "events.jsonl"
    add(log, 1, 2)
    shop.settle()
    os.truncate(log, 0)
    log.write_bytes(b"n,t\n7,seven\n")  # the same inode with other content and another name
    log.rename(inbox / "other.csv")
    shop.settle()
    let_pass(1.5, "a scan or more: nobody takes it in as a whole")
    shop.settle()
    assert numbers(shop)[7] == 1


def test_a_post_and_a_followed_file_share_a_dataset(shop: Shop, inbox: Path) -> None:
    from tests.streaming.posting import send

    add(inbox / "events.jsonl", 1)
    shop.settle()
    send(shop, 2)
    add(inbox / "events.jsonl", 3)
    shop.settle()
    assert numbers(shop) == Counter([1, 2, 3])
    assert stream(shop).position == 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(times(2, 60)))
def test_appends_rotations_and_kills_at_random(shop: Shop, inbox: Path, seed: int) -> None:
    """Whatever happens to the file and the engine, each line is in once: where the pattern covers the
    names of rotated files, also of those that were made and rotated while no engine looked."""
    Layout(shop.root).contract("d").write_text('[arrival]\nfollow = ["events*"]\n')
    chance = random.Random(seed)
    log = inbox / "events.jsonl"
    written = rotated = 0

    def append() -> None:
        nonlocal written
        count = chance.randint(1, 40)
        data = lines(*range(written, written + count))
        written += count
        cut = chance.choice([len(data), chance.randrange(len(data))])
        with log.open("ab", buffering=0) as file:
            file.write(data[:cut])
            let_pass(chance.choice([0, 0.15]), "the follower may look between the halves of a line")
            file.write(data[cut:])

    def rename() -> None:
        nonlocal rotated
        rotated += 1
        if log.exists():
            log.rename(
                inbox / chance.choice([f"events.{rotated}.jsonl", f"events.jsonl.{rotated}", f"events-{rotated}.old"])
            )

    def truncate() -> None:
        shop.settle()  # what was not read before a truncation is nowhere any more
        if log.exists():
            os.truncate(log, 0)

    def kill() -> None:
        shop.kill()
        shop.start()

    for _ in range(25):
        chance.choices(
            [append, rename, truncate, kill, lambda: let_pass(0.15, "the follower may look")], [8, 2, 1, 2, 3]
        )[0]()
    shop.settle()
    assert numbers(shop) == Counter(range(written))
    held = account(shop)
    assert sum(held.values()) == held[FileState.COMMITTED]


def test_a_followed_file_that_is_stuck_says_why_also_to_the_doctor(shop: Shop, inbox: Path) -> None:
    config_set(shop.root, "stream.stuck_seconds", "0.2")
    add(inbox / "events.jsonl", 1)
    shop.settle()
    assert not stream(shop).followed[0].stuck
    assert _finding(shop).ok
    with (inbox / "events.jsonl").open("ab") as file:
        file.write(lines(2)[:-1])
    shop.until(lambda: stream(shop).followed[0].stuck)
    [followed] = stream(shop).followed
    assert "last line has been incomplete" in followed.detail
    assert followed.moved_at is not None
    finding = _finding(shop)
    assert not finding.ok
    assert "inbox/d/events.jsonl is followed but stuck" in finding.detail
    with (inbox / "events.jsonl").open("ab") as file:
        file.write(b"\n")
    shop.until(lambda: not stream(shop).followed[0].stuck)
    shop.until(lambda: _finding(shop).ok)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(shop: Shop, inbox: Path) -> None:
    add(inbox / "events.jsonl", 1)
    shop.settle()
    closed = inbox / "events2.jsonl"
    add(closed, 2)
    closed.chmod(0)
    shop.until(lambda: any("cannot be opened" in file.detail and file.stuck for file in stream(shop).followed))
    closed.chmod(0o600)
    shop.until(lambda: not any(file.stuck for file in stream(shop).followed))


def test_one_file_that_cannot_be_read_on_does_not_hold_up_another_dataset(shop: Shop, inbox: Path) -> None:
    other = shop.root / "inbox" / "e"
    other.mkdir()
    Layout(shop.root).contract("e").write_text('[arrival]\nfollow = ["log.jsonl"]\n')
    add(inbox / "events.jsonl", 1)
    add(other / "log.jsonl", 1)
    shop.settle()
    Layout(shop.root).contract("d").write_text("this is no contract")
    add(inbox / "events.jsonl", 2)
    shop.until(lambda: stream(shop).followed[0].stuck)
    assert "not valid TOML" in stream(shop).followed[0].detail
    add(other / "log.jsonl", 2)
    shop.until(lambda: stream(shop, "e").followed[0].rows == 2)


def _finding(shop: Shop) -> DoctorFinding:
    [found] = [one for one in shop.client.ask(Doctor()).findings if one.check == "streams"]
    return found
