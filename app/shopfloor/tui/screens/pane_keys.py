"""The keys of a pane: which action a key does, what the footer offers, what the help lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.events import Key

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain.record import Record
from shopfloor.tui.widgets.footer import PINNED, FooterItem

if TYPE_CHECKING:
    from shopfloor.tui.widgets.help_dialog import HelpRow

PINNED_NAMES = {"help": "view.help", "command": "view.command"}
"""The actions behind the items that every footer ends with."""
_NEED_A_ROW = frozenset(
    {"view.open", "view.mark", "view.copy", "view.copy_more", "view.top", "view.bottom", "view.compare"}
)
_OF_MARKS = frozenset({"view.mark", "view.compare"})
_LABELS = {"escape": "esc", "ctrl+p": "^p", "ctrl+r": "^r", "shift+tab": "⇧tab"}


def key_name(event: Key) -> str:
    """A key as the registry names it."""
    return event.character if event.character and event.is_printable and event.key != "space" else event.key


def key_label(key: str) -> str:
    """A key as the footer names it."""
    return _LABELS.get(key, key)


@dataclass(frozen=True)
class PaneKeys:
    """The actions of a scope and those that only one pane knows; rows can be marked where it is `markable`."""

    scope: Scope
    local: tuple[Action, ...]
    markable: bool

    def action(self, key: str, record: Record | None) -> Action | None:
        """What a key does: an action about this kind of record before any other."""
        found = [each for each in self._all() if each.key == key]
        fitting = [each for each in found if each.fits(record)]
        return next(iter([*fitting, *found]), None)

    def named(self, name: str) -> Action:
        """The action of a footer item or of a line of the help."""
        from shopfloor.actions.registry import by_name

        name = PINNED_NAMES.get(name, name)
        return next((each for each in self.local if each.name == name), None) or by_name(name)

    def footer(self, record: Record | None, limit: int, *, back: str, marks: int) -> list[FooterItem]:
        """What the footer shows for a record, the most useful first; `back` is what escape does, if anything."""
        from shopfloor.actions.registry import footer

        local = [each for each in self.local if each.rank and each.unavailable(record) is None]
        found = sorted([*local, *footer(self.scope, record, limit=99)], key=lambda each: each.rank)
        items = [
            FooterItem(each.name, key_label(each.key), each.label)
            for each in found
            if each.rank < 90
            and (record is not None or each.name not in _NEED_A_ROW)
            and (self.markable or each.name not in _OF_MARKS)
        ]
        if marks > 1:  # who marks several rows wants them beside each other
            items.sort(key=lambda one: one.name != "view.compare")
        if back:
            items.insert(1 if record is not None else 0, FooterItem("view.back", "esc", back))
        return [*items[:limit], *PINNED]

    def help(self, record: Record | None) -> list[HelpRow]:
        """Every key; those of no use for the record come last and are grey."""
        from shopfloor.tui.widgets.help_dialog import HelpRow

        rows = [
            HelpRow(
                key=key_label(each.key),
                label=each.label,
                help=each.help,
                name=each.name,
                enabled=each.unavailable(record) is None,
                group=each.scopes[0].value,
            )
            for each in self._all()
            if each.key
        ]
        return sorted(rows, key=lambda row: not row.enabled)

    def _all(self) -> tuple[Action, ...]:
        from shopfloor.actions.registry import for_scope

        return (*self.local, *for_scope(self.scope))
