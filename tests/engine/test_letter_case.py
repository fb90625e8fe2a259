"""Over a running engine: names in another case are the same columns, wherever a person or a file writes them."""

from __future__ import annotations

from tests.engine.harness import Shop

from shopfloor.artifacts.bundle import read_manifest
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.contract import Mode, Parser
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetContract, DatasetDefine, DatasetPreviewShow, DatasetVersionShow
from shopfloor.domain.requests.files import FileList, FileRetry
from shopfloor.domain.requests.models import ModelDefine, ModelDefinitionShow, ModelTrain
from shopfloor.workspace.layout import Layout


def test_a_later_files_spelling_loses_no_value(shop: Shop) -> None:
    for number, text in enumerate(("id,v\n1,2.5\n2,3.5\n", "id,v,Note\n3,2.5,hello\n", "id,v,note\n5,2.5,lost?\n")):
        shop.write("inbox/d", f"{number}.csv", text)
        shop.settle()
    newest = shop.client.ask(DatasetVersionShow(ref="d"))
    assert [column.name for column in newest.columns] == ["id", "v", "Note"]
    assert any("'note' as 'Note'" in notice for notice in newest.notices)
    rows = shop.client.ask(DatasetPreviewShow(ref="d")).rows
    assert sorted(str(row[2]) for row in rows) == ["", "", "hello", "lost?"]


def test_definitions_take_names_in_any_case(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "CustomerId,Amount,Seen\n1,5.5,2026-01-01\n2,6.5,2026-01-02\n")
    shop.settle()
    defined = shop.client.ask(DatasetDefine(name="d", mode=Mode.UPSERT, key=("customerid",), time="SEEN"))
    assert (defined.key, defined.time) == (("CustomerId",), "Seen")
    shop.write("inbox/d", "b.csv", "customerid,amount,seen\n2,7.5,2026-01-03\n")
    shop.settle()
    assert [file.state for file in shop.client.ask(FileList(dataset="d")).rows] == [FileState.COMMITTED] * 2
    model = ModelDefinition(
        name="m", dataset="d", target="AMOUNT", id="customerID", time="seen", exclude=("SEEN",), retired=True
    )
    found = shop.client.ask(ModelDefine(definition=model))
    assert (found.target, found.id, found.time, found.exclude) == ("Amount", "CustomerId", "Seen", ("Seen",))
    assert shop.client.ask(DatasetContract(name="d")).key == ("CustomerId",)


def test_a_renamed_column_is_mapped_by_the_command_of_its_hint(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "id,region\n" + "".join(f"{n},{'north' if n % 2 else 'south'}\n" for n in range(20)))
    shop.settle()
    shop.write("inbox/d", "b.csv", "id,area\n21,north\n22,south\n")
    shop.settle()
    [held] = shop.client.ask(FileList(dataset="d", state=FileState.QUARANTINED)).rows
    assert held.reason is not None
    assert f"shopfloor file retry {held.id} --rename area=region --keep" in held.reason.hint
    shop.client.ask(FileRetry(id=held.id, parser=Parser(rename=("area=region",)), keep=True))
    shop.settle()
    contract = shop.client.ask(DatasetContract(name="d"))
    assert [column.name for column in contract.columns] == ["id", "region"]
    assert contract.parser.rename == ("area=region",)
    assert 'rename = ["area=region"]' in (shop.root / "datasets" / "d.toml").read_text()
    shop.write("inbox/d", "c.csv", "id,AREA\n23,north\n")
    shop.settle()
    newest = shop.client.ask(DatasetVersionShow(ref="d"))
    assert (newest.version, newest.rows) == (3, 23)


def test_a_definition_written_by_hand_excludes_a_column_in_any_case(shop: Shop) -> None:
    rows = "".join(f"{n},{n % 7},{n % 5},{(n % 7) * 2 + n % 3}\n" for n in range(400))
    shop.write("inbox/d", "a.csv", f"Id,X,Leak,Y\n{rows}")
    shop.settle()
    (shop.root / "models" / "m.toml").write_text(
        'dataset = "d"\ntarget = "y"\nid = "ID"\nexclude = ["LEAK"]\n[training]\ncandidates = ["linear"]\n'
    )
    shop.client.ask(ModelTrain(name="m"))
    shop.settle()
    layout = Layout(shop.root)
    key = load_or_create_key(layout.signing_key)
    (manifest,) = (read_manifest(path.parent, key) for path in layout.objects.rglob("manifest.json"))
    assert [field.name for field in manifest.features] == ["X"]
    definition = shop.client.ask(ModelDefinitionShow(name="m"))
    assert (definition.target, definition.id, definition.exclude) == ("Y", "Id", ("Leak",))
