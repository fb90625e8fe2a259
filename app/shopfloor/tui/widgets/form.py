"""A form by keyboard: fields under each other, help for the one in focus, errors where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget

from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.cells import clean, cut
from shopfloor.tui.widgets.choice_input import ChoiceInput, ToggleInput
from shopfloor.tui.widgets.dialog import Buttons, Dialog, DialogButton, PlainInput
from shopfloor.tui.widgets.key_value import Prose
from shopfloor.tui.widgets.lines import Line, LineWidget, Piece

Value = str | bool


class Field(msgspec.Struct, frozen=True):
    """One question of a form.

    `default` is the starting value: text, one of `choices`, or True/False. `check` gets the text
    and returns what is wrong with it, or nothing.
    """

    name: str
    label: str
    kind: Literal["text", "choice", "bool"] = "text"
    choices: Sequence[str] = ()
    default: Value = ""
    help: str = ""
    required: bool = False
    check: Callable[[str], str] | None = None


class FieldLabel(LineWidget):
    """The name of a field; required ones carry `*`."""

    DEFAULT_CSS = """
    FieldLabel { height: 1; width: 18; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field
        self._lit = False

    def set_lit(self, lit: bool) -> None:
        self._lit = lit
        self.redraw()

    def lines(self, width: int) -> list[Line]:
        bar = glyphs.BAR if self._lit else " "
        star = " *" if self._field.required else ""
        text = cut(clean(self._field.label, width), width - 3 - len(star))
        return [[Piece(bar, "key"), Piece(text, "strong" if self._lit else ""), Piece(star, "warn")]]


_AIRY = 6  # more fields than these stand without empty lines between them: 24 lines hold a long form whole
_MOST_LINES = 14
_AROUND = 11  # border, padding, hint, buttons, and a little of the screen below
_INTRO = 3


class FormRows(VerticalScroll, inherit_bindings=False):
    """The fields; up and down belong to the form, which moves the focus with them."""


class FormDialog(Dialog[dict[str, Value] | None]):
    """Asks `fields` and returns their values by name, or None when cancelled.

    Tab, up and down go between fields, enter sends the form from anywhere. What is wrong is said
    in the last line and the focus goes there.
    """

    DEFAULT_CSS = """
    FormDialog {
        & > .dialog--box { width: 76; }
        & #fields { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
        & .form--row { height: 1; margin: 0 0 1 0; }
        &.-dense .form--row { margin: 0; }
        &.-dense #hint { margin: 1 0 0 0; }
        & #intro { margin: 0 0 1 0; }
        & #hint { height: 2; }
        & PlainInput { width: 1fr; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("enter", "send", "Send", show=False, id="form.send"),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        intro: str = "",
        submit: str = "OK",
        check: Callable[[Mapping[str, Value]], str] | None = None,
    ) -> None:
        """
        Args:
            title: What the form is about.
            fields: The questions, in order.
            intro: A sentence above them.
            submit: Label of the button that sends.
            check: Looks at all values together and returns what is wrong, or nothing.
        """
        super().__init__(title, keys="tab Next  enter Send  esc Cancel")
        self._fields = tuple(fields)
        self._intro, self._submit, self._check = intro, submit, check
        self._complaint: tuple[int | None, str] = (None, "")
        self.set_class(len(self._fields) > _AIRY, "-dense")

    def body(self) -> ComposeResult:
        if self._intro:
            yield Prose(self._intro, tone="muted", id="intro")
        with FormRows(id="fields", can_focus=False):
            for i, field in enumerate(self._fields):
                with Horizontal(classes="form--row"):
                    yield FieldLabel(field)
                    yield _input_of(field, f"field-{i}")
        with Vertical(id="hint"):
            yield Prose(tone="muted", id="hint-text")
        with Buttons():
            yield DialogButton("Cancel", id="cancel")
            yield DialogButton(self._submit, tone="key", id="submit")

    def on_mount(self) -> None:
        first = "#field-0" if self._fields else "#submit"
        self.query_one(first).focus()

    def on_resize(self, event: events.Resize) -> None:
        """On a short screen the fields scroll; the buttons and the hint stay in sight."""
        around = _AROUND + (_INTRO if self._intro else 0)
        self.query_one("#fields").styles.max_height = max(2, min(_MOST_LINES, event.size.height - around))

    @property
    def values(self) -> dict[str, Value]:
        """What stands in the fields now, by name."""
        return {field.name: self._value(i) for i, field in enumerate(self._fields)}

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._light(event.widget)

    def action_send(self) -> None:
        for i, field in enumerate(self._fields):
            if problem := _problem(field, self._value(i)):
                self._complain(problem, i)
                return
        if self._check is not None and (problem := self._check(self.values)):
            self._complain(problem)
            return
        self.dismiss(self.values)

    @on(PlainInput.Submitted)
    def _entered(self) -> None:
        self.action_send()

    @on(DialogButton.Pressed)
    def _pressed(self, event: DialogButton.Pressed) -> None:
        if event.button.id == "submit":
            self.action_send()
        else:
            self.dismiss(None)

    def _value(self, i: int) -> Value:
        widget = self.query_one(f"#field-{i}")
        if isinstance(widget, PlainInput | ChoiceInput | ToggleInput):
            return widget.value
        raise TypeError(f"no value in {widget!r}")

    def _light(self, focused: Widget) -> None:
        """Mark the label of the field in focus; tell what is wrong with it, or its help."""
        hint, tone = "", "muted"
        for i, label in enumerate(self.query(FieldLabel)):
            lit = focused.id == f"field-{i}"
            label.set_lit(lit)
            if lit:
                wrong = self._complaint[1] if self._complaint[0] == i else ""
                hint, tone = (wrong, "fail") if wrong else (self._fields[i].help, "muted")
        self._complaint = (None, "")
        self.query_one("#hint-text", Prose).set_text(hint, tone)

    def _complain(self, problem: str, i: int | None = None) -> None:
        self.query_one("#hint-text", Prose).set_text(problem, "fail")
        field = self.query_one(f"#field-{i}") if i is not None else None
        if field is not None and field is not self.focused:
            self._complaint = (i, problem)  # said again when the focus arrives there
            field.focus()


def _input_of(field: Field, id: str) -> Widget:
    if field.kind == "bool":
        return ToggleInput(bool(field.default), id=id)
    if field.kind == "choice":
        return ChoiceInput(field.choices, str(field.default), id=id)
    return PlainInput(str(field.default), id=id)


def _problem(field: Field, value: Value) -> str:
    """What is wrong with one value, or nothing."""
    if isinstance(value, bool):
        return ""
    if field.required and not value.strip():
        return f"{field.label} is needed."
    if field.check is not None and value:
        return field.check(value)
    return ""
