"""Which test compares challenger and champion: over blocks of rows where there are enough, else of rows or days."""

from __future__ import annotations

from dataclasses import replace

from shopfloor.domain.text import counted
from shopfloor.release.eligible import Eligible
from shopfloor.statistics.block_test import FEWEST_BLOCKS, block_test, merged_blocks
from shopfloor.statistics.compare import compare
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison


def against_champion(metric: Metric, chosen: Eligible, *, alpha: float, seed: int) -> Comparison:
    """Challenger minus champion on the rows that judge; the method says in words which test it was, and why."""
    assert chosen.champion is not None
    why = ""
    if chosen.delivery is not None:
        block = merged_blocks(chosen.delivery, chosen.challenger)
        found = block_test(metric, chosen.challenger, chosen.champion, block, chosen.day, alpha=alpha)
        if found is not None and found.known:
            return found
        why = _why_not(metric, int(block.max(initial=-1)) + 1)
    found = compare(metric, chosen.challenger, chosen.champion, chosen.blocks, alpha=alpha, seed=seed)
    return replace(found, method=f"{found.method}{why}")


def _why_not(metric: Metric, blocks: int) -> str:
    if blocks >= FEWEST_BLOCKS:
        return f", as {metric.label} cannot be tested over blocks here"
    return f", as the rows are of {counted(blocks, 'block')} and a test over blocks needs {FEWEST_BLOCKS}"
