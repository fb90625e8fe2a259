"""Themes of the terminal face, and the six words that say in what state a thing is.

Colour never carries meaning alone: every state has a word of its own, and the `shopfloor-mono`
theme (chosen when `NO_COLOR` is set, see https://no-color.org) must stay fully readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from textual.theme import Theme

DARK: Final = Theme(
    name="shopfloor-dark",
    dark=True,
    background="#10151c",
    surface="#161c25",
    panel="#1e2631",
    foreground="#d9e0ea",
    primary="#7db9f7",
    secondary="#9fb1c7",
    accent="#c9aef5",
    success="#86d3a5",
    warning="#ecbd6c",
    error="#ff8a8f",
    variables={
        "text-primary": "#7db9f7",
        "text-secondary": "#9fb1c7",
        "text-accent": "#c9aef5",
        "text-success": "#86d3a5",
        "text-warning": "#ecbd6c",
        "text-error": "#ff8a8f",
        "text-muted": "#9aa7b8",
        "text-disabled": "#6f7d90",
        "border": "#7db9f7",
        "border-blurred": "#364252",
        "block-cursor-background": "#2a4a6c",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#222c39",
        "block-cursor-blurred-foreground": "#d9e0ea",
        "input-cursor-background": "#d9e0ea",
        "input-cursor-foreground": "#10151c",
        "input-selection-background": "#2f5680",
        "scrollbar": "#3a4757",
        "scrollbar-hover": "#51627a",
        "scrollbar-active": "#7db9f7",
        "scrollbar-background": "#141a22",
        "scrollbar-background-hover": "#141a22",
        "scrollbar-background-active": "#141a22",
        "scrollbar-corner-color": "#141a22",
    },
)

LIGHT: Final = Theme(
    name="shopfloor-light",
    dark=False,
    background="#faf9f6",
    surface="#f3f2ee",
    panel="#e8e8e4",
    foreground="#1f2733",
    primary="#0a5aa8",
    secondary="#4a5a6d",
    accent="#6a3bb0",
    success="#12683c",
    warning="#b06a00",
    error="#a81e1e",
    variables={
        "text-primary": "#0a5aa8",
        "text-secondary": "#4a5a6d",
        "text-accent": "#6a3bb0",
        "text-success": "#12683c",
        "text-warning": "#7d4f00",
        "text-error": "#a81e1e",
        "text-muted": "#535e6b",
        "text-disabled": "#7b8591",
        "border": "#0a5aa8",
        "border-blurred": "#c3c6c9",
        "block-cursor-background": "#c7dcf2",
        "block-cursor-foreground": "#0d1520",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#e2e7ec",
        "block-cursor-blurred-foreground": "#1f2733",
        "input-cursor-background": "#1f2733",
        "input-cursor-foreground": "#faf9f6",
        "input-selection-background": "#b7d3ef",
        "scrollbar": "#bcc2c8",
        "scrollbar-hover": "#98a2ac",
        "scrollbar-active": "#0a5aa8",
        "scrollbar-background": "#eeede9",
        "scrollbar-background-hover": "#eeede9",
        "scrollbar-background-active": "#eeede9",
        "scrollbar-corner-color": "#eeede9",
    },
)

# The user's own 16 colours and background: for consoles without more, and for those who like it.
ANSI: Final = Theme(
    name="shopfloor-ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_magenta",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
        "text-muted": "ansi_default",
        "text-disabled": "ansi_bright_black",
        "border": "ansi_blue",
        "border-blurred": "ansi_bright_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_blue",
        "scrollbar-active": "ansi_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)

_PLAIN = "ansi_default"

# No colour at all: the terminal's own two, with bold, dim and reverse for weight.
MONO: Final = Theme(
    name="shopfloor-mono",
    ansi=True,
    primary=_PLAIN,
    secondary=_PLAIN,
    warning=_PLAIN,
    error=_PLAIN,
    success=_PLAIN,
    accent=_PLAIN,
    foreground=_PLAIN,
    background=_PLAIN,
    surface=_PLAIN,
    panel=_PLAIN,
    boost=_PLAIN,
    variables=dict.fromkeys(
        (
            "ansi-background",
            "ansi-foreground",
            "text-muted",
            "text-disabled",
            "border",
            "border-blurred",
            "block-cursor-background",
            "block-cursor-foreground",
            "block-cursor-blurred-background",
            "block-cursor-blurred-foreground",
            "scrollbar",
            "scrollbar-hover",
            "scrollbar-active",
            "scrollbar-background",
            "scrollbar-background-hover",
            "scrollbar-background-active",
            "scrollbar-corner-color",
            "input-selection-background",
            "footer-key-foreground",
            "link-color",
            "link-background-hover",
            "link-color-hover",
            "screen-selection-background",
            "screen-selection-foreground",
        ),
        _PLAIN,
    )
    | {"block-cursor-text-style": "reverse"},
)

THEMES: Final = (DARK, LIGHT, ANSI, MONO)

# Terminals known to have 16 colours or fewer; anything with COLORTERM or "256color" has more.
_FEW_COLOURS = frozenset({"linux", "screen", "tmux", "xterm", "vt100", "vt220", "ansi", "cons25"})


def choose_theme(wanted: str, environ: Mapping[str, str]) -> str:
    """Name of the theme to start with.

    `NO_COLOR` wins over everything. `wanted` is a theme name, `dark`, `light`, `ansi`, `mono`, or
    `auto` (also when empty), which looks at `TERM`, `COLORTERM` and `COLORFGBG`.
    """
    if environ.get("NO_COLOR"):
        return MONO.name
    if wanted in {"dark", "light", "ansi", "mono"}:
        return f"shopfloor-{wanted}"
    if wanted and wanted != "auto":
        return wanted
    if _few_colours(environ):
        return ANSI.name
    return LIGHT.name if _light_background(environ) else DARK.name


def ansi_color(environ: Mapping[str, str]) -> bool | None:
    """The value of the argument of that name of Textual's `App`.

    With `NO_COLOR`, Textual picks its colour filter before any theme of ours is registered; unless
    it is told that the colours are the terminal's own it paints black on black.
    """
    return True if environ.get("NO_COLOR") else None


def _few_colours(environ: Mapping[str, str]) -> bool:
    return not environ.get("COLORTERM") and environ.get("TERM", "") in _FEW_COLOURS


def _light_background(environ: Mapping[str, str]) -> bool:
    """rxvt's convention `COLORFGBG=fg;bg`: 7 and 15 are the light backgrounds."""
    return environ.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}


class State(msgspec.Struct, frozen=True):
    """One of the six words every pane uses; `tone` names its colour in the theme."""

    word: str
    tone: str


OK: Final = State("ok", "ok")
WARN: Final = State("warn", "warn")
FAIL: Final = State("FAIL", "fail")
RUN: Final = State("run", "run")
WAIT: Final = State("wait", "wait")
LOST: Final = State("lost", "lost")

STATES: Final[Mapping[str, State]] = {
    **dict.fromkeys(("ok", "succeeded", "committed", "resolved", "promote", "done", "live"), OK),
    **dict.fromkeys(("warn", "warning", "open", "quarantined", "held", "hold", "stale"), WARN),
    **dict.fromkeys(("fail", "failed", "error", "refused", "reject", "rejected", "critical"), FAIL),
    **dict.fromkeys(("run", "running", "staged", "training", "progress"), RUN),
    **dict.fromkeys(("wait", "waiting", "queued", "settling", "await_approval", "acknowledged", "snoozed"), WAIT),
    **dict.fromkeys(("lost", "orphaned", "missing"), LOST),
    **dict.fromkeys(("cancelled", "cancelling"), State("stop", "muted")),
}


def state_of(name: str) -> State:
    """Word and tone of a domain state such as `succeeded`; an unknown one keeps its name."""
    return STATES.get(name.lower()) or State(name, "muted")
