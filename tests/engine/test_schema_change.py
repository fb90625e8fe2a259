"""One file with another column never changes what a served model has to be sent."""

from __future__ import annotations

import random

import pytest
from tests.engine.harness import Shop

from shopfloor.artifacts.bundle import read_manifest
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.domain.contract import Mode, SchemaPolicy
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetShow, DatasetVersionShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.models import ModelDefine, ModelPromote, ModelShow, ModelVersions
from shopfloor.workspace.layout import Layout


def _table(seed: int, count: int, *, extra: bool = False, target: bool = True) -> str:
    """Two numbers; with `extra` a third that nearly gives `y` away, so that every model wants it."""
    chance = random.Random(seed)
    lines = ["id,x,z" + (",hint" if extra else "") + (",y" if target else "")]
    for n in range(count):
        x, z = chance.gauss(0, 1), chance.gauss(0, 1)
        late = x + z + chance.gauss(0, 1.5) > 0
        row = f"s{seed}-{n},{x:.4f},{z:.4f}" + (f",{late + chance.gauss(0, 0.4):.4f}" if extra else "")
        lines.append(row + (f",{'yes' if late else 'no'}" if target else ""))
    return "\n".join(lines) + "\n"


def _features(shop: Shop) -> list[tuple[FeatureField, ...]]:
    """The inputs of all model versions that were ever made."""
    layout = Layout(shop.root)
    key = load_or_create_key(layout.signing_key)
    return [read_manifest(path.parent, key).features for path in layout.objects.rglob("manifest.json")]


@pytest.mark.parametrize("mode", [Mode.APPEND, Mode.SNAPSHOT])
def test_a_column_of_one_file_is_no_required_input(shop: Shop, mode: Mode) -> None:
    shop.client.ask(DatasetDefine(name="d", mode=mode))
    shop.write("inbox/d", "one.csv", _table(1, 900))
    shop.settle()
    definition = ModelDefinition(
        name="m", dataset="d", target="y", id="id", positive="yes", training=Training(candidates=("linear",))
    )
    shop.client.ask(ModelDefine(definition=definition))
    shop.settle()
    shop.write("inbox/d", "two.csv", _table(2, 1100, extra=True))
    shop.settle()
    newest = shop.client.ask(DatasetVersionShow(ref="d"))
    assert any("'hint'" in notice and "'two.csv'" in notice for notice in newest.notices)
    versions = shop.client.ask(ModelVersions(name="m")).rows
    assert len(versions) == 2
    for features in _features(shop):
        assert {field.name for field in features if not field.nullable} == {"x", "z"}
    if shop.client.ask(ModelShow(name="m")).champion != 2:
        shop.client.ask(ModelPromote(ref="m@2", reason="to see what it asks for"))
    assert any(field.name == "hint" for features in _features(shop) for field in features)
    shop.write("score/m", "ask.csv", _table(3, 50, target=False))
    shop.settle()
    (scored,) = (shop.root / "outbox" / "m").glob("*.csv")
    assert len(scored.read_text().splitlines()) == 51
    shop.write("score/m", "typo.csv", _table(4, 50, extra=True, target=False).replace("hint", "hnit"))
    shop.settle()
    # An optional column that is not there is missing, whatever the file's other columns are called.
    assert shop.client.ask(FileList(purpose="score")).rows[0].state is FileState.COMMITTED


@pytest.mark.parametrize(
    ("policy", "state", "columns"),
    [
        (SchemaPolicy.EVOLVE, FileState.COMMITTED, ["a", "b", "c"]),
        (SchemaPolicy.STRICT, FileState.QUARANTINED, ["a", "b"]),
        (SchemaPolicy.RESCUE, FileState.COMMITTED, ["a", "b", "_rescued"]),
        (SchemaPolicy.IGNORE, FileState.COMMITTED, ["a", "b"]),
    ],
)
def test_schema_policies(shop: Shop, policy: SchemaPolicy, state: FileState, columns: list[str]) -> None:
    shop.write("inbox/d", "one.csv", "a,b\n1,x\n")
    shop.settle()
    shop.client.ask(DatasetDefine(name="d", schema_policy=policy))
    shop.write("inbox/d", "two.csv", "a,b,c\n2,y,9\n")
    shop.settle()
    file = shop.client.ask(FileList(dataset="d")).rows[0]
    assert file.state is state
    version = shop.client.ask(DatasetVersionShow(ref="d"))
    assert [column.name for column in version.columns] == columns
    if state is FileState.COMMITTED:
        assert any("'c'" in notice and "two.csv" in notice for notice in version.notices)
    else:
        assert file.reason is not None
        assert "'c'" in file.reason.message
        assert shop.client.ask(DatasetShow(name="d")).quarantined == 1
