"""How files arrive: companions, corrections, partitions, queues; and why a file was not taken in."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.soak import times
from tests.waiting import let_pass, until

from shopfloor.client.setup import config_set
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.explanation import Explanation
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.requests.datasets import (
    DatasetList,
    DatasetPreviewShow,
    DatasetShow,
    DatasetVersions,
)
from shopfloor.domain.requests.files import FileList, FileShow, FileSupersede, FileWithdraw
from shopfloor.domain.requests.workspace import Why


def contract(shop: Shop, text: str, dataset: str = "d") -> None:
    (shop.root / "datasets" / f"{dataset}.toml").write_text(text)


def table(first: int, count: int = 3) -> str:
    return "id,x\n" + "".join(f"k{n},{n / 2}\n" for n in range(first, first + count))


def all_files(shop: Shop) -> list[FileRecord]:
    return sorted(shop.client.ask(FileList()).rows, key=lambda file: int(file.id[1:]))


def why(shop: Shop, path: str) -> Explanation:
    return shop.client.ask(Why(ref=path))


def versions(shop: Shop) -> list[DatasetVersion]:
    return sorted(shop.client.ask(DatasetVersions(name="d")).rows, key=lambda one: one.version)


def values(shop: Shop, column: str = "id", ref: str = "d") -> list[str]:
    found = shop.client.ask(DatasetPreviewShow(ref=ref, limit=100_000))
    return [row[found.columns.index(column)] for row in found.rows]


def accounted(shop: Shop) -> None:
    count = shop.status().files
    assert count.seen == count.committed + count.duplicate + count.quarantined + count.refused + count.waiting


def test_a_marker_completes_what_lies_beside_it(shop: Shop) -> None:
    contract(shop, '[arrival]\ncomplete = "marker"\n')
    for number in range(3):
        shop.write("inbox/d/batch", f"{number}.csv", table(3 * number))
    shop.look()
    let_pass(0.8, "four quiet times: it is still not complete")
    shop.look()
    assert {file.state for file in all_files(shop)} == {FileState.SETTLING}
    assert "_SUCCESS" in why(shop, "inbox/d/batch/0.csv").message
    shop.write("inbox/d/batch", "_SUCCESS", "")
    shop.settle()
    assert len(versions(shop)) == 1
    assert len(values(shop)) == 9
    accounted(shop)


def test_a_digest_vouches_for_its_file(shop: Shop) -> None:
    config_set(shop.root, "intake.digest_minutes", "0.01")
    contract(shop, '[arrival]\ncomplete = "manifest"\n')
    good, bad = table(0), table(5)
    shop.write("inbox/d", "good.csv.sha256", f"{hashlib.sha256(good.encode()).hexdigest()}  good.csv\n")
    shop.write("inbox/d", "bad.csv.sha256", f"{'0' * 64}  bad.csv\n")
    shop.write("inbox/d", "good.csv", good)
    shop.write("inbox/d", "bad.csv", bad)
    shop.settle()
    found = {Path(file.path).name: file for file in all_files(shop)}
    assert found["good.csv"].state is FileState.COMMITTED
    held = found["bad.csv"]
    assert held.state is FileState.QUARANTINED
    assert held.reason is not None
    assert held.reason.code == "digest_mismatch"
    assert set(found) == {"good.csv", "bad.csv"}
    accounted(shop)


def test_a_corrected_file_is_told_and_its_first_rows_can_be_withdrawn(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", table(0, 4))
    shop.settle()
    shop.write("inbox/d", "a.csv", table(2, 4))
    shop.settle()
    first, second = all_files(shop)
    assert second.corrects == first.id
    notice = next(notice for notice in versions(shop)[-1].notices if "delivered before" in notice)
    assert "2 of its 4 rows" in notice
    assert len(values(shop)) == 8
    shop.client.ask(FileWithdraw(id=first.id, reason="corrected"))
    shop.settle()
    assert sorted(values(shop)) == ["k2", "k3", "k4", "k5"]
    assert all_files(shop)[0].state is FileState.WITHDRAWN
    assert shop.client.ask(FileWithdraw(id=first.id)).id == first.id  # asked again, nothing happens
    shop.settle()
    assert len(versions(shop)) == 3
    shop.write("inbox/d", "b.csv", table(0, 4))  # its content is not in any more, so it may come again
    shop.settle()
    assert len(values(shop)) == 8
    with pytest.raises(RefusedError, match="only rows that are in a dataset"):
        shop.client.ask(FileWithdraw(id=_duplicate(shop).id))


def _duplicate(shop: Shop) -> FileRecord:
    shop.write("inbox/d", "c.csv", table(0, 4))
    shop.settle()
    return all_files(shop)[-1]


def test_a_corrected_file_replaces_the_first_where_the_contract_says_so(shop: Shop) -> None:
    contract(shop, '[arrival]\ncorrected = "supersede"\n')
    for first in (0, 10, 20):
        shop.write("inbox/d", "a.csv", table(first))
        shop.settle()
    assert sorted(values(shop)) == ["k20", "k21", "k22"]
    assert any("replaces the rows of f2" in notice for notice in versions(shop)[-1].notices)
    gone = shop.client.ask(FileShow(id="f1"))
    assert gone.reason is not None
    assert "f2 replaced its rows, in d@2" in gone.reason.message


def test_repeated_content_comes_in_again_where_the_contract_says_so(shop: Shop) -> None:
    contract(shop, "[arrival]\nrepeated = true\n")
    for name in ("a.csv", "b.csv"):
        shop.write("inbox/d", name, table(0))
        shop.settle()
    assert len(values(shop)) == 6


def test_directories_give_values_and_dates_give_the_order(shop: Shop) -> None:
    shop.close()  # so that the next engine finds them together, however slow the machine
    for day in ("2026-01-03", "2026-01-01", "2026-01-02"):
        for region in ("eu", "us"):
            shop.write(f"inbox/d/day={day}/region={region}", "part.csv", f"id,x\n{day}-{region},1\n")
    shop.start()
    shop.settle()
    (version,) = versions(shop)
    assert {column.name: column.type.value for column in version.columns} == {
        "id": "text", "x": "integer", "day": "date", "region": "text",
    }  # fmt: skip
    assert values(shop, "day") == sorted(values(shop, "day"))
    assert [
        f"{day}-{region}" for day, region in zip(values(shop, "day"), values(shop, "region"), strict=True)
    ] == values(shop)
    shop.write("inbox/d/day=2026-02-01/region=1", "part.jsonl", '{"id": "later", "x": 7}\n')
    shop.settle()
    assert values(shop, "region")[-1] == "1"  # text stays text


def test_any_path_can_be_asked_why(shop: Shop, tmp_path: Path) -> None:
    shop.write("inbox/d", "a.csv", table(0))
    shop.write("inbox/d", "same.csv", table(0))
    shop.write("inbox/d", "bad.csv", "id,x\n1,2,3\n")
    shop.write("inbox/d", ".hidden.csv", table(0))
    shop.write("inbox/d", "book.docx", "x")
    shop.write("inbox", "loose.csv", table(0))
    os.mkfifo(shop.root / "inbox/d/pipe.csv")
    (shop.root / "inbox/d/link.csv").symlink_to("/etc/passwd")
    shop.settle()
    for path, state, said in (
        ("inbox/d/a.csv", "committed", "d@1"),
        ("inbox/d/same.csv", "duplicate", "f"),
        ("inbox/d/bad.csv", "quarantined", "line"),
        ("inbox/d/.hidden.csv", "ignored", "hidden"),
        ("inbox/d/book.docx", "refused", ".docx"),
        ("inbox/loose.csv", "refused", "directly in"),
        ("inbox/d/pipe.csv", "refused", "pipe"),
        ("inbox/d/link.csv", "refused", "links"),
        ("inbox/d/never.csv", "unknown", "none has been seen"),
        ("inbox/d", "folder", "folder"),
        (str(tmp_path / "x.csv"), "elsewhere", "outside"),
    ):
        found = why(shop, path)
        assert found.state == state, path
        assert said.lower() in found.message.lower(), (path, found.message)
        assert found.watcher is not None
    with open(shop.root / "inbox/d/open.csv", "w") as still:
        still.write("id,x\n")
        still.flush()
        shop.look()
        let_pass(0.5, "two quiet times: it is still open")
        shop.look()
        found = why(shop, "inbox/d/open.csv")
        assert found.state == "settling"
        assert "open for writing" in found.message
        still.write("k9,1\n")
    shop.settle()
    assert why(shop, "inbox/d/open.csv").state == "committed"
    accounted(shop)


def test_a_file_that_is_written_for_ever_says_so(shop: Shop) -> None:
    config_set(shop.root, "intake.stalled_minutes", "0.02")
    (shop.root / "inbox/d").mkdir(parents=True)
    with open(shop.root / "inbox/d/a.csv", "w") as file:
        file.write(table(0))
        file.flush()
        shop.until(lambda: why(shop, "inbox/d/a.csv").state == "waiting")
        assert "open for writing" in why(shop, "inbox/d/a.csv").message
        assert shop.status().files.waiting == 1
    shop.settle()
    assert len(values(shop)) == 3


def test_with_the_watcher_off_everything_comes_in_and_it_says_so(shop: Shop) -> None:
    config_set(shop.root, "intake.watch", "false")
    shop.until(lambda: "switched off" in shop.status().engine.watcher.detail)
    assert not shop.status().engine.watcher.healthy
    shop.write("inbox/d", "a.csv", table(0))
    # Nobody asks for a scan: the interval alone must do.
    shop.until(lambda: bool(shop.client.ask(DatasetList()).rows))
    assert len(values(shop)) == 3


def test_a_queue_is_bounded_and_nothing_is_dropped(shop: Shop) -> None:
    config_set(shop.root, "intake.batch_files", "2")
    config_set(shop.root, "intake.queued_batches", "1")
    shop.look()
    for number in range(11):
        shop.write("inbox/d", f"{number}.csv", table(3 * number))
    shop.settle()
    assert len(values(shop)) == 33
    assert len(versions(shop)) >= 6
    accounted(shop)


# Each numbered step of the publication, in its order; of the store, commits from the first sight to the version.
_STEPS = [
    "intake.copied",
    "intake.claimed",
    "intake.part",
    "lake.synced",
    "lake.renamed",
    "intake.published",
    *(f"store.commit:{number}" for number in (3, 5, 7)),
    *(f"store.committed:{number}" for number in (2, 4, 6, 8)),
    "intake.committed",
    "intake.original",
    "intake.aside",
]


@pytest.mark.parametrize("step", _STEPS)
def test_a_kill_at_any_step_of_intake_converges(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
    shop = Shop(tmp_path / "shop")
    try:
        shop.write("inbox/d", "a.csv", table(0))
        shop.write("inbox/d", "bad.csv", "id,x\n1,2,3\n")
        until(lambda: not shop.alive(), said=lambda: "the step was never reached")
        monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
        shop.start()
        shop.settle()
        assert sorted(values(shop)) == ["k0", "k1", "k2"]
        assert shop.client.ask(DatasetShow(name="d")).version == 1
        assert sorted(file.state for file in all_files(shop)) == [FileState.COMMITTED, FileState.QUARANTINED]
        assert [path.name for path in (shop.root / "inbox/d").iterdir()] == []
        assert list((shop.root / ".shopfloor/staging").iterdir()) == []
        accounted(shop)
    finally:
        shop.close()


def test_nothing_is_left_to_do_means_that_originals_are_put_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", "intake.committed:sleep")
    shop = Shop(tmp_path / "shop")
    try:
        shop.write("inbox/d", "a.csv", table(0))
        shop.settle()
        assert shop.client.ask(DatasetShow(name="d")).version == 1
        assert list((shop.root / "inbox/d").iterdir()) == []
    finally:
        shop.close()


@pytest.mark.soak
def test_many_deliveries_and_kills(shop: Shop) -> None:
    """Each row exactly once, whenever the engine dies."""
    over = threading.Event()
    deliveries, deaths = times(40, 2000), times(6, 300)

    def deliver() -> None:
        for number in range(deliveries):
            shop.write("inbox/d", f"{number:04d}.csv", table(5 * number, 5))
            let_pass(0.05, "twenty files a second")
        over.set()

    sender = threading.Thread(target=deliver)
    sender.start()
    chance, kills = random.Random(3), 0
    while kills < deaths:
        let_pass(chance.uniform(0.02, 0.5), "it dies at any moment")
        if shop.alive():
            _kill(shop)
            kills += 1
        shop.start()
    sender.join()
    assert over.is_set()
    shop.settle()
    assert sorted(values(shop)) == sorted(f"k{n}" for n in range(5 * deliveries))
    count = shop.status().files
    assert (count.seen, count.committed) == (deliveries, deliveries)


def _kill(shop: Shop) -> None:
    """As `Shop.kill`, whatever the engine is about to do."""
    try:
        shop.kill()
    except Exception:  # noqa: BLE001 - it may be dying or starting: then that is the kill
        pass


def test_a_corrected_file_supersedes_by_one_key_afterwards(shop: Shop) -> None:
    for first in (0, 10, 20):
        shop.write("inbox/d", "a.csv", table(first))
        shop.settle()
    newest = all_files(shop)[-1]
    assert len(values(shop)) == 9
    for _ in range(2):  # asked again, nothing happens
        assert shop.client.ask(FileSupersede(id=newest.id)).id == newest.id
        shop.settle()
    assert sorted(values(shop)) == ["k20", "k21", "k22"]
    assert len(versions(shop)) == 4
    assert "f3 supersedes" in versions(shop)[-1].cause
    gone = shop.client.ask(FileShow(id="f1"))
    assert gone.reason is not None
    assert "f3 replaced its rows, in d@4" in gone.reason.message
    shop.write("inbox/d", "alone.csv", table(50))
    shop.settle()
    with pytest.raises(RefusedError, match="No earlier file"):
        shop.client.ask(FileSupersede(id=all_files(shop)[-1].id))


def test_upserted_corrections_are_told_too(shop: Shop) -> None:
    contract(shop, 'mode = "upsert"\nkey = ["id"]\n')
    for first in (0, 1):
        shop.write("inbox/d", "a.csv", table(first))
        shop.settle()
    assert sorted(values(shop)) == ["k0", "k1", "k2", "k3"]
    assert any("earlier rows missing from it are still in" in notice for notice in versions(shop)[-1].notices)
    shop.client.ask(FileSupersede(id=all_files(shop)[-1].id))
    shop.settle()
    assert sorted(values(shop)) == ["k1", "k2", "k3"]


def test_a_manifest_with_sizes_vouches_for_its_files(shop: Shop) -> None:
    contract(shop, '[arrival]\ncomplete = "manifest"\n')
    good = table(0)
    digest = hashlib.sha256(good.encode()).hexdigest()
    shop.write("inbox/d/batch", "good.csv", good)
    shop.look()
    let_pass(0.6, "three quiet times: it is still not complete")
    shop.look()
    assert all_files(shop)[0].state is FileState.SETTLING
    listed = json.dumps({"files": [{"name": "good.csv", "bytes": len(good), "sha256": digest}]})
    shop.write("inbox/d/batch", "manifest.json", listed)
    shop.settle()
    assert [file.state for file in all_files(shop)] == [FileState.COMMITTED]
    accounted(shop)


def test_a_name_that_is_no_text_can_be_asked_why(shop: Shop) -> None:
    (shop.root / "inbox/d").mkdir()
    raw = os.fsencode(shop.root / "inbox/d") + b"/\xff.csv"
    with open(raw, "wb") as file:
        file.write(b"id\n1\n")
    found = shop.client.ask(Why(ref="", raw=raw.hex()))
    assert found.state == "refused"
    assert "UTF-8" in found.message
