"""Contracts over a running engine: edited live, versioned, waited for, accepted, and never in the way of a model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.engine.harness import Shop
from tests.waiting import until

from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.errors import NotFoundError, RefusedError, UsageError
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.requests.alerts import AlertList
from shopfloor.domain.requests.datasets import (
    DatasetContract,
    DatasetDefine,
    DatasetRevisions,
    DatasetShow,
    DatasetVersionShow,
)
from shopfloor.domain.requests.files import (
    FileAccept,
    FileDiscard,
    FileInspect,
    FileList,
    FileRejects,
    FileRejectsExport,
    FileRetry,
    FileShow,
)
from shopfloor.domain.revision import ContractCause
from shopfloor.workspace.accounts import own_name


def _files(shop: Shop, dataset: str = "d") -> list[FileRecord]:
    return sorted(shop.client.ask(FileList(dataset=dataset)).rows, key=lambda file: int(file.id[1:]))


def _version(shop: Shop, dataset: str = "d") -> DatasetVersion:
    return shop.client.ask(DatasetVersionShow(ref=dataset))


def _edit(shop: Shop, change: Callable[[str], str], dataset: str = "d") -> None:
    path = shop.root / "datasets" / f"{dataset}.toml"
    path.write_text(change(path.read_text()))


def test_known_content_may_be_asked_for_again(shop: Shop) -> None:
    assert shop.client.ask(DatasetDefine(name="d", repeated=True)).arrival.repeated
    assert shop.client.ask(DatasetDefine(name="d", mode=Mode.APPEND)).arrival.repeated
    assert not shop.client.ask(DatasetDefine(name="d", repeated=False)).arrival.repeated


def test_every_change_of_a_contract_is_a_revision(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n2,y\n")
    shop.settle()
    assert _version(shop).contract_revision == 1
    _edit(shop, lambda text: text.replace('a = "integer"', 'a = { type = "integer", min = 0 } # counted'))
    shop.write("inbox/d", "b.csv", "a,b,c\n3,z,1.5\n")
    shop.settle()
    version = _version(shop)
    assert version.contract_revision == 3
    assert "Column 'c' (number) joined the contract with 'b.csv'." in version.notices
    shop.client.ask(DatasetDefine(name="d", reject_budget=0.5, actor="somebody else"))
    found = shop.client.ask(DatasetRevisions(name="d")).rows
    assert [(one.revision, one.cause) for one in found] == [
        (4, ContractCause.DEFINED),
        (3, ContractCause.EVOLVED),
        (2, ContractCause.EDITED),
        (1, ContractCause.INFERRED),
    ]
    assert found[0].actor == own_name()
    assert found[0].changes == ("reject_budget: 0.0 -> 0.5",)
    assert found[1].changes == ("column c joined (number)",)
    assert found[2].changes == ("rule of a joined",)
    assert "# counted" in found[0].text
    assert "# counted" in (shop.root / "datasets/d.toml").read_text()
    earlier = shop.client.ask(DatasetContract(name="d", revision=2))
    assert (earlier.revision, len(earlier.columns), earlier.rules[0].min) == (2, 2, 0)
    assert shop.client.ask(DatasetContract(name="d")).revision == 4
    with pytest.raises(NotFoundError, match="no revision 9"):
        shop.client.ask(DatasetContract(name="d", revision=9))


def test_files_wait_for_a_broken_contract_and_go_on_by_themselves(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n")
    shop.settle()
    good = (shop.root / "datasets/d.toml").read_text()
    _edit(shop, lambda text: text + '\n[[conditions]]\nsql = "a > (SELECT 1)"\n')
    shop.write("inbox/d", "b.csv", "a,b\n2,y\n")
    until(lambda: _files(shop)[-1].state is FileState.WAITING)
    waiting = _files(shop)[-1]
    assert waiting.reason is not None
    assert waiting.reason.code == "contract"
    assert "datasets/d.toml: key 'conditions[1].sql" in waiting.reason.message
    assert "subquery" in shop.client.ask(DatasetShow(name="d")).problem
    assert (shop.root / "inbox/d/b.csv").exists()
    _edit(shop, lambda text: good + "[columns]\n")
    until(lambda: "TOML" in (_files(shop)[-1].reason.message if _files(shop)[-1].reason else ""))
    _edit(shop, lambda text: good)
    shop.settle()
    assert _files(shop)[-1].state is FileState.COMMITTED
    assert shop.client.ask(DatasetShow(name="d")).problem == ""
    assert [event.kind for event in shop.events("contract.invalid")] == ["contract.invalid"] * 2


def test_a_condition_that_fails_on_a_value_holds_the_claimed_file_over_a_restart(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n")
    shop.settle()
    good = (shop.root / "datasets/d.toml").read_text()
    _edit(shop, lambda text: text + '\n[[conditions]]\nsql = "b::INTEGER > 1"\n')
    shop.write("inbox/d", "b.csv", "a,b\n2,y\n")
    until(lambda: _files(shop)[-1].state is FileState.WAITING)
    assert "cannot be checked" in (_files(shop)[-1].reason.message if _files(shop)[-1].reason else "")
    shop.kill()
    shop.start()
    until(lambda: _files(shop)[-1].state is FileState.WAITING)
    _edit(shop, lambda text: good)
    shop.settle()
    assert [file.state for file in _files(shop)] == [FileState.COMMITTED] * 2
    assert _version(shop).rows == 2


def test_rejects_are_kept_shown_and_exported(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="d", reject_budget=0.5))
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n2,y\n")
    shop.settle()
    shop.write("inbox/d", "b.csv", "a,b\n3,x\noops,y\n4,z\n")
    shop.settle()
    file = _files(shop)[-1]
    assert (file.state, file.rows, file.rejected_rows) == (FileState.COMMITTED, 2, 1)
    reject = shop.client.ask(FileRejects(id=file.id)).rows[0]
    assert (reject.line, reject.column, reject.value, reject.record) == (3, "a", "oops", "oops,y")
    for name in ("out.csv", "out.parquet"):
        target = shop.root / name
        told = shop.client.ask(FileRejectsExport(id=file.id, path=str(target)))
        assert (told.rows, told.total) == (1, 1)
        assert target.exists()
    assert (shop.root / "out.csv").read_text().splitlines()[1].startswith("3,2,a,oops,bad_value,")
    with pytest.raises(RefusedError, match="already exists"):
        shop.client.ask(FileRejectsExport(id=file.id, path=str(shop.root / "out.csv")))
    with pytest.raises(RefusedError, match="no rejected rows"):
        shop.client.ask(FileRejectsExport(id=_files(shop)[0].id, path=str(shop.root / "none.csv")))


def test_the_work_list_accept_discard_and_no_loop(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n")
    shop.settle()
    _edit(shop, lambda text: text.replace('a = "integer"', 'a = { type = "integer", max = 9 }'))
    shop.write("inbox/d", "b.csv", "a\n11\n")
    shop.settle()
    shop.write("inbox/d", "again.csv", "a\n11\n")
    shop.settle()
    first, again = _files(shop)[1:]
    assert (first.state, again.state) == (FileState.QUARANTINED, FileState.QUARANTINED)
    assert (again.seen_count, again.duplicate_of) == (2, first.id)
    shop.client.ask(FileRetry(id=first.id))
    shop.settle()
    assert shop.client.ask(FileShow(id=first.id)).state is FileState.QUARANTINED
    shop.client.ask(FileAccept(id=first.id))
    shop.settle()
    first, again = _files(shop)[1:]
    assert (first.state, again.state) == (FileState.COMMITTED, FileState.DUPLICATE)
    newest = shop.client.ask(DatasetRevisions(name="d")).rows[0]
    assert (newest.cause, newest.actor, newest.changes) == (
        ContractCause.ACCEPTED,
        own_name(),
        ("b.optional: false -> true",),
    )
    contract = shop.client.ask(DatasetContract(name="d"))
    assert contract.rules[0].max == 9
    assert not contract.columns[0].optional
    shop.write("inbox/d", "c.csv", "a,b\n12,x\n")
    shop.write("inbox/d", "c2.csv", "a,b\n12,x\n")
    shop.settle()
    shop.client.ask(FileDiscard(id=_files(shop)[3].id, reason="wrong"))
    assert {file.state for file in _files(shop)[3:]} <= {FileState.DISCARDED, FileState.DUPLICATE}
    assert shop.status().files.quarantined == 0


def test_bytes_around_a_failure_are_shown_for_every_kind_of_file(shop: Shop) -> None:
    import gzip

    shop.write("inbox/d", "a.csv", "a,b\n1,x\n")
    shop.settle()
    shop.write("inbox/d", "b.csv.gz", gzip.compress(b"a,b\n1,x\nbad,y\n"))
    shop.write("inbox/d", "c.parquet", b"PAR1" + bytes(range(256)))
    shop.settle()
    packed = next(file for file in _files(shop) if file.path.endswith(".gz"))
    binary = next(file for file in _files(shop) if file.path.endswith(".parquet"))
    assert "bad,y" in shop.client.ask(FileInspect(id=packed.id)).lines
    assert shop.client.ask(FileInspect(id=binary.id)).lines[0].startswith("00000000  50 41 52 31")
    with pytest.raises(RefusedError, match="f1 is committed, not in quarantine"):
        shop.client.ask(FileInspect(id="f1"))


def test_defined_again_alike_nothing_changes(shop: Shop) -> None:
    order = DatasetDefine(name="d", mode="upsert", key=("a",), fresh_hours=3.0)
    first = shop.client.ask(order)
    path = shop.root / "datasets" / "d.toml"
    before, told = path.read_bytes(), len(shop.events())
    assert shop.client.ask(order) == first
    assert shop.client.ask(DatasetContract(name="d")).revision == first.revision == 1
    assert (path.read_bytes(), len(shop.events())) == (before, told)


def test_define_says_what_cannot_work(shop: Shop) -> None:
    with pytest.raises(UsageError, match="max_rows"):
        shop.client.ask(DatasetDefine(name="d", min_rows=9, max_rows=3))
    with pytest.raises(UsageError, match="reject_budget"):
        shop.client.ask(DatasetDefine(name="d", reject_budget=3.0))
    with pytest.raises(UsageError, match="upsert"):
        shop.client.ask(DatasetDefine(name="d", mode="upsert"))


def test_volume_is_asked_of_the_history_and_rejects_count(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="d", band=0.5))
    for number in range(6):
        shop.write("inbox/d", f"{number}.csv", "a\n" + "".join(f"{number}{row:02}\n" for row in range(20)))
        shop.settle()
    shop.write("inbox/d", "short.csv", "a\n1\n")
    shop.settle()
    short = _files(shop)[-1]
    assert short.reason is not None
    assert "has 1 row; the median of the last 6 files is 20" in short.reason.message


def test_a_late_dataset_alerts_and_recovers_with_the_next_version(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a\n1\n")
    shop.settle()
    shop.client.ask(DatasetDefine(name="d", fresh_hours=0.0001))
    until(lambda: bool(shop.client.ask(AlertList(subject="d", state="open")).rows), 90)
    alert = shop.client.ask(AlertList(subject="d", state="open")).rows[0]
    assert alert.check == "freshness"
    shop.write("inbox/d", "b.csv", "a\n2\n")
    shop.settle()
    assert shop.client.ask(AlertList(subject="d")).rows[0].state == "resolved"


def test_a_file_that_waits_for_a_value_goes_on_though_the_contract_was_mended_meanwhile(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "a,b\n1,x\n")
    shop.settle()
    good = (shop.root / "datasets/d.toml").read_text()
    _edit(shop, lambda text: text + '\n[[conditions]]\nsql = "b::INTEGER > 1"\n')
    shop.write("inbox/d", "b.csv", "a,b\n" + "".join(f"{n},y\n" for n in range(200_000)))
    until(lambda: _files(shop)[-1].state in {FileState.STAGED, FileState.WAITING})
    _edit(shop, lambda text: good)
    shop.settle()
    assert _files(shop)[-1].state is FileState.COMMITTED


def test_a_contract_that_is_taken_away_holds_nobody(shop: Shop) -> None:
    shop.write("datasets", "d.toml", "mode = 'x'\n")
    shop.write("inbox/d", "a.csv", "a\n1\n")
    until(lambda: bool(_files(shop)) and _files(shop)[-1].state is FileState.WAITING)
    (shop.root / "datasets/d.toml").unlink()
    shop.settle()
    assert _files(shop)[-1].state is FileState.COMMITTED
