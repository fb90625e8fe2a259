"""The detail of one record on the whole screen: for narrow terminals, and for long evidence."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Input

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.tui.screens.chrome import Chrome
from shopfloor.tui.screens.live import Live
from shopfloor.tui.screens.pane import Pane
from shopfloor.tui.screens.pane_keys import PINNED_NAMES, key_name
from shopfloor.tui.widgets.command_line import CommandLine
from shopfloor.tui.widgets.detail_pane import DetailPane, Section
from shopfloor.tui.widgets.footer import ActionFooter, FooterItem
from shopfloor.tui.widgets.header import StatusHeader

_OF_THE_LIST = frozenset({
    "view.filter", "view.mark", "view.sort", "view.sort_reverse", "view.pause", "view.top", "view.bottom",
    "view.export",
})  # fmt: skip


class DetailScreen(Live):
    """Sections of a record, with the keys of the pane it was opened from."""

    AUTO_FOCUS: ClassVar[str | None] = "DetailPane"

    def __init__(self, pane: Pane, record: Record, key: str) -> None:
        super().__init__()
        self.pane = pane
        self.record = record
        self._key = key

    def compose(self) -> ComposeResult:
        yield Chrome()
        yield DetailPane(focusable=True, id="whole")
        yield ActionFooter()
        yield CommandLine()  # on top of a picture that is there already, so it costs nobody time

    def on_mount(self) -> None:
        self.query_one(Chrome).set_crumbs([*self.pane.crumbs(), self._key])
        self.status_changed()
        self._fill()

    def changed(self, nouns: frozenset[str]) -> None:
        """Ask again when facts of the pane's nouns were committed."""
        if nouns & self.pane.nouns or "*" in nouns:
            self._renew()

    def status_changed(self) -> None:
        """The workspace's figures changed."""
        self.query_one(Chrome).show(self.pane.shop, self.pane.scope)

    @work(exclusive=True, exit_on_error=False)
    async def _renew(self) -> None:
        try:
            found = await self.pane.again(self._key)
        except ShopfloorError:
            return  # what is shown stays; the header says that the link is lost
        if found is not None:
            self.record = found
        await self._show()

    @work(exclusive=True, exit_on_error=False)
    async def _fill(self) -> None:
        await self._show()

    async def _show(self) -> None:
        try:
            sections = list(await self.pane.detail(self.record))
        except ShopfloorError as error:
            sections = [Section("error", "Not available", f"{error.message} {error.hint}")]
        await self.query_one("#whole", DetailPane).show(sections)
        left_out = {"view.open", "view.back", *_OF_THE_LIST}
        items = [one for one in self.pane.offered(self.record, 6) if one.name not in left_out]
        first = [FooterItem("view.back", "esc", "Back")]
        if self.pane.open_record(self.record) is not None:
            first.insert(0, FooterItem("view.open", "enter", "Open"))
        self.query_one(ActionFooter).set_items([*first, *items])

    def on_key(self, event: events.Key) -> None:
        """The pane's keys act on this record; those of its list do nothing here."""
        if isinstance(self.focused, Input):
            return
        action = self.pane.keys.action(key_name(event), self.record)
        if action is not None:
            event.stop()
            event.prevent_default()
            self._do(action.name)

    @on(ActionFooter.ActionClicked)
    def _clicked(self, event: ActionFooter.ActionClicked) -> None:
        self._do(PINNED_NAMES.get(event.name, event.name))

    @on(CommandLine.Submitted)
    def _command_entered(self, event: CommandLine.Submitted) -> None:
        self.shop.command(self.pane, event.text, self.record)

    @on(StatusHeader.PaneClicked)
    def _pane_clicked(self, event: StatusHeader.PaneClicked) -> None:
        self.shop.go(event.name)

    def _do(self, name: str) -> None:
        if name in _OF_THE_LIST:
            return
        if name == "view.open":
            screen = self.pane.open_record(self.record)
            if screen is not None:
                self.app.push_screen(screen)
        elif name == "view.copy":
            self.shop.keep_copy(self._key)
        elif name == "view.help":
            self.app.push_screen(
                self.pane.help_dialog(self.record), lambda chosen: self._do(chosen) if chosen else None
            )
        elif name == "view.command":
            from shopfloor.actions.command import completions

            line = self.query_one(CommandLine)
            line.set_completions(completions())
            line.open("")
        else:
            self.shop.do(self.pane.keys.named(name), self.pane, self.record)
