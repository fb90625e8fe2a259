"""One thing a person can do, and everything a face needs to offer it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from shopfloor.actions.panes import Scope
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Request
from shopfloor.domain.text import safe

Inputs = Mapping[str, str]
"""Text of the fields that were filled in, by the field's name. An empty text is "not given"."""


class InputKind(StrEnum):
    """What a field takes, so that a form can offer the right widget."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    NAMES = "names"
    PATH = "path"
    TIME = "time"
    FLAG = "flag"


class Input(Record, frozen=True, kw_only=True):
    """One field to ask for. `choices` are the only valid texts of a CHOICE; a FLAG that is set reads `SET`.

    `also` is another flag for it on the command line, where an empty text removes what it `clears`.
    """

    name: str
    label: str
    help: str = ""
    kind: InputKind = InputKind.TEXT
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    also: str = ""
    clears: bool = False


SET = "yes"
CLEARED = " "
"""The text of a field that is emptied on purpose: an empty one is not given."""

REASON = Input(name="reason", label="Reason", help="Kept in the history.")


class Evidence(StrEnum):
    """What a person sees before deciding: nothing more, the version to release, or the one that comes back."""

    NONE = "none"
    CANDIDATE = "candidate"
    PREVIOUS = "previous"


class Confirm(Record, frozen=True, kw_only=True):
    """The question before an action that is hard to take back.

    `question` is a template over `{ref}`, `{name}` and the inputs. `effect` says in numbers what will happen to
    the record, which `show` asks for where only its reference is known. With `typed_name` the person
    types the name of the thing, because the effect is not undone by one more key.
    """

    question: str
    effect: Callable[[Record], str] = lambda record: ""
    show: Callable[[str], Request[Any]] | None = None
    typed_name: bool = False
    evidence: Evidence = Evidence.NONE


class Form(StrEnum):
    """What a form begins with: what the record knows, a dataset's columns to choose from, or the rules in force."""

    RECORD = "record"
    COLUMNS = "columns"
    RULES = "rules"


def no_ref(record: Record) -> str:
    """The reference of an action that is about nothing in particular."""
    return ""


def always(record: Record) -> str | None:
    """The check of an action that is never greyed out."""
    return None


class Action(Record, frozen=True, kw_only=True):
    """One action. Those without `build` only move the view; the terminal face knows them by name.

    `key` is a terminal key as Textual names it (one character, `ctrl+p`, `enter`), empty where
    the palette and `:` are the only ways. Upper case letters ask before they act.
    `records` are the kinds of record it acts on; empty means it needs no selection.
    `cli` is a template of the same thing in a shell: `{…}` are placeholders, `[…]` is left out
    when what it holds is not given, `[--flag{name!}]` is an option without a value.
    `rank` orders the footer, 0 stays out of it. An action that `shows` is done for its answer, not for an effect.
    `before` asks how things stand, so that doing it once more can say that nothing changed.
    `timeout` is in seconds.
    The form of the inputs is headed by `title`, a template over `{ref}`, begins as `form` says, and is sent by
    a button that reads `submit`; empty means the label.
    `goes_to` names the pane that an action shows.
    """

    name: str
    label: str
    help: str
    scopes: tuple[Scope, ...]
    key: str = ""
    records: tuple[type[Record], ...] = ()
    confirm: Confirm | None = None
    cli: str = ""
    inputs: tuple[Input, ...] = ()
    rank: int = 0
    ref: Callable[[Record], str] = no_ref
    why_not: Callable[[Record], str | None] = always
    prefill: Callable[[Record], dict[str, str]] | None = None
    build: Callable[[str, Inputs], Request[Any]] | None = None
    before: Callable[[str], Request[Any]] | None = None
    shows: bool = False
    timeout: float = 30.0
    title: str = ""
    form: Form = Form.RECORD
    submit: str = ""
    goes_to: Scope | None = None

    @property
    def asks_engine(self) -> bool:
        """True when the action is a request, False when it only moves the view."""
        return self.build is not None

    def fits(self, record: Record | None) -> bool:
        """True when the action is about this kind of record."""
        return not self.records or isinstance(record, self.records)

    def unavailable(self, record: Record | None) -> str | None:
        """Why the action is greyed out for the selected record, in one sentence; None if it is not."""
        if not self.records:
            return None
        if record is None:
            return "Nothing is selected."
        if not isinstance(record, self.records):
            return f"{self.label} does not apply to the selected row."
        return self.why_not(record)

    def defaults(self, record: Record | None) -> dict[str, str]:
        """Text to start each field with: what the record knows, else the field's own default."""
        known = self.prefill(record) if self.prefill and record is not None else {}
        return {each.name: known.get(each.name, each.default) for each in self.inputs}

    def target(self, record: Record | str | None) -> str:
        """How requests and the command line refer to the record; a text is a reference already."""
        if isinstance(record, str):
            return record
        return self.ref(record) if record is not None and self.fits(record) else ""

    def request(self, record: Record | str | None, inputs: Inputs | None = None) -> Request[Any]:
        """The question to the engine.

        Raises `RefusedError` when the action is unavailable for the record, `UsageError` when a
        required field is empty or a text is not usable.
        """
        if self.build is None:
            raise UsageError(f"{self.label} does not ask the engine.", code="not_a_request")
        if not isinstance(record, str):
            reason = self.unavailable(record)
            if reason is not None:
                raise RefusedError(reason, code="unavailable")
        elif self.records and not record:
            raise UsageError(f"{self.label} needs the name of a thing to act on.", hint=self.cli)
        return self.build(self.target(record), self._given(inputs or {}))

    def command(self, record: Record | str | None, inputs: Inputs | None = None) -> str:
        """The command line that does the same, quoted for a shell; empty when there is none."""
        return fill(self.cli, {"ref": self.target(record), **self._given(inputs or {}, check=False)})

    def question(self, record: Record | str | None, inputs: Inputs | None = None) -> str:
        """The sentence to confirm, safe to print; empty when the action does not ask."""
        if self.confirm is None:
            return ""
        values = {each.name: "" for each in self.inputs} | dict(inputs or {})
        values |= {"ref": self.target(record), "name": self.typed(record)}
        return self.confirm.question.format_map({key: safe(text) for key, text in values.items()})

    def typed(self, record: Record | str | None) -> str:
        """What a person types to confirm when `confirm.typed_name`: the reference without version."""
        return self.target(record).partition("@")[0]

    def _given(self, inputs: Inputs, *, check: bool = True) -> dict[str, str]:
        known = {each.name for each in self.inputs}
        given = {name: text for name, text in inputs.items() if text != "" and name in known}
        missing = [each for each in self.inputs if each.required and each.name not in given]
        if check and missing:
            raise UsageError(
                f"{self.label} needs {missing[0].label.lower()}.",
                hint=missing[0].help,
                code="missing_input",
            )
        return given


_OPTIONAL = re.compile(r"\s*\[([^\]]*)\]")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SWITCH = re.compile(r"\{(\w+)!\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """A command line from a template: values quoted, optional parts without a value left out."""

    def optional(part: re.Match[str]) -> str:
        switch = _SWITCH.search(part.group(1))
        if switch is not None:
            return " " + _SWITCH.sub("", part.group(1)) if values.get(switch.group(1)) == SET else ""
        names = _PLACEHOLDER.findall(part.group(1))
        return " " + part.group(1) if all(values.get(name) for name in names) else ""

    kept = _OPTIONAL.sub(optional, template)
    return _PLACEHOLDER.sub(lambda found: shlex.quote(values.get(found.group(1), "")), kept)
