"""Tones: words for colour and weight that the theme fills in.

They are computed from the theme's variables instead of component classes: Textual matches every rule
against every component class of every widget, which cost a quarter of the time to the first picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from rich.style import Style
from textual.color import Color

_PLAIN: Final = Style()
_BOLD: Final = Style(bold=True)
_DIM: Final = Style(dim=True)
_UNDERLINE: Final = Style(underline=True)


class Tone(NamedTuple):
    """A theme variable (empty: the text's own colour), how much of it stays, and a weight."""

    variable: str
    share: float = 1.0
    weight: Style = _PLAIN


TONES: Final[Mapping[str, Tone]] = {
    "ok": Tone("text-success"),
    "warn": Tone("text-warning"),
    "fail": Tone("text-error", weight=_BOLD),
    "run": Tone("text-primary"),
    "wait": Tone("text-secondary"),
    "lost": Tone("text-accent"),
    "muted": Tone("text-muted"),
    "faint": Tone("foreground", share=0.3),
    "strong": Tone("", weight=_BOLD),
    "key": Tone("text-primary", weight=_BOLD),
    "title": Tone("text-primary", weight=_BOLD),
    "accent": Tone("text-accent"),
    "second": Tone("warning"),
}

# With the terminal's own few colours, weight says what a shade cannot.
_ANSI: Final[Mapping[str, Tone]] = {
    "lost": Tone("text-accent", weight=_UNDERLINE),
    "muted": Tone("text-muted", weight=_DIM),
    "faint": Tone("foreground", weight=_DIM),
    "warn": Tone("text-warning", weight=_BOLD),
}


def tone_style(name: str, variables: Mapping[str, str], ground: Color, *, ansi: bool) -> Style:
    """The style of a tone on a `ground` colour, without a background of its own; empty for unknown tones."""
    tone = (_ANSI.get(name) if ansi else None) or TONES.get(name)
    if tone is None:
        return _PLAIN
    if not tone.variable:
        return tone.weight
    return Style(color=_colour(variables, tone, ground).rich_color) + tone.weight


def _colour(variables: Mapping[str, str], tone: Tone, ground: Color) -> Color:
    colour_name = variables.get(tone.variable, "")
    share = tone.share
    if colour_name.startswith("auto"):  # a shade of the text, as `auto 60%`
        share *= float(colour_name.removeprefix("auto").strip().rstrip("%") or 100) / 100
        colour_name = ""
    colour = Color.parse(colour_name or variables.get("foreground", "ansi_default"))
    return colour if share >= 1 or colour.ansi is not None else ground.blend(colour, share)
