"""Whatever happens in a drop folder, and whenever the engine dies: every file is accounted for, every row is right."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.engine.harness import Shop
from tests.soak import times

from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetList, DatasetPreviewShow
from shopfloor.domain.requests.files import FileList

NAMES = st.sampled_from(["a.csv", "b.csv", "sub/c.csv", "d.csv"])


def keys(content: str) -> set[str]:
    """The ids of a file's rows."""
    return {line.split(",")[0] for line in content.splitlines()[1:]}


class DropFolder(RuleBasedStateMachine):
    """`lying` is what was put there since all was quiet: the engine may have taken it, or not yet.

    `grown` are rows of files that somebody appended to: taken before and after, they are in twice, and told so.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made = 0
        self.lying: dict[str, str] = {}
        self.grown: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="shopfloor-machine-")
        self.shop = Shop(Path(self.folder.name) / "shop", settle_seconds=0.25)

    def _path(self, name: str) -> Path:
        path = self.shop.root / "inbox/d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _new(self) -> str:
        self._made += 1
        return "id,x\n" + "".join(f"k{self._made}-{n},{n}\n" for n in range(3))

    def _put(self, name: str, content: str) -> None:
        partial = self._path(name).with_name(".new.part")
        partial.write_text(content)
        partial.replace(self._path(name))
        self.lying[name] = content

    @rule(name=NAMES)
    def deliver(self, name: str) -> None:
        self.settle()
        self._put(name, self._new())

    @precondition(lambda self: self.lying)
    @rule(data=st.data())
    def rewrite(self, data: st.DataObject) -> None:
        """A file is replaced before the engine took it, or just after."""
        self._put(data.draw(st.sampled_from(sorted(self.lying))), self._new())

    @precondition(lambda self: self.lying)
    @rule(data=st.data())
    def append(self, data: st.DataObject) -> None:
        """A writer goes on in the same file, which the engine may have taken and moved away."""
        name = data.draw(st.sampled_from(sorted(self.lying)))
        self._made += 1
        with self._path(name).open("a+") as file:
            file.write(f"k{self._made},7\n" if file.tell() else f"id,x\nk{self._made},7\n")
            file.seek(0)
            self.lying[name] = file.read()
        self.grown |= keys(self.lying[name])

    @precondition(lambda self: self.lying)
    @rule(data=st.data(), to=NAMES)
    def duplicate(self, data: st.DataObject, to: str) -> None:
        content = self.lying[data.draw(st.sampled_from(sorted(self.lying)))]
        if to not in self.lying:
            self._put(to, content)

    @precondition(lambda self: self.lying)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.lying)))
        self._path(name).unlink(missing_ok=True)
        del self.lying[name]

    @rule()
    def kill(self) -> None:
        if self.shop.alive():
            self.shop.kill()
        self.shop.start()

    @rule()
    def settle(self) -> None:
        self.shop.settle()
        files = self.shop.client.ask(FileList()).rows
        status = self.shop.status().files
        assert status.waiting == 0
        assert status.seen == len(files)
        assert status.seen == status.committed + status.duplicate + status.quarantined + status.refused
        assert all(file.state is not FileState.QUARANTINED for file in files), [file.reason for file in files]
        rows = self._rows()
        assert {key for key, count in rows.items() if count > 1} <= self.grown
        for content in self.lying.values():
            assert keys(content) <= set(rows)
        self.lying.clear()

    def _rows(self) -> Counter[str]:
        if not any(dataset.version for dataset in self.shop.client.ask(DatasetList()).rows):
            return Counter()
        found = self.shop.client.ask(DatasetPreviewShow(ref="d", limit=100_000))
        return Counter(row[found.columns.index("id")] for row in found.rows)

    def teardown(self) -> None:
        if hasattr(self, "shop"):
            self.shop.close()
            self.folder.cleanup()


TestDropFolder = DropFolder.TestCase
TestDropFolder.settings = settings(
    max_examples=times(2, 3), stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDropFolder.pytestmark = [pytest.mark.timeout(300)]
