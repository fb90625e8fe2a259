"""What all dialogs share: the box, its foot line, and buttons of one line."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece

Result = TypeVar("Result")


class CopyRequested(Message):
    """Copy `text` to the clipboard; the application knows which way works here."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Dialog(ModalScreen[Result]):
    """A box in the middle of the screen. Escape always closes it without effect.

    Where there is a field to type in, letters are text, also while a button has the focus.
    """

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 55%;
        & > .dialog--box {
            width: 68;
            max-width: 94%;
            height: auto;
            max-height: 92%;
            padding: 1 2;
            background: $surface;
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
        }
        &.-danger > .dialog--box { border: round $error; border-title-color: $text-error; }
        & .dialog--buttons { height: 1; margin: 1 0 0 0; align-horizontal: right; }
        &:ansi > .dialog--box { background: ansi_default; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, id="dialog.cancel"),
    ]

    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(self, title: str, *, keys: str = "esc Cancel", danger: bool = False) -> None:
        super().__init__()
        self._heading, self._keys = title, keys
        self.set_class(danger, "-danger")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog--box") as box:
            box.border_title = Content(clean(self._heading, 60))
            box.border_subtitle = Content(clean(self._keys, 70))
            yield from self.body()

    def body(self) -> ComposeResult:
        """The widgets inside the box."""
        raise NotImplementedError

    def on_key(self, event: events.Key) -> None:
        """A letter that was typed on a button belongs to the field."""
        field = self._field() if event.is_printable else None
        if field is not None and event.character:
            event.stop()
            event.prevent_default()
            self.set_focus(field)
            field.insert_text_at_cursor(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """So does what was pasted."""
        field = self._field()
        if field is not None:
            self.set_focus(field)
            field.on_paste(event)

    def _field(self) -> PlainInput | None:
        """The field that letters are for while a button has the focus."""
        apart = self.focused is None or isinstance(self.focused, DialogButton)
        return self.query(PlainInput).first() if apart and self.query(PlainInput) else None

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Answer, once: a second click on its way closes nothing else."""
        return super().dismiss(result) if self.is_current else AwaitComplete.nothing()  # type: ignore[no-untyped-call]

    def action_cancel(self) -> None:
        self.dismiss(None)


class DialogButton(LineWidget, can_focus=True):
    """A button of one line: `[ Label ]`, pressed by enter, space or click."""

    DEFAULT_CSS = """
    DialogButton {
        width: auto;
        height: 1;
        margin: 0 0 0 1;
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
        &:disabled { color: $text-disabled; }
        &:ansi:focus { text-style: reverse; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "press", "Press", show=False)]

    class Pressed(Message):
        """The button was pressed."""

        def __init__(self, button: DialogButton) -> None:
            super().__init__()
            self.button = button

        @property
        def control(self) -> DialogButton:
            return self.button

    def __init__(self, label: str, *, tone: str = "", id: str) -> None:
        super().__init__(id=id)
        self._label, self._tone = cut(clean(label, 30), 30), tone

    def lines(self, width: int) -> list[Line]:
        tone = "" if self.disabled else self._tone
        return [[Piece(f"[ {self._label} ]", tone, "press")]]

    def get_content_width(self, container: object, viewport: object) -> int:
        return cell_len(self._label) + 4

    def clicked(self, hit: str) -> None:
        self.action_press()

    def watch_disabled(self, disabled: bool) -> None:
        super().watch_disabled(disabled)
        self.redraw()

    def action_press(self) -> None:
        if not self.disabled:
            self.post_message(self.Pressed(self))


class Buttons(Horizontal):
    """Buttons in a row; left and right go between them."""

    DEFAULT_CSS = """
    Buttons { height: 1; margin: 1 0 0 0; align-horizontal: right; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]


class PlainInput(Input):
    """A text field of one harmless line, without a blinking cursor."""

    DEFAULT_CSS = """
    PlainInput, PlainInput:focus {
        height: 1;
        border: none;
        padding: 0;
        background: $panel;
    }
    PlainInput:focus { background-tint: $foreground 6%; }
    PlainInput:ansi {
        background: ansi_default;
        & > .input--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }
        & > .input--selection { background: ansi_default; color: ansi_default; text-style: reverse; }
    }
    """

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(value, placeholder=clean(placeholder), id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Whatever sets the text, nothing in it can move the terminal's cursor."""
        return clean(value)

    def on_paste(self, event: events.Paste) -> None:
        """All lines are taken, joined to one by blanks, and nothing in them that could move a cursor."""
        event.prevent_default()
        event.stop()
        lines = [text for line in event.text.splitlines() if (text := line.strip())]
        # A single line keeps the blanks around it: it may be part of a sentence.
        self.replace(clean(" ".join(lines) if len(lines) > 1 else event.text.strip("\r\n")), *self.selection)
