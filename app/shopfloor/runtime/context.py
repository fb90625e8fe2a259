"""What the parts of the engine share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from shopfloor.domain.clock import Clock
from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ConfigError, NotFoundError, UnreachableError
from shopfloor.domain.names import did_you_mean, is_name
from shopfloor.domain.notice import Undelivered
from shopfloor.domain.text import safe
from shopfloor.runtime.contract_book import ContractBook, ContractCheck
from shopfloor.runtime.degradation import Degradations
from shopfloor.runtime.event_stream import EventStream
from shopfloor.runtime.line import Line, NoLine
from shopfloor.statistics import metrics
from shopfloor.store.store import Store
from shopfloor.workspace import accounts, definitions, team
from shopfloor.workspace.folders import blame
from shopfloor.workspace.known import KnownDefinitions
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.settings import Settings, load_settings

_LOG = logging.getLogger("shopfloor.engine")


class Hindrance(NamedTuple):
    """What the system refused a job last, in words, and how often in a row."""

    why: str
    times: int


@dataclass
class Context:
    """The workspace's paths, its live settings, the store, the clock and the event stream.

    `line` gets facts inside their commit; `check_contract` applies a contract's SQL to its columns; `displaced` says
    why the workspace is not this engine's any more, empty while it is; `hindered` are jobs that wait, by id, because
    the system refused them something; `undelivered` is what the commands of `notify` would not take.
    """

    layout: Layout
    store: Store
    clock: Clock
    stream: EventStream
    epoch: int
    started_at: datetime
    check_contract: ContractCheck
    settings: Settings = field(default_factory=Settings)
    settings_fault: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    book: ContractBook = field(init=False)
    degraded: Degradations = field(init=False)
    known: KnownDefinitions = field(default_factory=lambda: KnownDefinitions(metrics.find))
    line: Line = field(default_factory=NoLine)
    displaced: Callable[[], str] = lambda: ""
    hindered: dict[str, Hindrance] = field(default_factory=dict)
    undelivered: Callable[[], tuple[Undelivered, ...]] = lambda: ()
    settings_loaded: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.book = ContractBook(self.layout, self.store, self.check_contract)
        self.degraded = Degradations(self.clock)

    def check_place(self) -> None:
        """Raises `UnreachableError` when the workspace is not where this engine took it over."""
        why = self.displaced()
        if why:
            raise UnreachableError(
                why, hint="If it was moved, run the command again in its new place.", code="workspace_gone"
            )

    def reload_settings(self) -> None:
        """Go by `workspace.toml` as it is now, with the team's rights."""
        if self.read_settings():
            self.share()
            self.settings_loaded()

    def read_settings(self) -> bool:
        """Whether `workspace.toml` can be used; a broken file keeps the settings that work, and is told."""
        try:
            self.settings = load_settings(self.layout)
        except ConfigError as error:
            instead = "the defaults" if self.settings == Settings() else "the settings from before"
            self.settings_fault = f"workspace.toml cannot be used, so {instead} hold: {error}"
            return False
        self.settings_fault = ""
        return True

    def share(self) -> None:
        """Give the team its rights, or take them away; also where somebody changed them by hand."""
        group = self.settings.team.group
        try:
            team.share(self.layout, accounts.group_id(group) if group else None)
        except OSError as error:
            _LOG.warning("the rights of the team could not be set: %s", blame(error, self.layout.root))

    def contract(self, dataset: str) -> Contract | None:
        """The contract of a dataset as its file says now; raises `ConfigError` for one that cannot be used."""
        return self.book.read(dataset) if is_name(dataset) else None

    def definition(self, model: str) -> ModelDefinition:
        """The definition of a model; raises `NotFoundError` with the nearest name."""
        found = definitions.load_definition(self.layout, model, metrics.find) if is_name(model) else None
        if found is None:
            known = definitions.list_definitions(self.layout)
            raise NotFoundError(
                f"There is no model {safe(model, 64)!r}.",
                hint=did_you_mean(model, known)
                or "Define one: shopfloor model define NAME --dataset D --target COLUMN",
                code="model_not_found",
            )
        return self._spelled(found)

    def _spelled(self, definition: ModelDefinition) -> ModelDefinition:
        """As the dataset spells its columns; a person's file may spell them otherwise."""
        return definition.spelled(self.book.names(definition.dataset))

    def models_of(self, dataset: str) -> list[ModelDefinition]:
        """Definitions that learn from a dataset and are in service; broken files are passed over."""
        found: list[ModelDefinition] = []
        for name in self.known.names(self.layout):
            try:
                definition = self.known.load(self.layout, name)
            except ConfigError as error:
                _LOG.warning("models/%s.toml is not used: %s", name, error)
                continue
            if definition is not None and definition.dataset == dataset and not definition.retired:
                found.append(self._spelled(definition))
        return found

    def readable_models(self) -> tuple[set[str], dict[str, str]]:
        """The names of the models whose definitions can be read, and why the others' cannot."""
        readable: set[str] = set()
        unreadable: dict[str, str] = {}
        for name in self.known.names(self.layout):
            try:
                readable |= {name} if self.known.load(self.layout, name) is not None else set()
            except ConfigError as error:
                unreadable[name] = f"models/{name}.toml is not used: {safe(str(error), 500)}"
        return readable, unreadable

    def all_models(self) -> list[ModelDefinition]:
        """Every definition that can be read."""
        found: list[ModelDefinition] = []
        for name in self.known.names(self.layout):
            try:
                definition = self.known.load(self.layout, name)
            except ConfigError:
                continue
            if definition is not None:
                found.append(self._spelled(definition))
        return found
