"""Asking before something that cannot simply be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll

from shopfloor.tui.widgets.dialog import Buttons, Dialog, DialogButton, PlainInput
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph

_AROUND = 6  # border, padding, buttons and the line over them
_PAGE = 8


class ScrolledText(VerticalScroll, inherit_bindings=False):
    """What is too long for the screen; the keys belong to the dialog, which scrolls it."""


class ConfirmDialog(Dialog[bool]):
    """`question` names the object, `effect` says what will happen. The result is True or False.

    Cancel comes first and has the focus: a stray enter never does harm. With `typed_name` the confirming
    button wakes up only when exactly that name was typed. With `asks_reason` there is a field for the
    history; read `reason` when the answer is True. Where there is a field letters are text, and only
    ctrl+y or the button confirms.
    """

    DEFAULT_CSS = """
    ConfirmDialog {
        & > .dialog--box { width: 76; }
        & Paragraph { margin: 0 0 1 0; }
        & KeyValue { margin: 0 0 1 0; }
        & .confirm--row { height: 1; }
        & .confirm--row Paragraph { width: 20; margin: 0; }
        & .confirm--row PlainInput { width: 1fr; }
        & #evidence { height: auto; margin: 0 0 1 0; scrollbar-size-vertical: 1; }
        & #evidence > *:last-child { margin: 0; }
        & Buttons { margin: 0; }
        & .confirm--row.-last { margin: 0 0 1 0; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "cancel", "Cancel", show=False, id="confirm.no"),
        Binding("y,ctrl+y", "confirm", "Confirm", show=False, id="confirm.yes"),
    ]

    def __init__(
        self,
        title: str,
        question: str,
        effect: str = "",
        *,
        facts: Sequence[Pair | tuple[str, str]] = (),
        command: str = "",
        confirm: str = "Confirm",
        cancel: str = "Cancel",
        typed_name: str = "",
        asks_reason: bool = False,
        reason: str = "",
        danger: bool = True,
    ) -> None:
        key = "ctrl+y" if typed_name or asks_reason else "y"
        super().__init__(title, keys=f"{key} {confirm}  esc {cancel}", danger=danger)
        self._question, self._effect, self._facts, self._command = question, effect, tuple(facts), command
        self._labels = (cancel, confirm)
        self._typed_name, self._asks_reason, self._given = typed_name, asks_reason, reason

    @property
    def reason(self) -> str:
        """What was typed for the history."""
        field = self.query_one_optional("#reason", PlainInput)
        return field.value.strip() if field is not None else self._given

    def body(self) -> ComposeResult:
        with ScrolledText(id="evidence", can_focus=False):
            yield Paragraph(self._question, tone="strong")
            if self._effect:
                yield Paragraph(self._effect)
            if self._facts:
                yield KeyValue(self._facts)
            if self._command:
                yield Paragraph(f"Command line: {self._command}", tone="muted")
        if self._asks_reason:
            with Horizontal(classes="confirm--row" if self._typed_name else "confirm--row -last"):
                yield Paragraph("Reason (optional)", tone="muted")
                yield PlainInput(self._given, id="reason")
        if self._typed_name:
            with Horizontal(classes="confirm--row -last"):
                yield Paragraph("Type its name", tone="strong")
                yield PlainInput(placeholder=self._typed_name, id="typed-name")
        with Buttons():
            yield DialogButton(self._labels[0], id="cancel")
            yield DialogButton(self._labels[1], tone="fail" if self.has_class("-danger") else "key", id="confirm")

    def on_mount(self) -> None:
        self.query_one("#confirm", DialogButton).disabled = bool(self._typed_name)
        self.query_one("#typed-name" if self._typed_name else "#cancel").focus()

    def on_resize(self, event: events.Resize) -> None:
        """On a short screen the evidence scrolls; the fields and the buttons stay visible."""
        fields = self.query(".confirm--row")
        around = _AROUND + len(fields) + (1 if fields else 0)
        self.query_one("#evidence").styles.max_height = max(2, int(event.size.height * 0.92) - around)

    def key_down(self) -> None:
        self._scroll(1)

    def key_up(self) -> None:
        self._scroll(-1)

    def key_pagedown(self) -> None:
        self._scroll(_PAGE)

    def key_pageup(self) -> None:
        self._scroll(-_PAGE)

    def _scroll(self, lines: int) -> None:
        self.query_one("#evidence").scroll_relative(y=lines, animate=False)

    @on(PlainInput.Changed, "#typed-name")
    def _typed(self, event: PlainInput.Changed) -> None:
        self.query_one("#confirm", DialogButton).disabled = event.value != self._typed_name

    @on(PlainInput.Submitted)
    def _entered(self, event: PlainInput.Submitted) -> None:
        """Enter goes on: from the reason to the name, from the typed name to the button, else to Cancel."""
        confirm = self.query_one("#confirm", DialogButton)
        if event.input.id == "reason" and self._typed_name:
            self.query_one("#typed-name").focus()
        elif self._typed_name and not confirm.disabled:
            confirm.focus()
        else:
            self.query_one("#cancel").focus()

    @on(DialogButton.Pressed)
    def _pressed(self, event: DialogButton.Pressed) -> None:
        self.dismiss(event.button.id == "confirm")

    def action_cancel(self) -> None:
        self.dismiss(False)

    def action_confirm(self) -> None:
        if not self.query_one("#confirm", DialogButton).disabled:
            self.dismiss(True)
