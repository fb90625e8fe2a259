"""What a version met in training, by input: the range of numbers, and the categories where they are few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopfloor.artifacts.bundle import REFERENCE
from shopfloor.domain.handles import ArtifactFile
from shopfloor.serving.inputs import labels
from shopfloor.statistics.arrays import Mask

if TYPE_CHECKING:
    import pyarrow as pa

_OUTER = 2
"""Edges of a number's bins that lie outside of what was met, on either side."""


class _KnownBins(msgspec.Struct):
    kind: str
    edges: tuple[float, ...] = ()
    known: tuple[str, ...] | None = None


class _KnownFeature(msgspec.Struct):
    name: str
    bins: _KnownBins


class _KnownInputs(msgspec.Struct):
    features: tuple[_KnownFeature, ...] = ()


class InputLimits(msgspec.Struct, frozen=True):
    """`ranges` are the least and the greatest number met, `known` all categories."""

    ranges: dict[str, tuple[float, float]] = {}
    known: dict[str, tuple[str, ...]] = {}

    @property
    def names(self) -> frozenset[str]:
        """The inputs that have limits."""
        return frozenset((*self.ranges, *self.known))

    def out_of_range(self, inputs: Mapping[str, pa.Array]) -> Iterator[tuple[str, Mask]]:
        """Inputs with rows outside of their range, and which rows, (n,); a missing value is outside of none."""
        import pyarrow as pa

        for name, (low, high) in self.ranges.items():
            if name not in inputs or not _is_number(inputs[name]):
                continue
            values = np.asarray(inputs[name].cast(pa.float64()).fill_null(np.nan))
            rows: Mask = (values < low) | (values > high)
            if rows.any():
                yield name, rows

    def unseen(self, inputs: Mapping[str, pa.Array]) -> Iterator[tuple[str, Mask]]:
        """Inputs with rows of a category that was never met, and which rows, (n,)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for name, known in self.known.items():
            if name not in inputs:
                continue
            texts = labels(inputs[name])
            foreign = pc.and_(pc.is_valid(texts), pc.invert(pc.is_in(texts, value_set=pa.array(known, pa.string()))))
            rows = np.asarray(foreign).astype(bool)
            if rows.any():
                yield name, rows


def _is_number(values: pa.Array) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(values.type) or pa.types.is_floating(values.type))


NO_LIMITS = InputLimits()


def input_limits(artifact: ArtifactFile) -> InputLimits:
    """The limits that an artifact's reference tells; none where it has no reference."""
    try:
        found = msgspec.json.decode((Path(artifact.path) / REFERENCE).read_bytes(), type=_KnownInputs)
    except (OSError, msgspec.DecodeError):
        return NO_LIMITS
    numbers = {each.name: each.bins.edges for each in found.features if each.bins.kind == "number"}
    return InputLimits(
        ranges={
            name: (edges[_OUTER], edges[-1 - _OUTER]) for name, edges in numbers.items() if len(edges) > 2 * _OUTER
        },
        known={
            each.name: each.bins.known
            for each in found.features
            if each.bins.kind == "level" and each.bins.known is not None
        },
    )
