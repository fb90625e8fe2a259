"""The few characters that are not letters, and their ASCII stand-ins (`--ascii`).

All are one cell wide in every terminal we know; emoji and variation selectors are not, and are
never used.
"""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One set of signs; each is exactly one cell wide unless said otherwise."""

    bar: str
    mark: str
    more: str
    up: str
    down: str
    crumb: str
    rule: str
    axis: str
    limit: str
    dot: str
    full: str
    half_left: str
    half_right: str
    track: str
    levels: str  # eight characters, lowest first
    none: str
    left: str
    right: str
    on: str
    off: str


UNICODE = Glyphs(
    bar="▌",
    mark="●",
    more="…",
    up="▲",
    down="▼",
    crumb="▸",
    rule="─",
    axis="│",
    limit="╌",
    dot="·",
    full="█",
    half_left="▌",
    half_right="▐",
    track="░",
    levels="▁▂▃▄▅▆▇█",
    none="–",
    left="‹",
    right="›",
    on="●",
    off="○",
)

ASCII = Glyphs(
    bar=">",
    mark="*",
    more="~",
    up="^",
    down="v",
    crumb=">",
    rule="-",
    axis="|",
    limit="-",
    dot=".",
    full="#",
    half_left="|",
    half_right="|",
    track=".",
    levels="_.-=+*%#",
    none="-",
    left="<",
    right=">",
    on="*",
    off="o",
)

_chosen = UNICODE


def use_ascii(wanted: bool = True) -> None:
    """Choose the set for widgets painted from now on. Called once, before the first paint."""
    global _chosen
    _chosen = ASCII if wanted else UNICODE


def glyphs() -> Glyphs:
    """The set in use."""
    return _chosen
