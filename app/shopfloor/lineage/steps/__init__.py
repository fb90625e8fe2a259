"""The steps of the chain. Each step is one relation and is followed in both directions."""

from __future__ import annotations

from shopfloor.lineage.steps import alerts, causes, data, live, releases
from shopfloor.lineage.steps.step import LineageStep

STEPS: tuple[LineageStep, ...] = (*data.STEPS, *releases.STEPS, *live.STEPS, *alerts.STEPS, *causes.STEPS)
