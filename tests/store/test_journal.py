"""The journal: what was appended comes back; damage costs the lines that it touches and invents none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.store import journal as module
from shopfloor.store.journal import Journal, JournalEntry

_values = st.one_of(st.integers(-9, 9), st.text(max_size=30), st.none(), st.booleans())
_rows = st.lists(st.tuples(st.sampled_from(["runs", "files"]), st.dictionaries(st.text(max_size=5), _values)))
_many = st.lists(st.builds(JournalEntry, st.integers(1, 10**12), _rows), min_size=1, max_size=12)


def _written(folder: Path, entries: list[JournalEntry]) -> list[Path]:
    journal = Journal(folder)
    for entry in entries:
        journal.intend(entry)
    journal.close()
    return sorted(folder.iterdir())


@settings(max_examples=40, deadline=None)
@given(entries=_many, most=st.integers(1, 400), closing=st.sets(st.integers(0, 11)))
def test_entries_come_back_in_order_over_files_and_openings(
    tmp_path_factory: pytest.TempPathFactory, entries: list[JournalEntry], most: int, closing: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROTATE_BYTES", most)
        journal = Journal(folder)
        for number, entry in enumerate(entries):
            journal.intend(entry)
            if number in closing:
                journal.close()
                journal = Journal(folder)
        journal.close()
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == [f"{number:04d}.jsonl" for number in range(1, len(files) + 1)]
    assert list(Journal(folder).entries()) == entries


def test_a_full_file_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROTATE_BYTES", 300)
    files = _written(tmp_path, [JournalEntry(number, [("runs", {"a": "b" * 20})]) for number in range(1, 21)])
    assert len(files) > 3
    assert all(path.stat().st_size <= 300 for path in files)


@settings(max_examples=60, deadline=None)
@given(entries=_many, place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_costs_no_other_line(
    tmp_path_factory: pytest.TempPathFactory, entries: list[JournalEntry], place: int, byte: int
) -> None:
    (path,) = _written(tmp_path_factory.mktemp("journal"), entries)
    whole = path.read_bytes()
    at = place % len(whole)
    path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    found = list(Journal(path.parent).entries())
    touched = whole[:at].count(b"\n")
    # A line end that is gone joins its line with the next one.
    joined = whole[at : at + 1] == b"\n" and byte != 0x0A
    intact = whole[at] == byte
    expected = entries if intact else entries[:touched] + entries[touched + 1 + joined :]
    assert found == expected


def test_a_torn_line_is_passed_over_wherever_it_was_cut(tmp_path: Path) -> None:
    (path,) = _written(tmp_path, [JournalEntry(1, []), JournalEntry(2, [("runs", {"id": "ä"})])])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) - 1):
        path.write_bytes(whole[:cut])
        _written(tmp_path, [JournalEntry(3, [])])
        assert [entry.seq for entry in Journal(tmp_path).entries()] == [1, 3], cut
