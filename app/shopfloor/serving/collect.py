"""The serving process's log segments as Parquet parts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from shopfloor.artifacts.bundle import read_manifest
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.columns import Column
from shopfloor.domain.humility import counts_of
from shopfloor.lake.inference_log import drain, group
from shopfloor.lake.inference_parts import to_part
from shopfloor.runtime.task import Progress
from shopfloor.serving.records import CollectedPart, CollectOutcome, CollectTask
from shopfloor.workspace.segment_reader import is_sealed


def collect(task: CollectTask, progress: Progress) -> CollectOutcome:
    """Drain every segment to its end. A segment nobody writes to any more is reported as emptied."""
    parts: list[CollectedPart] = []
    offsets: dict[str, int] = {}
    emptied: list[str] = []
    damaged = 0
    for number, (path, offset) in enumerate(task.segments):
        progress(number / len(task.segments), f"segment {number + 1} of {len(task.segments)}")
        segment = Path(path)
        sealed = is_sealed(segment)  # read before the last batch: what is sealed does not grow afterwards
        while True:
            drained = drain(segment, offset)
            if drained.offset == offset:
                break
            parts += _parts(task, segment.name, drained.records)
            damaged += drained.damaged
            offset = drained.offset
        offsets[segment.name] = offset
        if sealed:
            emptied.append(path)
    return CollectOutcome(parts=tuple(parts), offsets=offsets, damaged=damaged, emptied=tuple(emptied))


def _parts(task: CollectTask, segment: str, records: list) -> list[CollectedPart]:  # type: ignore[type-arg]
    found = []
    for (model, version), group_records in group(records).items():
        part = to_part(group_records, _features(task, model, version), Path(task.staging))
        if part is not None:
            found.append(
                CollectedPart(
                    model=model,
                    model_version=version,
                    file=part,
                    segment=segment,
                    first_at=min(one.at for one in group_records),
                    last_at=max(one.at for one in group_records),
                    humility=counts_of(Counter((one.humility, one.humility_action) for one in group_records)),
                )
            )
    return found


def _features(task: CollectTask, model: str, version: int) -> tuple[Column, ...]:
    directory = task.manifests.get(f"{model}@{version}")
    if directory is None:
        return ()
    manifest = read_manifest(Path(directory), load_or_create_key(Path(task.key_path)))
    return tuple(Column(name=field.name, type=field.type) for field in manifest.features)
