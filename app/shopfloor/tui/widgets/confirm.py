"""Asking before something that cannot simply be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from shopfloor.tui.widgets.dialog import Buttons, Dialog, DialogButton, PlainInput
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph


class ConfirmDialog(Dialog[bool]):
    """`question` names the object, `effect` says what will happen. The result is True or False.

    Cancel has the focus: a stray enter never does harm. With `typed_name` the confirming button
    wakes up only when exactly that name was typed.
    """

    DEFAULT_CSS = """
    ConfirmDialog {
        & Paragraph { margin: 0 0 1 0; }
        & #typed { margin: 1 0 0 0; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "cancel", "Cancel", show=False, id="confirm.no"),
        Binding("y", "confirm", "Confirm", show=False, id="confirm.yes"),
    ]

    def __init__(
        self,
        title: str,
        question: str,
        effect: str = "",
        *,
        facts: Sequence[Pair | tuple[str, str]] = (),
        confirm: str = "Confirm",
        cancel: str = "Cancel",
        typed_name: str = "",
        danger: bool = True,
    ) -> None:
        keys = "esc Cancel" if typed_name else "y Yes  n No  esc Cancel"
        super().__init__(title, keys=keys, danger=danger)
        self._question, self._effect, self._facts = question, effect, tuple(facts)
        self._labels = (cancel, confirm)
        self._typed_name = typed_name

    def body(self) -> ComposeResult:
        yield Paragraph(self._question, tone="strong")
        if self._effect:
            yield Paragraph(self._effect)
        if self._facts:
            yield KeyValue(self._facts)
        if self._typed_name:
            yield Paragraph(f"Type {self._typed_name} to confirm:", tone="muted", id="typed")
            yield PlainInput(id="typed-name")
        with Buttons():
            yield DialogButton(self._labels[0], id="cancel")
            yield DialogButton(self._labels[1], tone="fail" if self._risky else "key", id="confirm")

    @property
    def _risky(self) -> bool:
        return self.has_class("-danger")

    def on_mount(self) -> None:
        self.query_one("#confirm", DialogButton).disabled = bool(self._typed_name)
        self.query_one("#typed-name" if self._typed_name else "#cancel").focus()

    @on(PlainInput.Changed)
    def _typed(self, event: PlainInput.Changed) -> None:
        self.query_one("#confirm", DialogButton).disabled = event.value != self._typed_name

    @on(PlainInput.Submitted)
    def _entered(self) -> None:
        """Enter in the field goes to the button, so that doing it always takes a second key."""
        button = self.query_one("#confirm", DialogButton)
        (self.query_one("#cancel") if button.disabled else button).focus()

    @on(DialogButton.Pressed)
    def _pressed(self, event: DialogButton.Pressed) -> None:
        self.dismiss(event.button.id == "confirm")

    def action_cancel(self) -> None:
        self.dismiss(False)

    def action_confirm(self) -> None:
        if not self._typed_name:
            self.dismiss(True)
