"""What lies in the drop folders (faults.md I14, I15, I16; drop-folder.md §2.1)."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from shopfloor.arrival import scan as module
from shopfloor.arrival.candidate import HARD_LINK, CandidateKind, classify
from shopfloor.arrival.scan import MAX_DEPTH, Observation, scan
from shopfloor.domain.dropped import ignored
from shopfloor.domain.file import FilePurpose
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.registry import named_format


def drop(root: Path, path: str, text: str = "a\n1\n") -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def seen(root: Path, purpose: FilePurpose = FilePurpose.DATA) -> dict[str, Observation]:
    return {found.safe_path: found for found in scan(root, purpose)}


HIDDEN = ".hidden.csv _SUCCESS _x.csv .a.csv.swp .shopfloor-canary .a.csv.Xy12Zz"
UNFINISHED = (
    "a.csv.part a.csv~ a.CSV.TMP a.filepart a.crdownload a.lock a.inprogress a.processing a.csv.Ab3dE9 x.partial x.temp"
)


@pytest.mark.parametrize("name", [*HIDDEN.split(), *UNFINISHED.split()])
def test_names_that_are_never_data(name: str) -> None:
    assert ignored(name)


@pytest.mark.parametrize(
    "name", ["a.csv", "A.CSV", "a.tsv.gz", "a.jsonl", "a.ndjson.gz", "-rf.csv", "a b.csv", "ü.csv"]
)
def test_candidates(name: str) -> None:
    assert classify(name, 0o100644) == (CandidateKind.CANDIDATE, None)


@pytest.mark.parametrize("name", ["a.xlsb", "a", "notes.md", "a.pkl", "a.parquet.gz", "a.csv.zip"])
def test_other_extensions_are_refused_with_advice(name: str) -> None:
    kind, reason = classify(name, 0o100644)
    assert kind is CandidateKind.REFUSED
    assert reason is not None
    assert reason.code == "extension"
    assert reason.hint


def test_files_are_found_below_their_dataset(tmp_path: Path) -> None:
    drop(tmp_path, "churn/a.csv")
    drop(tmp_path, "churn/2026/01/b.csv")
    drop(tmp_path, "churn/.hidden/c.csv")
    drop(tmp_path, "flights/d.parquet")
    found = seen(tmp_path)
    assert {path: o.name for path, o in found.items() if o.kind is CandidateKind.CANDIDATE} == {
        "churn/a.csv": "churn",
        "churn/2026/01/b.csv": "churn",
        "flights/d.parquet": "flights",
    }
    assert found["churn/.hidden"].kind is CandidateKind.IGNORED


def test_file_outside_a_dataset_folder(tmp_path: Path) -> None:
    drop(tmp_path, "Sales 2026.csv")
    (found,) = scan(tmp_path)
    assert found.kind is CandidateKind.REFUSED
    assert found.reason is not None
    assert found.reason.code == "no_folder"
    assert "inbox/sales-2026/" in found.reason.hint
    (found,) = scan(tmp_path, FilePurpose.SCORE)
    assert found.reason is not None
    assert "model" in found.reason.message
    assert "score/sales-2026/" in found.reason.hint


def test_unusable_dataset_name(tmp_path: Path) -> None:
    drop(tmp_path, "My Data!/deep/a.csv")
    drop(tmp_path, "My Data!/notes.tmp")
    found = seen(tmp_path)
    reason = found["My Data!/deep/a.csv"].reason
    assert reason is not None
    assert reason.code == "bad_name"
    assert "inbox/my-data/" in reason.hint
    assert found["My Data!/notes.tmp"].kind is CandidateKind.IGNORED


def test_special_entries_are_refused_without_opening_them(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "link.csv").symlink_to("/etc/passwd")
    (folder / "dangling.csv").symlink_to("nowhere")
    (folder / "dirlink").symlink_to("/etc")
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock.csv"))
    (folder / "dir.csv").mkdir()
    drop(tmp_path, "d/dir.csv/inside.csv")
    found = seen(tmp_path)
    codes = {path: o.reason.code if o.reason else o.kind.value for path, o in found.items()}
    assert codes == {
        "d/link.csv": "symlink",
        "d/dangling.csv": "symlink",
        "d/dirlink": "folder",
        "d/pipe.csv": "not_a_file",
        "d/sock.csv": "not_a_file",
        "d/dir.csv/inside.csv": "candidate",
    }


def test_hard_link_is_a_candidate_with_a_warning(tmp_path: Path) -> None:
    first = drop(tmp_path, "d/a.csv")
    os.link(first, tmp_path / "d/b.csv")
    assert [found.notices for found in scan(tmp_path)] == [(HARD_LINK,)] * 2


HOSTILE = ["a\nb.csv", "a\x1b]0;x\x07.csv", "[/x].csv", "a\u202ecsv.exe.csv", "-rf.csv", "…" * 80]


@pytest.mark.parametrize("name", [*HOSTILE, "a b.csv", "😀.csv", "..csv"])
def test_hostile_names_are_printable(tmp_path: Path, name: str) -> None:
    name = name if name.endswith(".csv") else name + ".csv"
    drop(tmp_path, f"d/{name}")
    (found,) = scan(tmp_path)
    assert found.path == f"d/{name}"
    assert found.safe_path.isprintable()
    assert found.kind is (CandidateKind.IGNORED if name.startswith(".") else CandidateKind.CANDIDATE)


def test_name_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with open(os.fsencode(tmp_path) + b"/d/caf\xe9.csv", "wb") as file:
        file.write(b"a\n1\n")
    (found,) = scan(tmp_path)
    assert found.reason is not None
    assert found.reason.code == "name_not_utf8"
    assert found.safe_path == "d/caf\\xe9.csv"


def test_depth_is_bounded(tmp_path: Path) -> None:
    drop(tmp_path, "d/" + "x/" * 20 + "a.csv")
    (found,) = scan(tmp_path)
    assert found.reason is not None
    assert found.reason.code == "too_deep"
    assert found.path.count("/") == MAX_DEPTH


def test_missing_root_is_empty(tmp_path: Path) -> None:
    assert scan(tmp_path / "nothing") == []


def test_what_did_not_change_comes_back_as_the_same_object(tmp_path: Path) -> None:
    drop(tmp_path, "d/a.csv")
    changed = drop(tmp_path, "d/b.csv")
    first = {found.path: found for found in scan(tmp_path)}
    changed.write_text("a\n1\n2\n")
    second = {found.path: found for found in scan(tmp_path, known=first)}
    assert second["d/a.csv"] is first["d/a.csv"]
    assert second["d/b.csv"].size == 6


def test_directory_swapped_between_looking_and_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = tmp_path / "inbox", tmp_path / "outside"
    drop(root, "d/mine.csv")
    drop(outside, "secret.csv")

    class Swapping:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def open(self, path: Any, flags: int, **more: Any) -> int:
            if path == "d":
                os.rename(root / "d", root / "e")
                os.symlink(outside, root / "d")
            return os.open(path, flags, **more)

    monkeypatch.setattr(module, "os", Swapping())
    assert scan(root) == []


def test_directory_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    """I16: the folder alternates between itself and a link to a directory with a secret."""
    root, outside = tmp_path / "inbox", tmp_path / "outside"
    drop(root, "d/sub/mine.csv")
    drop(outside, "secret.csv")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(root / "d/sub", root / "d/.aside")
            os.symlink(outside, root / "d/sub")
            os.unlink(root / "d/sub")
            os.rename(root / "d/.aside", root / "d/sub")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        paths = {found.path for _ in range(200) for found in scan(root)}
    finally:
        stop.set()
        swapper.join()
    assert paths <= {"d/sub", "d/.aside", "d/sub/mine.csv"}


@pytest.mark.parametrize("name", ["notes.md", "a.TXT", "model.pkl", "README", "a.parquet.gz"])
def test_a_name_that_no_format_has_is_refused_in_the_same_words_wherever_it_is_read(name: str) -> None:
    """Also where it is not delivered but named, as in `predict`."""
    with pytest.raises(BadFile) as caught:
        named_format(name)
    assert (CandidateKind.REFUSED, caught.value.reason) == classify(name, stat.S_IFREG)
