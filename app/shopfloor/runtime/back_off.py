"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import math


def pause(attempts: int, most: float = math.inf) -> float:
    """Seconds after the failure number `attempts` (from 1): half a second, then four times as long each time."""
    return float(min(most, 0.5 * 4 ** min(attempts - 1, 20)))
