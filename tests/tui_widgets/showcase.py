"""The widgets with realistic content, as an application to look at.

`python tests/tui_widgets/showcase.py [scene]` runs it; `render(scene, size)` takes a picture.
"""

from __future__ import annotations

import math
import os
import sys

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from shopfloor.tui.stylesheet import ParsedOnce
from shopfloor.tui.theme import THEMES, ansi_color, choose_theme, state_of
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.command_line import CommandLine
from shopfloor.tui.widgets.confirm import ConfirmDialog
from shopfloor.tui.widgets.detail_pane import Chart, DetailPane, Histogram, Section
from shopfloor.tui.widgets.dialog import Dialog
from shopfloor.tui.widgets.error_dialog import ErrorDialog
from shopfloor.tui.widgets.filter_input import FilterInput
from shopfloor.tui.widgets.footer import PINNED, ActionFooter, FooterItem
from shopfloor.tui.widgets.form import Field, FormDialog
from shopfloor.tui.widgets.header import PaneTab, StatusHeader, StatusItem
from shopfloor.tui.widgets.help_dialog import HelpDialog, HelpRow
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.line_plot import Bin, Series
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import bar, sparkline
from shopfloor.tui.widgets.virtual_table import VirtualTable

COLUMNS = (
    TableColumn("state", "STATE", width=8, sortable=True),
    TableColumn("run", "RUN", width=4, align="right"),
    TableColumn("dataset", "DATASET", ratio=2, min=12, max=24, priority=60),
    TableColumn("recipe", "RECIPE", ratio=2, min=9, max=20, priority=70),
    TableColumn("auc", "AUC", width=5, align="right", sortable=True),
    TableColumn("delta", "ΔBEST", width=6, align="right", priority=50),
    TableColumn("folds", "FOLDS", width=8, priority=10),
    TableColumn("time", "TIME", width=5, align="right", priority=30),
    TableColumn("trigger", "TRIGGER", width=7, priority=20),
    TableColumn("when", "WHEN", width=5, align="right", sortable=True),
)

TABS = (
    PaneTab("datasets", "1", "Datasets", "Data", "12"),
    PaneTab("runs", "2", "Experiments", "Runs", "340"),
    PaneTab("models", "3", "Models", "", "3"),
    PaneTab("alerts", "4", "Alerts", "", "2", urgent=True),
    PaneTab("activity", "5", "Activity"),
    PaneTab("lineage", "6", "Lineage"),
)

ITEMS = (
    FooterItem("open", "enter", "Open"),
    FooterItem("promote", "P", "Promote"),
    FooterItem("retry", "r", "Retry", enabled=False, reason="This run succeeded."),
    FooterItem("mark", "space", "Mark"),
    FooterItem("filter", "/", "Filter"),
    FooterItem("log", "l", "Log"),
    *PINNED,
)

_STATES = ("running", "succeeded", "succeeded", "failed", "lost", "queued", "succeeded", "warn")
_RECIPES = ("gbm-small", "logit", "gbm-wide", "forest")
_DATA = ("customers@8", "customers@7", "churn-eu@12", "顧客データ@3", "late-arrivals@41")


def run_row(number: int) -> Row:
    """One plausible run; the newest is unfinished."""
    state = state_of(_STATES[(340 - number) % len(_STATES)])
    running, scored = state.word == "run", state.word in {"ok", "warn"}
    score = 0.92 - 0.002 * ((number * 7) % 45)
    delta = score - 0.912
    folds = [score + 0.02 * math.sin(number + i) for i in range(8)]
    word = f"run {62}%" if running else state.word
    tone = "ok" if delta > 0 else "muted"
    return Row(
        str(number),
        (
            Cell(word, state.tone),
            str(number),
            Cell(_DATA[number % len(_DATA)]),
            Cell(_RECIPES[number % len(_RECIPES)]),
            Cell(f"{score:.3f}"[1:] if scored else "–", "strong" if scored else "faint"),
            Cell(f"{delta:+.3f}".replace("0.", ".") if scored else "–", tone if scored else "faint"),
            Cell(sparkline(folds, 8) if scored else "", "run"),
            Cell(f"{number % 3}:{number * 7 % 60:02d}", "muted"),
            Cell("watch" if number % 3 else "you", "muted"),
            Cell("now" if running else f"{(341 - number) * 9}m", "muted"),
        ),
    )


def detail_sections() -> list[Section]:
    score = [0.81 + 0.1 * (1 - math.exp(-i / 9)) + 0.006 * math.sin(i * 1.7) for i in range(60)]
    train = [value + 0.02 + 0.0006 * i for i, value in enumerate(score)]
    curves = [Series("train", train, "second"), Series("valid", score, "run")]
    chart = Chart(curves, limit=0.85, x_labels=("1", "60 rounds"))
    edges = ("< 20", "20–29", "30–39", "40–49", "50–59", "≥ 60")
    counts = ((120, 80), (340, 210), (420, 390), (260, 310), (90, 240), (12, 160))
    shares = Histogram([Bin(e, a, b) for e, (a, b) in zip(edges, counts, strict=True)])
    facts = [
        Pair("State", "ok", "ok"),
        Pair("Model", "churn"),
        Pair("Dataset", "customers@7 · 48,210 rows"),
        Pair("Artifact", "sha256 9f2c41ab77e0c1d2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091"),
        Pair("Trigger", "watch: inbox/customers/2026-w40.csv"),
        Pair("Progress", f"{bar(0.62, 12)} 62%  eta 0:40", "run"),
    ]
    note = "Fourth fold is 0.021 below the mean; slice region=EU has 212 rows only."
    return [
        Section("facts", "Run 341", facts, note="18m ago"),
        Section("curve", "Learning curve", chart, note="roc_auc"),
        Section("age", "age: reference and current", shares, note="PSI 0.31"),
        Section("note", "Note", note),
    ]


class Showcase(App[None]):
    """One screen as the product will have it."""

    CSS = """
    #body { height: 1fr; }
    #list { width: 55fr; }
    #detail { width: 45fr; display: none; border-left: vkey $border-blurred; }
    .-wide #detail { display: block; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, scene: str = "list", theme: str = "shopfloor-dark") -> None:
        super().__init__(ansi_color=ansi_color(os.environ))
        self.stylesheet = ParsedOnce(self.get_css_variables())
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme
        self.animation_level = "none"
        self.scene = scene

    def compose(self) -> ComposeResult:
        yield StatusHeader()
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield FilterInput(placeholder="status:failed auc>0.9")
                yield VirtualTable(COLUMNS, empty=self.empty_text(), open_on_click=False)
            yield DetailPane(id="detail")
        yield CommandLine(["runs failed", "runs lost", "retry 342", "w runs.csv", "rollback churn"])
        yield ActionFooter(ITEMS)

    @staticmethod
    def empty_text() -> Content:
        return Content.assemble(
            ("Nothing trained yet.\n", "bold"),
            "Press ",
            ("r", "bold $text-primary"),
            " to train baseline on customers@1 (about 4 s).",
        )

    async def on_mount(self) -> None:
        header = self.query_one(StatusHeader)
        header.set_crumbs(["shop", "Experiments", "churn"])
        header.set_tabs(TABS, "runs")
        header.set_status(
            [
                StatusItem("watch on", "ok"),
                StatusItem("train 1 (62%)", "run", "jobs"),
                StatusItem("alerts 2", "warn", "alerts"),
            ]
        )
        wide = self.size.width >= 100
        self.screen.set_class(wide, "-wide")
        detail = self.query_one(DetailPane)
        await detail.show(detail_sections())
        await self.play()

    async def play(self) -> None:
        table = self.query_one(VirtualTable)
        table.focus()
        table.sort = ("when", True)
        rows = [run_row(number) for number in range(340, 0, -1)]
        if self.scene == "empty":
            table.set_rows([])
            return
        table.set_rows(rows[3:] if self.scene == "news" else rows)
        table.marks = ["338", "335"]
        self.call_after_refresh(self.act, rows)

    def act(self, rows: list[Row]) -> None:
        table = self.query_one(VirtualTable)
        table.move_to(2)
        if self.scene == "news":
            table.move_to(30)
            table.set_rows(rows)
            self.query_one(StatusHeader).set_link("stale", "12 s")
            self.query_one(ActionFooter).set_items(ITEMS, "2 marked")
        elif self.scene == "filter":
            line = self.query_one(FilterInput)
            line.open("failed since:7d")
            line.set_info("12 of 340   sort when ▼")
            table.set_rows([row for row in rows if "FAIL" in str(row.cells[0])], query="failed")
        elif self.scene == "command":
            self.query_one(CommandLine).open("r")
        elif self.scene in DIALOGS:
            self.push_screen(DIALOGS[self.scene]())


def confirm_dialog() -> Dialog[bool]:
    return ConfirmDialog(
        "Roll back",
        "Roll back churn from v7 to v6?",
        "Requests are answered by v6 from now on; v7 stays registered.",
        facts=[("Champion", "v7  .912 live .887"), ("Target", "v6  .905  promoted 12 days")],
        confirm="Roll back",
        typed_name="churn",
    )


def error_dialog() -> Dialog[None]:
    return ErrorDialog(
        "customers-2026w40.csv was not taken in.",
        why="Line 1042 has 7 fields, expected 9.",
        do="Correct the file and drop it again, or press e to see the rejected line.",
        details="quarantine/customers/customers-2026w40.csv\ncode wrong_field_count\nsha256 9f2c41ab",
    )


def form_dialog() -> Dialog[dict[str, str | bool] | None]:
    return FormDialog(
        "Define a model",
        [
            Field("name", "Name", default="late-arrival", required=True, help="Lower case, dashes."),
            Field("dataset", "Dataset", "choice", ["flights", "airports", "weather"], "flights"),
            Field("target", "Target", "choice", [f"column_{i}" for i in range(40)], "column_7"),
            Field("release", "Release", "choice", ["auto", "approval", "manual"], "approval"),
            Field("budget", "Search budget", default="60 s", help="Time for the search, in total."),
            Field("shadow", "Shadow first", "bool", default=True),
        ],
        intro="A definition is a text file in models/; you can edit it later.",
        submit="Define",
    )


def help_dialog() -> Dialog[str | None]:
    return HelpDialog(
        "Experiments: keys",
        [
            HelpRow("enter", "Open", "Show the run under the cursor.", "open"),
            HelpRow("P", "Promote", "Make this run's version the champion; shows the gate.", "promote"),
            HelpRow("r", "Retry", "Train again with the same data and seed.", "retry", enabled=False),
            HelpRow("space", "Mark", "Mark for comparison or a bulk action.", "mark"),
            HelpRow("/", "Filter", "status:failed auc>0.9 since:7d, or any text.", "filter"),
            HelpRow("s", "Sort", "Choose the column to sort by; S reverses.", "sort"),
            HelpRow("l", "Log", "Follow the log of this run.", "log"),
            HelpRow("y", "Copy id", "Copy the run's id; Y offers more.", "copy"),
            HelpRow("j k g G", "Move", "Also arrows, home, end, ctrl+d, ctrl+u."),
            HelpRow("1 … 6", "Panes", "Datasets, Experiments, Models, Alerts, Activity, Lineage."),
        ],
    )


DIALOGS = {
    "confirm": confirm_dialog,
    "error": error_dialog,
    "form": form_dialog,
    "help": help_dialog,
}
SCENES = ("list", "news", "filter", "command", "empty", *DIALOGS)


async def render(scene: str, size: tuple[int, int], theme: str = "shopfloor-dark") -> str:
    """SVG of one scene."""
    app = Showcase(scene, theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        return app.export_screenshot()


if __name__ == "__main__":
    chosen = choose_theme(sys.argv[2] if len(sys.argv) > 2 else "auto", os.environ)
    Showcase(sys.argv[1] if len(sys.argv) > 1 else "list", chosen).run()
