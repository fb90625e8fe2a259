"""A field of an action as a field of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopfloor.actions.action import SET, Input, InputKind

if TYPE_CHECKING:
    from shopfloor.tui.widgets.form import Field

UNSET = "(not set)"
"""The choice of an optional field that leaves it open."""


def field_of(field: Input, value: str, choices: tuple[str, ...] = ()) -> Field:
    """A field of the registry as one of a form; an optional choice may also be left alone."""
    from shopfloor.tui.widgets.form import Field

    if field.kind is InputKind.FLAG:
        return Field(name=field.name, label=field.label, kind="bool", default=value == SET, help=field.help)
    offered = choices or field.choices
    if offered and not field.required:
        offered = (UNSET, *offered)
    return Field(
        name=field.name,
        label=field.label,
        kind="choice" if offered and (choices or field.kind is InputKind.CHOICE) else "text",
        choices=offered,
        default=value if not offered or value in offered else offered[0],
        help=field.help,
        required=field.required,
    )
