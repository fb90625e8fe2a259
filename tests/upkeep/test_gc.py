"""Only what nothing refers to goes, and nothing young."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.upkeep.works import Works, age

from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobKind, JobState
from shopfloor.store import jobs
from shopfloor.upkeep import gc
from shopfloor.upkeep.gc import collect_garbage


def tree(works: Works) -> set[Path]:
    return {path for path in works.layout.root.rglob("*") if path.is_file() and "metadata.duckdb" not in path.name}


def grow_old(works: Works, seconds: float = 7200) -> None:
    for folder in (works.layout.objects, works.layout.staging, works.layout.inference, works.layout.quarantine):
        age(folder, seconds)


def test_everything_that_is_referred_to_stays(works: Works) -> None:
    first, second = works.flights("Oslo"), works.flights("Rome")
    works.commit("flights", [first])
    works.commit("flights", [second])
    works.release("late")
    works.release("late", 2, champion=False)
    works.log("late", "predictions", pa.table({"association_id": ["x"]}))
    works.log("late", "actuals", pa.table({"association_id": ["x"]}))
    (works.layout.segments / "01.jsonl").write_text("line\n")
    claim = works.layout.staging / "01.claim"
    claim.write_bytes(b"x")
    works.deliver("flights", FileState.STAGED, staged=str(claim))
    grow_old(works)
    before = tree(works)
    report = collect_garbage(works.context, dry_run=False)
    assert (report.objects, report.paths) == (0, ())
    assert tree(works) == before


def test_statistics_stay_as_long_as_their_part(works: Works) -> None:
    """Merged ones go when nobody asked for an hour: those of the parts make them again."""
    part, merged = works.flights("Oslo"), "ab" * 32
    works.commit("flights", [part])
    for name in (part.sha256, merged):
        path = works.layout.statistics / name[:2] / f"{name}.statistics"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    assert collect_garbage(works.context, dry_run=False).objects == 0
    grow_old(works)
    report = collect_garbage(works.context, dry_run=False)
    assert report.paths == (f".shopfloor/objects/statistics/ab/{merged}.statistics",)


def test_what_nothing_refers_to_goes(works: Works) -> None:
    part = works.flights("Oslo")
    works.commit("flights", [part])
    orphan = works.part_file(works.flights("Nowhere"))
    artifact = Path(works.artifact("late").path)
    log = works.layout.inference / "late" / f"{'0' * 64}.parquet"
    log.parent.mkdir()
    log.write_bytes(b"x" * 10)
    staged = works.layout.staging / "train-j9-1-1"
    staged.mkdir()
    (staged / "model.joblib").write_bytes(b"x" * 100)
    quarantine = works.layout.quarantine / "flights"
    quarantine.mkdir()
    for name in ("kept.csv", "kept.csv.reason.json", "gone.csv.reason.json", ".half.csv.tmp"):
        (quarantine / name).write_bytes(b"x")
    half = works.layout.private / "metadata.duckdb.new-01"
    half.write_bytes(b"x")
    age(half, 7200)
    grow_old(works)
    before = tree(works)
    dry = collect_garbage(works.context, dry_run=True)
    assert tree(works) == before
    report = collect_garbage(works.context, dry_run=False)
    assert msgspec.structs.replace(dry, dry_run=False) == report
    assert report.objects == 7
    gone = before - tree(works)
    assert {path.name for path in gone} == {
        orphan.name, "model.joblib", "manifest.json", log.name, "gone.csv.reason.json", ".half.csv.tmp",
    }  # fmt: skip
    assert not half.exists()
    assert not artifact.exists()
    assert not staged.exists()
    assert works.part_file(part).exists()
    assert report.bytes > 110


def test_the_young_stay(works: Works) -> None:
    works.flights("Nowhere")
    grow_old(works, 3500)
    assert collect_garbage(works.context, dry_run=False).objects == 0
    works.clock.forward(seconds=200)
    assert collect_garbage(works.context, dry_run=False).objects == 1


def test_one_new_file_keeps_a_whole_folder(works: Works) -> None:
    folder = works.layout.staging / "import-01"
    folder.mkdir()
    grow_old(works)
    (folder / "new").write_bytes(b"x")
    assert collect_garbage(works.context, dry_run=False).objects == 0


def test_notebooks_have_a_day(works: Works) -> None:
    (works.layout.staging / "sdk-01").mkdir()
    grow_old(works)
    assert collect_garbage(works.context, dry_run=False).objects == 0
    works.clock.forward(hours=24)
    assert collect_garbage(works.context, dry_run=False).objects == 1


def test_what_is_younger_than_a_running_job_may_be_its_own(works: Works) -> None:
    job = works.store.write(lambda t: jobs.enqueue(t, JobKind.TRAIN, "late", payload={}, trigger=""))
    running = msgspec.structs.replace(job, state=JobState.RUNNING, started_at=works.clock.now())
    works.store.write(lambda t: jobs.put(t, running))
    works.flights("Nowhere")
    works.clock.forward(hours=5)
    assert collect_garbage(works.context, dry_run=False).objects == 0
    works.store.write(lambda t: jobs.put(t, msgspec.structs.replace(running, state=JobState.SUCCEEDED)))
    assert collect_garbage(works.context, dry_run=False).objects == 1


def test_what_a_queued_job_speaks_of_stays(works: Works) -> None:
    wanted = works.layout.staging / "01.claim"
    wanted.write_bytes(b"x")
    grow_old(works)
    works.store.write(
        lambda t: jobs.enqueue(t, JobKind.SCORE, "late", payload={"path": str(wanted)}, trigger="", unique_key=None)
    )
    assert collect_garbage(works.context, dry_run=False).objects == 0


def test_links_are_not_followed(works: Works, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").write_bytes(b"x")
    (works.layout.staging / "link").symlink_to(outside)
    (works.layout.objects / "parts").mkdir(exist_ok=True)
    (works.layout.objects / "parts" / "aa").symlink_to(outside)
    grow_old(works)
    age(outside, 7200)
    collect_garbage(works.context, dry_run=False)
    assert (outside / "precious").exists()
    assert not (works.layout.staging / "link").is_symlink()


def test_what_was_touched_since_it_was_listed_stays(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    path = works.part_file(works.flights("Nowhere"))
    grow_old(works)
    listed = gc.waste(works.context)
    path.touch()
    assert not gc.discard(works.layout, listed[0])
    assert path.exists()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), max_size=4))
def test_exactly_the_unreferenced_parts_go(tmp_path_factory: pytest.TempPathFactory, held: list[list[int]]) -> None:
    works = Works(tmp_path_factory.mktemp("works"))
    parts = [works.flights(f"city {number}") for number in range(6)]
    for version in held:
        works.commit("flights", [parts[number] for number in version])
    grow_old(works)
    collect_garbage(works.context, dry_run=False)
    wanted = {number for version in held for number in version}
    assert {number for number in range(6) if works.part_file(parts[number]).exists()} == wanted
    works.store.close()
