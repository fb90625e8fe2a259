"""Actions that move the view and ask the engine nothing."""

from __future__ import annotations

from shopfloor.actions.action import Action, Input, InputKind
from shopfloor.actions.panes import PANES, PaneSpec, Scope

_EVERYWHERE = (Scope.GLOBAL,)


def _go(scope: Scope, pane: PaneSpec) -> Action:
    return Action(
        name=f"go.{scope}",
        key=pane.key,
        label=pane.label,
        help=f"Show {pane.shows}.",
        scopes=_EVERYWHERE,
        cli=pane.cli,
        inputs=(Input(name="query", label=pane.query),),
        goes_to=scope,
    )


def _view(key: str, name: str, label: str, text: str, rank: int = 0) -> Action:
    return Action(name=name, key=key, label=label, help=text, scopes=_EVERYWHERE, rank=rank)


GO = tuple(_go(scope, pane) for scope, pane in PANES.items())

VIEW = (
    _view("enter", "view.open", "Open", "Open the selected row.", rank=1),
    _view("escape", "view.back", "Back", "Go back; never quits."),
    Action(
        name="view.filter",
        key="/",
        label="Filter",
        help="Show only rows that match: text, !text, name:text.",
        scopes=_EVERYWHERE,
        inputs=(Input(name="query", label="Filter"),),
        rank=60,
    ),
    _view(":", "view.command", "Command", "Type a command, as on the command line.", 91),
    _view("?", "view.help", "Help", "Show every key of this pane.", rank=90),
    _view("ctrl+p", "view.palette", "Palette", "Find an action or object by name."),
    _view("space", "view.mark", "Mark", "Mark the row, to compare rows or act on several.", rank=70),
    _view("s", "view.sort", "Sort", "Choose the column to sort by."),
    _view("S", "view.sort_reverse", "Reverse", "Reverse the order."),
    _view("y", "view.copy", "Copy", "Copy the id of the row."),
    _view("Y", "view.copy_more", "Copy as", "Copy the row as text, JSON or a command line."),
    _view("p", "view.pause", "Pause", "Stop and start live updates."),
    _view("ctrl+r", "view.refresh", "Refresh", "Reload from the engine."),
    _view("tab", "view.focus_next", "Next", "Focus the next part of the screen."),
    _view("shift+tab", "view.focus_previous", "Previous", "Focus the previous part of the screen."),
    _view("g", "view.top", "Top", "Go to the first row."),
    _view("G", "view.bottom", "Bottom", "Go to the last row."),
    _view("q", "app.quit", "Quit", "Quit the screens; the engine and its jobs keep running."),
    Action(
        name="view.export",
        key="e",
        label="Export",
        help="Export the rows of this view to a CSV or JSON file.",
        scopes=_EVERYWHERE,
        inputs=(Input(name="path", label="File", kind=InputKind.PATH, required=True),),
    ),
)

LOCAL = (
    Action(
        name="view.compare",
        key="c",
        label="Compare",
        help="Compare the marked rows; only differences are shown.",
        scopes=(Scope.DATASETS, Scope.EXPERIMENTS),
        rank=50,
    ),
    Action(
        name="lineage.direction",
        key="t",
        label="Turn",
        help="Switch between upstream, downstream and both.",
        scopes=(Scope.LINEAGE,),
        rank=10,
    ),
)

ACTIONS = (*GO, *VIEW, *LOCAL)
