"""The question before a release decision: its evidence, a reason for the history, and Cancel in focus."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal

from shopfloor.tui.widgets.confirm import ConfirmDialog
from shopfloor.tui.widgets.dialog import Buttons, DialogButton, PlainInput
from shopfloor.tui.widgets.key_value import KeyValue, Pair, Paragraph


class DecisionDialog(ConfirmDialog):
    """A `ConfirmDialog` that also takes a reason; read `reason` when the answer is True."""

    DEFAULT_CSS = """
    DecisionDialog {
        & > .dialog--box { width: 76; }
        & KeyValue { margin: 0 0 1 0; }
        & .decision--row { height: 1; margin: 1 0 0 0; }
        & .decision--row Paragraph { width: 18; margin: 0; }
    }
    """

    def __init__(
        self,
        title: str,
        question: str,
        command: str,
        *,
        facts: Sequence[Pair],
        confirm: str,
        typed_name: str,
        asks_reason: bool,
        reason: str = "",
    ) -> None:
        super().__init__(title, question, command, facts=facts, confirm=confirm, typed_name=typed_name)
        self._asks_reason = asks_reason
        self._given = reason

    @property
    def reason(self) -> str:
        """What was typed for the history."""
        field = self.query_one_optional("#reason", PlainInput)
        return field.value.strip() if field is not None else self._given

    def body(self) -> ComposeResult:
        yield Paragraph(self._question, tone="strong")
        if self._facts:
            yield KeyValue(self._facts)
        if self._effect:
            yield Paragraph(self._effect, tone="muted")
        if self._asks_reason:
            with Horizontal(classes="decision--row"):
                yield Paragraph("Reason (optional)", tone="muted")
                yield PlainInput(self._given, id="reason")
        if self._typed_name:
            with Horizontal(classes="decision--row"):
                yield Paragraph("Type its name", tone="strong")
                yield PlainInput(placeholder=self._typed_name, id="typed-name")
        with Buttons():
            yield DialogButton(self._labels[0], id="cancel")
            yield DialogButton(self._labels[1], tone="fail", id="confirm")

    def on_input_changed(self, event: PlainInput.Changed) -> None:
        """Only the typed name wakes the button, not the reason."""
        event.prevent_default()
        if event.input.id == "typed-name":
            self.query_one("#confirm", DialogButton).disabled = event.value != self._typed_name
