"""Undo against lists of what each thing was: in any order, also after a kill and after a backup was put back."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.engine.test_undo import Hands, alert, model, of
from tests.upkeep.works import Works

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.requests.alerts import AlertAck, AlertResolve
from shopfloor.domain.requests.models import ModelPromote, ModelRollback
from shopfloor.domain.requests.workspace import ConfigSet
from shopfloor.store import alerts, models
from shopfloor.store.database import log_path
from shopfloor.store.rows import Query

THINGS = ("a1", "a2", "late", "retention.backups")


@dataclass
class Deed:
    """A mutation of one thing that could be undone: what the thing was before it, and how often it had changed then."""

    thing: str
    before: Any
    changes: int


@dataclass
class Known:
    """How each thing stands, how often each changed, and the mutations that the database knows of, oldest first."""

    state: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(THINGS, 0))
    deeds: list[Deed] = field(default_factory=list)


class UndoMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="undo-"))
        self.works = Works(self.folder)
        model(self.works)
        alert(self.works)
        alert(self.works)
        self.count = 0
        self.known = Known(self._look())
        self.backup: list[Deed] | None = None
        self._meet()

    @rule(thing=st.sampled_from(THINGS))
    def change(self, thing: str) -> None:
        self._change(thing)

    def _change(self, thing: str, own: bool = True) -> None:
        """What is asked for differs from how the thing stands; an alert that is over stays so."""
        now = self.known.state[thing]
        if thing == "late":
            self._do(thing, ModelPromote(ref=f"late@{3 - now[0]}", reason="sure"), own)
        elif thing == "retention.backups":
            self._do(thing, ConfigSet(key=thing, value=str(now % 3 + 1)), own)
        elif now != "resolved":
            self._do(thing, AlertResolve(id=thing) if now == "acknowledged" else AlertAck(id=thing), own)

    @precondition(lambda self: self.known.state["late"][1] is not None)
    @rule()
    def roll_back(self) -> None:
        self._do("late", ModelRollback(name="late"))

    @precondition(lambda self: self.known.deeds)
    @rule()
    def meddle(self) -> None:
        """Somebody else changes what the newest deed is about, which then is not undone."""
        thing = self.known.deeds[-1].thing
        if self.known.state[thing] != "resolved":
            self._change(thing, own=False)
            with pytest.raises(RefusedError, match="changed again"):
                self.hands.undo()

    @rule()
    def undo(self) -> None:
        """Of the newest deed; done once more it takes the undo back."""
        if not self.known.deeds:
            with pytest.raises(RefusedError):
                self.hands.undo()
            return
        deed = self.known.deeds[-1]
        if self.known.changes[deed.thing] != deed.changes + 1:
            with pytest.raises(RefusedError, match=r"changed again|edited meanwhile"):
                self.hands.undo()
            return
        now = self.known.state[deed.thing]
        self.hands.undo()
        self._changed(deed.thing, now, deed.before)

    @rule()
    def kill(self) -> None:
        """The database and its log as they lie, without the checkpoint of an orderly end."""
        database = self.works.layout.database
        left = [(path, path.read_bytes()) for path in (database, log_path(database)) if path.exists()]
        self.works.store.close()
        log_path(database).unlink(missing_ok=True)
        for path, content in left:
            path.write_bytes(content)
        self.works.reopen()
        self._meet()

    @rule()
    def back_up(self) -> None:
        target = self.folder / "copy.duckdb"
        target.unlink(missing_ok=True)
        self.works.store.copy_to(target)
        self.backup = list(self.known.deeds)

    @precondition(lambda self: self.backup is not None)
    @rule()
    def put_back(self) -> None:
        """The journal brings the rows and their history again, but not who asked for them by which operation."""
        assert self.backup is not None
        self.works.store.close()
        shutil.copyfile(self.folder / "copy.duckdb", self.works.layout.database)
        self.works.reopen()
        self.known.deeds = list(self.backup)
        self._meet()

    @invariant()
    def all_stands_as_known(self) -> None:
        if hasattr(self, "works"):
            assert self._look() == self.known.state

    def teardown(self) -> None:
        if hasattr(self, "works"):
            self.works.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _meet(self) -> None:
        self.works.context.reload_settings()
        services = of(self.works)
        self.hands, self.others = Hands(services), Hands(services, "bob")
        self.hands.count = self.others.count = self.count = self.count + 1000  # no operation is asked for twice

    def _do(self, thing: str, request: Any, own: bool = True) -> None:
        before, seq = self.known.state[thing], self.works.store.last_seq
        (self.hands if own else self.others).ask(request)
        if self.works.store.last_seq > seq:
            self._changed(thing, before, self._look()[thing], own)

    def _changed(self, thing: str, before: Any, after: Any, own: bool = True) -> None:
        if own:
            self.known.deeds.append(Deed(thing, before, self.known.changes[thing]))
        self.known.changes[thing] += 1
        self.known.state[thing] = after

    def _look(self) -> dict[str, Any]:
        def look(query: Query) -> dict[str, Any]:
            held = models.aliases(query, "late")
            return {
                **{id: alerts.get(query, id).state.value for id in ("a1", "a2")},
                "late": (held.get("champion"), held.get("previous"), held.get("challenger")),
            }

        self.works.context.reload_settings()
        return {**self.works.store.read(look), "retention.backups": self.works.context.settings.retention.backups}


TestUndoMachine = UndoMachine.TestCase
TestUndoMachine.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
