"""The few characters that are not letters.

All are one cell wide in every terminal we know; emoji and variation selectors are not, and are
never used.
"""

from __future__ import annotations

BAR = "▌"
MARK = "●"
MORE = "…"
UP = "▲"
DOWN = "▼"
CRUMB = "▸"
RULE = "─"
AXIS = "│"
LIMIT = "╌"
DOT = "·"
FULL = "█"
HALF_LEFT = "▌"
HALF_RIGHT = "▐"
TRACK = "░"
LEVELS = "▁▂▃▄▅▆▇█"
"""From low to high."""
NONE = "–"
LEFT = "‹"
RIGHT = "›"
ON = "●"
OFF = "○"
