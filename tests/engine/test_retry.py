"""A quarantined file is ingested again with other parser settings: for it alone, or kept for all."""

from __future__ import annotations

import pytest
from tests.engine.harness import Shop
from tests.waiting import until

from shopfloor.domain.contract import Parser, SchemaPolicy
from shopfloor.domain.errors import UsageError
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.requests.datasets import DatasetContract, DatasetDefine, DatasetVersions, DatasetVersionShow
from shopfloor.domain.requests.files import FileAccept, FileList, FileRetry
from shopfloor.workspace.contracts import load_contract
from shopfloor.workspace.layout import Layout

COLONS = "exported by x\nid:name\n1:Wałęsa\n2:Łoś\n".encode("cp1250")
SETTINGS = Parser(delimiter=":", encoding="windows-1250", skip_lines=1)


def held(shop: Shop, name: str, content: bytes) -> FileRecord:
    shop.write("inbox/d", name, content)
    shop.settle()
    (file,) = (file for file in shop.client.ask(FileList(dataset="d")).rows if file.path.endswith(name))
    assert file.state is FileState.QUARANTINED
    return file


def state(shop: Shop, id: str) -> FileState:
    shop.settle()
    return next(file.state for file in shop.client.ask(FileList(dataset="d")).rows if file.id == id)


def test_settings_are_for_one_file_unless_they_are_kept(shop: Shop) -> None:
    layout = Layout(shop.root)
    first = held(shop, "first.csv", COLONS)
    shop.client.ask(FileRetry(id=first.id, parser=SETTINGS))
    assert state(shop, first.id) is FileState.COMMITTED
    contract = load_contract(layout, "d")
    assert contract is not None
    assert [column.name for column in contract.columns] == ["id", "name"]
    assert contract.parser == Parser()

    second = held(shop, "second.csv", COLONS + b"3:x\n")
    shop.client.ask(FileRetry(id=second.id, parser=Parser(delimiter=";"), keep=True))
    assert state(shop, second.id) is FileState.QUARANTINED
    assert load_contract(layout, "d") == contract  # what did not help is not kept
    shop.client.ask(FileRetry(id=second.id, parser=SETTINGS, keep=True))
    assert state(shop, second.id) is FileState.COMMITTED
    kept = load_contract(layout, "d")
    assert kept is not None
    assert kept.parser == SETTINGS
    assert kept.revision == contract.revision + 1

    shop.write("inbox/d", "third.csv", COLONS + b"4:y\n")
    shop.settle()
    assert {file.state for file in shop.client.ask(FileList(dataset="d")).rows} == {FileState.COMMITTED}
    assert shop.client.ask(DatasetVersions(name="d")).rows[0].rows == 2 + 3 + 3


def test_settings_that_cannot_work_are_refused_with_advice(shop: Shop) -> None:
    file = held(shop, "a.csv", b"a,b\n")
    for parser, said in (
        (Parser(delimiter="ab"), "one character"),
        (Parser(encoding="klingon"), "no text encoding"),
        (Parser(decimal=";"), "decimal mark"),
        (Parser(skip_lines=-1), "skip_lines"),
    ):
        with pytest.raises(UsageError, match=said) as caught:
            shop.client.ask(FileRetry(id=file.id, parser=parser))
        assert caught.value.hint
    with pytest.raises(UsageError, match="no settings to keep"):
        shop.client.ask(FileRetry(id=file.id, keep=True))


def test_notices_of_files_are_told_in_the_version(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "id,name\n1,Müller\n".encode("latin-1"))
    shop.settle()
    (version,) = shop.client.ask(DatasetVersions(name="d")).rows
    assert any(notice.startswith("a.csv: The file is not UTF-8") for notice in version.notices)


@pytest.mark.parametrize("killed", [False, True])
def test_what_was_asked_of_a_file_is_kept_while_it_waits(shop: Shop, killed: bool) -> None:
    shop.write("inbox/d", "one.csv", "a,b\n1,2\n")
    shop.settle()
    shop.client.ask(DatasetDefine(name="d", schema_policy=SchemaPolicy.STRICT))
    wider = held(shop, "wider.csv", b"a,b,c\n3,4,5\n")
    noted = held(shop, "noted.csv", b"a note,\n,above\na,b\n5,6\n")
    plain = shop.root / "datasets" / "d.toml"
    text = plain.read_text()
    plain.write_text(text.replace('"integer"', '"integre"'))
    shop.client.ask(FileAccept(id=wider.id))
    shop.client.ask(FileRetry(id=noted.id, parser=Parser(skip_lines=2), keep=True))
    until(lambda: states(shop, wider, noted) == {FileState.WAITING})
    if killed:
        shop.kill()
        shop.start()
    plain.write_text(text)
    until(lambda: states(shop, wider, noted) == {FileState.COMMITTED})
    shop.settle()
    contract = shop.client.ask(DatasetContract(name="d"))
    assert [column.name for column in contract.columns] == ["a", "b", "c"]
    assert contract.parser.skip_lines == 2
    assert shop.client.ask(DatasetVersionShow(ref="d")).rows == 3


def test_an_accepted_file_is_read_with_the_settings_that_it_was_retried_with(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", "a,b\n1,2\n")
    shop.settle()
    file = held(shop, "two.csv", b"a note,\n,above\na,b\n5,6\nx,7\n")
    shop.client.ask(FileRetry(id=file.id, parser=Parser(skip_lines=2)))
    shop.settle()
    assert state(shop, file.id) is FileState.QUARANTINED
    shop.client.ask(FileAccept(id=file.id, types=True))
    shop.settle()
    assert state(shop, file.id) is FileState.COMMITTED
    assert shop.client.ask(DatasetVersionShow(ref="d")).rows == 3
    assert shop.client.ask(DatasetContract(name="d")).parser == Parser()


def states(shop: Shop, *these: FileRecord) -> set[FileState]:
    known = {file.id: file.state for file in shop.client.ask(FileList(dataset="d")).rows}
    return {known[file.id] for file in these}
