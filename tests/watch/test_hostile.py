"""Whatever lies in a drop folder: nothing blocks, nothing is followed, everything is accounted for."""

from __future__ import annotations

import os
import socket

from tests.watch.yard import Yard

from shopfloor.domain.file import FileState


def test_entries_that_are_no_files_are_refused_and_never_opened(yard: Yard) -> None:
    folder = yard.drop("d/good.csv", "id\n1\n").parent
    os.mkfifo(folder / "pipe.csv")
    (folder / "link.csv").symlink_to("/etc/passwd")
    (folder / "dangling.csv").symlink_to("/nowhere")
    (folder / "linked").symlink_to("/etc")
    (folder / "a.csv").mkdir()
    (folder / "a.csv" / "inner.csv").write_text("id\n2\n")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "s.csv"))
    yard.settle()
    listener.close()
    yard.work()
    states = yard.states()
    assert states == {
        "d/good.csv": FileState.COMMITTED,
        "d/a.csv/inner.csv": FileState.COMMITTED,
        **dict.fromkeys(["d/pipe.csv", "d/link.csv", "d/dangling.csv", "d/linked", "d/s.csv"], FileState.REFUSED),
    }
    assert yard.counts().refused == 5
    yard.restart()
    yard.settle()
    assert yard.counts().seen == 7  # seen again, they are the same


def test_names_that_would_write_to_a_terminal_are_told_safely(yard: Yard) -> None:
    names = [
        b"esc\x1b]0;x\x07.csv",
        b"new\nline.csv",
        b"[red]x[bold].csv",
        "\u202erev.csv".encode(),
        b"-rf.csv",
        b"sp ace.csv",
    ]
    for number, name in enumerate(names):
        path = os.fsencode(yard.inbox) + b"/d/"
        os.makedirs(path, exist_ok=True)
        with open(path + name, "wb") as file:
            file.write(b"id\n%d\n" % number)
    with open(os.fsencode(yard.inbox) + b"/d/\xff\xfe.csv", "wb") as file:
        file.write(b"id\n9\n")
    yard.settle()
    yard.work()
    found = yard.files()
    assert all(path.isprintable() for path in found)
    assert len(found) == len(names) + 1
    assert yard.counts().refused == 1
    assert yard.counts().committed == len(names)
    assert sum(yard.ids().values()) == len(names)
    left = [entry for entry in os.listdir(os.fsencode(yard.inbox) + b"/d") if not entry.startswith(b".")]
    assert left == [b"\xff\xfe.csv"]


def test_a_directory_that_is_swapped_for_a_link_leads_nowhere(yard: Yard, tmp_path: object) -> None:
    inner = yard.drop("d/sub/a.csv", "id\n1\n").parent
    yard.scan()
    outside = yard.inbox.parent / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("id\n666\n")
    inner.rename(yard.inbox.parent / "moved")
    inner.symlink_to(outside)
    yard.settle()
    yard.work()
    assert yard.states()["d/sub/a.csv"] is FileState.DISCARDED
    assert yard.states()["d/sub"] is FileState.REFUSED
    yard.counts()
