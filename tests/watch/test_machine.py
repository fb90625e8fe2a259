"""Whatever happens in a drop folder, and at whatever step the engine dies: exact rows, exact accounts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.soak import times
from tests.watch.yard import Yard

from shopfloor.domain.contract import Originals
from shopfloor.domain.file import FileState

NAMES = st.sampled_from(["a.csv", "b.csv", "sub/c.csv", "sub/d.csv"])
STEPS = (
    "intake.copied",
    "intake.claimed",
    "lake.synced",
    "lake.renamed",
    "intake.part",
    "intake.published",
    "intake.committed",
    "intake.original",
    "intake.aside",
)
_MODULES = (
    "shopfloor.arrival.claimer",
    "shopfloor.arrival.removal",
    "shopfloor.intake.job",
    "shopfloor.lake.objects",
)


class Killed(BaseException):
    """The engine ends here."""


@contextmanager
def dying_at(step: str) -> Iterator[None]:
    def reach(name: str) -> None:
        if name == step:
            raise Killed(name)

    with ExitStack() as patches:
        for module in _MODULES:
            patches.enter_context(mock.patch(f"{module}.reach", reach))
        yield


def rows(content: str) -> Counter[str]:
    return Counter(content.splitlines()[1:])


class DropFolder(RuleBasedStateMachine):
    """The oracle is the disk: each content that lay there when all had settled is in exactly once, and no other."""

    @initialize(keep=st.booleans(), carried=st.booleans(), together=st.booleans())
    def begin(self, keep: bool, carried: bool, together: bool) -> None:
        """With `carried` every delivery is as large as those that are copied beside the watch, with `together` it has
        as many files as those that are copied into one.
        """
        self.patches = ExitStack()
        if together:
            self.patches.enter_context(mock.patch("shopfloor.arrival.claimer._MANY", 1))
        if carried:
            self.patches.enter_context(mock.patch("shopfloor.arrival.watch.SMALL", -1))
        self.folder = Path(tempfile.mkdtemp(prefix="shopfloor-machine-"))
        self.yard = Yard(self.folder / "w")
        self.keep = keep
        self._set()
        self.made = 0
        self.taken: set[str] = set()

    def _set(self) -> None:
        originals = Originals.KEEP if self.keep else Originals.ARCHIVE
        self.yard.set(originals=originals, queued_batches=1000)  # no backlog: what has settled is claimed

    def _lying(self) -> dict[str, Path]:
        folder = self.yard.inbox / "d"
        return {
            str(path.relative_to(folder)): path
            for path in sorted(folder.rglob("*.csv"))
            if not path.name.startswith(".")
        }

    def _new(self) -> str:
        self.made += 1
        return "id\n" + "".join(f"k{self.made}-{n}\n" for n in range(3))

    def _any(self, data: st.DataObject) -> tuple[str, Path]:
        return data.draw(st.sampled_from(sorted(self._lying().items())))

    @rule(name=NAMES)
    def deliver(self, name: str) -> None:
        partial = self.yard.drop(f"d/{name}.part", self._new())
        partial.rename(partial.with_suffix(""))

    @precondition(lambda self: self._lying())
    @rule(data=st.data())
    def append(self, data: st.DataObject) -> None:
        self.made += 1
        with self._any(data)[1].open("a") as file:
            file.write(f"k{self.made}\n")

    @precondition(lambda self: self._lying())
    @rule(data=st.data(), to=NAMES)
    def rename(self, data: st.DataObject, to: str) -> None:
        target = self.yard.inbox / "d" / to
        target.parent.mkdir(parents=True, exist_ok=True)
        self._any(data)[1].rename(target)

    @precondition(lambda self: self._lying())
    @rule(data=st.data())
    def rewrite(self, data: st.DataObject) -> None:
        self._any(data)[1].write_text(self._new())

    @precondition(lambda self: self._lying())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self._any(data)[1].unlink()

    @precondition(lambda self: self._lying())
    @rule(data=st.data(), to=NAMES)
    def duplicate(self, data: st.DataObject, to: str) -> None:
        target = self.yard.inbox / "d" / to
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self._any(data)[1]
        if source != target:
            shutil.copyfile(source, target)

    @rule(back=st.booleans())
    def deliver_again(self, back: bool) -> None:
        """Content that came in long ago, under its old name or another."""
        if self.taken:
            self.yard.drop(f"d/{'a' if back else 'again'}.csv", min(self.taken))

    @rule()
    def look(self) -> None:
        """A scan in the middle of it all; whatever has not changed meanwhile may be claimed by the next."""
        self.yard.scan()

    @rule()
    def claim(self) -> None:
        self.taken.update(path.read_text() for path in self._lying().values())
        self.yard.settle()

    @rule()
    def restart(self) -> None:
        self.yard.restart()
        self._set()

    @rule(step=st.sampled_from(STEPS), name=NAMES)
    def kill(self, step: str, name: str) -> None:
        """The engine dies in the middle of its work, of which there is some."""
        self.deliver(name)
        self.taken.update(path.read_text() for path in self._lying().values())
        try:
            with dying_at(step):
                self.yard.settle()
                self.yard.work()
        except Killed:
            pass
        self.restart()
        self.yard.settle()  # what had not been recorded yet is claimed now, before anybody touches it

    @rule()
    def finish(self) -> None:
        """All is taken in: then the rows are exactly those of what was taken, and nothing is left behind."""
        self.claim()
        self.yard.work()
        self.yard.scan()
        if self.taken:
            assert self.yard.ids() == sum(map(rows, self.taken), Counter())
        assert self.yard.counts().waiting == 0
        assert FileState.QUARANTINED not in self.yard.states().values()
        assert self.keep or not self._lying()
        hidden = [name for _, _, names in os.walk(self.yard.inbox) for name in names if name.startswith(".")]
        assert not hidden
        assert not list(self.yard.works.layout.staging.iterdir())

    @invariant()
    def accounts_add_up(self) -> None:
        if hasattr(self, "yard"):
            self.yard.counts()

    def teardown(self) -> None:
        if hasattr(self, "yard"):
            self.finish()
            self.yard.close()
            self.patches.close()
            shutil.rmtree(self.folder)


TestDropFolder = DropFolder.TestCase
TestDropFolder.settings = settings(
    max_examples=times(6, 12),
    stateful_step_count=16,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestDropFolder.pytestmark = [pytest.mark.timeout(240)]
