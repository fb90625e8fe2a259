"""Workspaces that earlier versions made: this one opens, serves, rolls back and explains them.

`tools/fixture_workspace.py` makes them; `expected.json` in an archive says what it answered then.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.serving.running import Running, running
from tests.shell import Shell

from shopfloor.domain.clock import SystemClock
from shopfloor.store import copies, datasets, migrate
from shopfloor.store.store import Store
from shopfloor.workspace.layout import Layout

ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures" / "workspaces").glob("schema-*.tar.xz"))


@dataclass
class Earlier:
    """A copy of an earlier workspace, the schema of its store then, and what it answered."""

    shell: Shell
    schema: int
    expected: dict[str, Any]

    @property
    def layout(self) -> Layout:
        return Layout(self.shell.root)

    def answers(self, server: Running, model: str, version: int) -> None:
        """The version answers what it answered then."""
        found = server.predictions(model, version, self.expected["questions"])
        for answer, then in zip(found, self.expected["answers"][f"{model}@{version}"], strict=True):
            same = {
                key: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
                for key, value in then.items()
            }
            assert answer == same


def unpacked(archive: Path, folder: Path) -> Earlier:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="tar")
    schema = int(archive.name.partition("-")[2].partition(".")[0])
    return Earlier(Shell(folder), schema, json.loads((folder / "expected.json").read_text()))


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda path: path.name)
def asleep(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    """Before any engine runs."""
    return unpacked(request.param, tmp_path_factory.mktemp("earlier"))


@pytest.fixture(scope="module")
def server(asleep: Earlier) -> Iterator[Running]:
    with running(asleep.layout) as found:
        yield found


@pytest.fixture(scope="module")
def earlier(asleep: Earlier) -> Iterator[Earlier]:
    asleep.shell("up")
    pid = asleep.shell.json("status")["engine"]["pid"]
    yield asleep
    asleep.shell.close(pid)


def test_there_is_one_of_each_format() -> None:
    assert ARCHIVES
    assert all(path.stat().st_size < 500_000 for path in ARCHIVES)


def test_it_serves_where_it_was_copied_to_before_an_engine_runs(asleep: Earlier, server: Running) -> None:
    asleep.answers(server, "late", 2)
    asleep.answers(server, "hours", 2)


def test_all_that_it_held_is_there(earlier: Earlier) -> None:
    shell, expected = earlier.shell, earlier.expected
    assert [version["digest"] for version in shell.json("dataset", "versions", "orders")] == expected["versions"]
    for name, model in expected["models"].items():
        now = shell.json("model", "show", name)
        same = ("champion", "challenger", "previous", "versions", "task", "metric", "score", "dataset")
        assert {key: now[key] for key in same} == {key: model[key] for key in same}
    assert shell.json("file", "show", expected["held"])["state"] == "quarantined"
    (counted,) = shell.json(
        "sql", "SELECT (SELECT count(*) FROM predictions_late) AS logged, (SELECT count(*) FROM actuals_late) AS truth"
    )
    assert counted["logged"] >= expected["logged"] > 200  # and what was asked meanwhile
    assert counted["truth"] == expected["truth"] == 200
    assert shell.json("doctor", "--deep")["damaged"] == []
    backups = [copies.inspect(path).schema for path in earlier.layout.backups.glob(f"{copies.NAMED}*")]
    assert earlier.schema == migrate.newest() or earlier.schema in backups


def test_it_rolls_back_and_takes_that_back(earlier: Earlier, server: Running) -> None:
    earlier.answers(server, "late", 2)
    back = earlier.shell.json("model", "rollback", "late", "--reason", "as it was")
    assert back["version"] == 1
    earlier.answers(server, "late", 1)
    earlier.shell(*back["undo"]["command"].split()[1:])
    earlier.answers(server, "late", 2)


def test_it_explains_what_was_before(earlier: Earlier) -> None:
    shell, expected = earlier.shell, earlier.expected
    graph = shell.json("lineage", "late@2", "--up")
    kinds = {node["kind"] for node in graph["nodes"]}
    assert {"file", "dataset_version", "run", "model_version"} <= kinds
    version = shell.json("model", "show", "late@2")
    assert version["decision"]["checks"]
    history = shell.json("model", "history", "late")
    assert {change["part"] for change in history} >= {"alias", "version", "definition"}
    assert all(change["actor"] for change in history)
    told = shell.json("alert", "show", expected["alert"])["history"]
    assert ["open", "acknowledged"] in [change["changes"].get("state") for change in told]
    assert shell.json("lineage", expected["alert"])["nodes"]
    reason = shell.json("file", "show", expected["held"])["reason"]
    assert reason["code"] == "columns_changed"
    assert len(shell.json("dataset", "preview", "orders@1")["rows"]) > 0
    assert shell.json("dataset", "diff", "orders@1", "orders@2")["columns"]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name)
def test_a_later_schema_begins_with_a_backup_that_opens(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = unpacked(archive, tmp_path)
    later = {**migrate.scripts(), 9999: "ALTER TABLE dataset_versions ADD COLUMN weight DOUBLE"}
    monkeypatch.setattr(migrate, "scripts", lambda: later)
    layout = earlier.layout
    _open(layout).close()
    (backup,) = layout.backups.glob(f"{copies.NAMED}*")
    held = copies.inspect(backup)
    assert (held.schema, held.rows > 100) == (earlier.schema, True)
    monkeypatch.undo()
    layout.database.unlink()
    shutil.copyfile(backup, layout.database)
    store = _open(layout)
    assert store.read(lambda query: datasets.current_version(query, "orders")) == len(earlier.expected["versions"])
    store.close()


def _open(layout: Layout) -> Store:
    return Store(layout.database, layout.journal, SystemClock(), workspace_id="w", on_commit=lambda events: None)
