"""One place to import all dialogs and prompt lines from."""

from __future__ import annotations

from shopfloor.tui.widgets.command_line import CommandLine
from shopfloor.tui.widgets.confirm import ConfirmDialog
from shopfloor.tui.widgets.dialog import CopyRequested, Dialog
from shopfloor.tui.widgets.error_dialog import ErrorDialog
from shopfloor.tui.widgets.filter_input import FilterInput
from shopfloor.tui.widgets.form import Field, FormDialog
from shopfloor.tui.widgets.help_dialog import HelpDialog, HelpRow

__all__ = [
    "CommandLine",
    "ConfirmDialog",
    "CopyRequested",
    "Dialog",
    "ErrorDialog",
    "Field",
    "FilterInput",
    "FormDialog",
    "HelpDialog",
    "HelpRow",
]
