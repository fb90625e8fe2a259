"""A quarantined file is taken in again with other parser settings: for it alone, or kept for all."""

from __future__ import annotations

import pytest
from tests.engine.harness import Shop

from shopfloor.domain.contract import Parser
from shopfloor.domain.errors import UsageError
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.requests.datasets import DatasetVersions
from shopfloor.domain.requests.files import FileList, FileRetry
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
    file = held(shop, "a.csv", b"")
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
