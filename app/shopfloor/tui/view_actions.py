"""Actions that move the view: panes, filter, help, command line, sort, copy, export, quit."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from textual.screen import Screen

from shopfloor.actions.action import Action
from shopfloor.actions.panes import PANES
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.text import counted
from shopfloor.tui.app_type import App
from shopfloor.tui.performing import show_error
from shopfloor.tui.screens.pane import Pane

Given = dict[str, str]
_NOUNS = {noun for pane in PANES.values() for noun in pane.nouns}


class ViewActions:
    """What each navigation action does to the screen."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._table: dict[str, Callable[[Pane, Given], None]] = {
            "view.open": lambda pane, given: pane.open_selected(),
            "view.mark": lambda pane, given: pane.table.action_mark(),
            "view.top": lambda pane, given: pane.table.action_first(),
            "view.bottom": lambda pane, given: pane.table.action_last(),
            "view.back": lambda pane, given: self._back(pane),
            "view.filter": lambda pane, given: pane.open_filter(given.get("query")),
            "view.command": lambda pane, given: pane.open_command(),
            "view.help": lambda pane, given: self._help(pane),
            "view.palette": lambda pane, given: self._app.action_command_palette(),
            "view.copy": lambda pane, given: self._copy(pane),
            "view.copy_more": lambda pane, given: self._in_background(self._copy_more(pane)),
            "view.refresh": lambda pane, given: self._refresh(pane),
            "view.pause": lambda pane, given: pane.toggle_pause(),
            "view.sort": lambda pane, given: pane.sort_next(),
            "view.sort_reverse": lambda pane, given: pane.sort_reverse(),
            "view.export": lambda pane, given: self._in_background(self._export(pane, given)),
            "view.focus_next": lambda pane, given: _focus(pane, 1),
            "view.focus_previous": lambda pane, given: _focus(pane, -1),
            "engine.start": lambda pane, given: self._in_background(self._start_engine(pane)),
            "app.quit": lambda pane, given: self._quit(pane),
        }

    def do(self, action: Action, screen: Screen[None], record: Record | str | None, given: Given) -> None:
        """Move the view as `action` says."""
        if action.goes_to is not None:
            self._app.go(action.goes_to, query=given.get("query") or action.target(record))
        elif action.shows:
            self._in_background(self._show(action, record, given))
        elif isinstance(screen, Pane):
            move = self._table.get(action.name)
            if move is not None:
                move(screen, given)
            else:
                screen.do_local(action, record, given)

    def command(self, pane: Pane, line: str, record: Record | None) -> None:
        """A `:` line."""
        from shopfloor.actions.command import parse_command

        try:
            command = parse_command(line)
        except ShopfloorError as error:
            show_error(self._app, error)
            return
        self._app.do(command.action, pane, command.target or record, command.inputs)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self._app.keys.opens(self._app.run_worker(work, group="perform", exit_on_error=False))

    def _back(self, pane: Pane) -> None:
        if self._app.screen is not pane:
            self._app.pop_screen()
        elif pane.filter_text:
            pane.clear_filter()
        elif pane.table.marks:
            pane.table.marks = ()
        elif len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        elif self._app.current_mode != "home":
            self._app.go("home")

    def _quit(self, pane: Pane) -> None:
        if len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        else:
            self._app.exit(0)

    def _refresh(self, pane: Pane) -> None:
        pane.refresh_now()

    async def _start_engine(self, pane: Pane) -> None:
        try:
            await self._app.client.run(self._app.client.start_engine)
        except ShopfloorError as error:
            show_error(self._app, error, "The engine was not started.")
        else:
            self._app.show_message("The engine is running.")
            pane.refresh_now()

    def _help(self, pane: Pane) -> None:
        record = pane.selected

        def run(name: str | None) -> None:
            if name:
                self._app.do(pane.keys.named(name), pane, record)

        self._app.push_screen(pane.help_dialog(record), run)

    def _copy(self, pane: Pane) -> None:
        key = pane.table.cursor_key
        if key is not None:
            self._app.keep_copy(key)

    async def _copy_more(self, pane: Pane) -> None:
        from shopfloor.tui.exporting import as_json
        from shopfloor.tui.widgets.form import Field, FormDialog
        from shopfloor.tui.widgets.rows import Cell

        record, row = pane.selected, pane.table.cursor_row
        if record is None or row is None:
            return
        field = Field("form", "As", kind="choice", choices=("json", "text", "command"), default="json")
        answer = await self._app.ask(FormDialog("Copy the row", [field], submit="Copy"))
        if answer is None:
            return
        texts = {
            "json": as_json([record]),
            "text": "\t".join(cell.text if isinstance(cell, Cell) else cell for cell in row.cells),
            "command": f"shopfloor {_noun(record, pane)} show {row.key}",
        }
        self._app.keep_copy(texts[str(answer["form"])])

    async def _export(self, pane: Pane, given: Given) -> None:
        from shopfloor.tui.exporting import write

        path = given.get("path") or await _ask_path(self._app, pane)
        if not path:
            return
        target = Path(path).expanduser().absolute()
        try:
            records = await pane.all_records()
            await self._app.client.run(lambda: write(records, target))
        except ShopfloorError as error:
            show_error(self._app, error, "Nothing was exported.")
        else:
            self._app.show_message(f"{counted(len(records), 'row')} written to {target}")

    async def _show(self, action: Action, record: Record | str | None, given: Given) -> None:
        from shopfloor.tui.showing import show_answer

        await show_answer(self._app, action, record, given)


def _focus(pane: Pane, step: int) -> None:
    if step > 0:
        pane.focus_next()
    else:
        pane.focus_previous()


def _noun(record: Record, pane: Pane) -> str:
    """What the command line calls a record: by its type, else by the pane that lists it."""
    called = type(record).__name__.removesuffix("Record").lower()
    return called if called in _NOUNS else next(iter(pane.scope.pane.nouns), "lineage")


async def _ask_path(app: App, pane: Pane) -> str:
    from shopfloor.tui.widgets.form import Field, FormDialog

    start = f"{'-'.join(word.lower() for word in pane.title_words) or 'home'}.csv"
    field = Field(
        "path",
        "File",
        default=start,
        help="A path ending in .csv or .json, relative to the start directory.",
        required=True,
    )
    answer = await app.ask(FormDialog("Export the rows of this view", [field], submit="Write"))
    return str(answer["path"]) if answer else ""
