"""Carrying out an action: ask for what is missing, confirm, send, show the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopfloor.actions.action import SET, Action, Form
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.tui.app_type import App
from shopfloor.tui.ask_with_progress import ask_with_progress
from shopfloor.tui.fields import UNSET, field_of

if TYPE_CHECKING:
    from shopfloor.tui.widgets.form import Field

_SLOW_SECONDS = 120.0


async def perform(app: App, action: Action, record: Record | str | None, given: dict[str, str] | None = None) -> bool:
    """Do `action` on `record`; True when the engine did it. Runs inside a Textual worker."""
    if not isinstance(record, str):
        reason = action.unavailable(record)
        if reason is not None:
            app.show_message(f"{action.label}: {reason}", tone="warning")
            return False
    try:
        inputs = await _inputs(app, action, record, given or {})
        if inputs is None:
            return False
        await ask_with_progress(app, action.label, action.request(record, inputs), timeout=_SLOW_SECONDS)
    except ShopfloorError as error:
        show_error(app, error, f"{action.label} was not done.")
        return False
    command = action.command(record, inputs)
    app.show_message(f"{action.label}: done" + (f"\n{safe(command, 160)}" if command else ""))
    return True


def show_error(app: App, error: ShopfloorError, what: str = "") -> None:
    """What happened, why, and what to do, in a dialog that can be copied; in a toast where it would take the keys."""
    from shopfloor.tui.widgets.error_dialog import ErrorDialog

    if what and not app.on_time:  # the action took a while, and the person has gone on
        app.show_message("\n".join(part for part in (what, error.message, error.hint) if part), tone="error")
        return
    why = error.message if what else ""
    app.push_screen(ErrorDialog(what or error.message, why=why, do=error.hint, details=f"code: {error.code}"))


async def _inputs(
    app: App, action: Action, record: Record | str | None, given: dict[str, str]
) -> dict[str, str] | None:
    """The action's fields, asked for and confirmed; None when the person cancels."""
    if action.confirm is None:
        return await ask_inputs(app, action, record, given)
    from shopfloor.tui.evidence import effect_of, facts_for
    from shopfloor.tui.widgets.confirm import ConfirmDialog

    only_reason = all(field.name == "reason" for field in action.inputs)
    inputs = dict(given) if only_reason else await ask_inputs(app, action, record, given)
    if inputs is None:
        return None
    dialog = ConfirmDialog(
        action.label,
        action.question(record, inputs),
        await effect_of(app.client, action, record),
        facts=await facts_for(app.client, action, record),
        command=action.command(record, {**inputs, "reason": ""}),
        confirm=action.label,
        typed_name=action.typed(record) if action.confirm.typed_name else "",
        asks_reason=only_reason and bool(action.inputs),
        reason=given.get("reason", ""),
    )
    if not await app.ask(dialog):
        return None
    return {**inputs, **({"reason": dialog.reason} if dialog.reason else {})}


async def ask_inputs(
    app: App, action: Action, record: Record | str | None, given: dict[str, str]
) -> dict[str, str] | None:
    """The action's fields, filled in a form unless enough is given; None when the person cancels."""
    from shopfloor.tui.widgets.form import FormDialog

    known = {**action.defaults(record if not isinstance(record, str) else None), **given}
    missing = [field for field in action.inputs if field.required and not known.get(field.name)]
    if not action.inputs or (given and not missing):
        return {name: text for name, text in known.items() if text}
    fields = await _fields(app, action, record, known, given)
    if fields is None:
        return None
    about = action.target(record)
    intro = action.help if len(fields) < 6 else ""  # 24 lines hold the long form only without it
    answer = await app.ask(FormDialog(_title(action, about), fields, intro=intro, submit=action.submit or action.label))
    if answer is None:
        return None
    return {
        name: SET if value is True else str(value)
        for name, value in answer.items()
        if value not in (None, "", UNSET) and value is not False
    }


async def _fields(
    app: App, action: Action, record: Record | str | None, known: dict[str, str], given: dict[str, str]
) -> list[Field] | None:
    """The fields of the form, begun as the action says; None when the person cancels."""
    from shopfloor.tui.defining import fields_for, intake_fields

    match action.form:
        case Form.COLUMNS:
            return await fields_for(app, action, known)
        case Form.RULES:
            return await intake_fields(app, action, action.target(record), given)
        case Form.RECORD:
            return [field_of(field, known.get(field.name, "")) for field in action.inputs]


def _title(action: Action, about: str) -> str:
    return (action.title or "{label} {ref}").format(label=action.label, ref=about).strip()
