"""Requests that get no prediction leave a count in the log: by version and kind, in few lines, and never twice."""

from __future__ import annotations

from pathlib import Path

from tests.serving import builders
from tests.serving.running import running
from tests.serving.test_predict import PATH, good_row

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.errors import StoreError
from shopfloor.domain.service import RequestFault
from shopfloor.lake.inference_log import FaultLine, drain
from shopfloor.serving.durable_log import Durability, DurableLog
from shopfloor.serving.problems import Problem
from shopfloor.serving.request_faults import RequestFaults
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.segment import SegmentWriter
from shopfloor.workspace.segment_reader import segments


def lines(folder: Path) -> list[FaultLine]:
    return [line for segment in segments(folder) for line in drain(segment, 0).faults]


def totals(found: list[FaultLine]) -> dict[tuple[str, int, str, str], int]:
    counts: dict[tuple[str, int, str, str], int] = {}
    for line in found:
        key = (line.model, line.model_version, line.fault.fault.value, line.fault.code)
        counts[key] = counts.get(key, 0) + line.fault.count
    return counts


def test_what_the_endpoint_refuses_and_what_fails_is_counted_apart(
    layout: Layout, classifier: FittedModel, regressor: FittedModel
) -> None:
    builders.deploy(layout, classifier, version=3)
    damaged = builders.deploy(layout, regressor, version=2)
    with running(layout) as server, server.client() as client:
        for path in Path(layout.root / damaged.artifact.path).iterdir():
            path.chmod(0o600)
            path.write_bytes(b"gone")
        assert client.post(PATH, json={"row": good_row()}).status_code == 200
        assert [client.post(PATH, json={"row": {"distance": "far"}}).status_code for _ in range(30)] == [422] * 30
        failed = client.post("/v1/models/delay/predict", json={"row": good_row()})
        assert failed.status_code == 503
        assert client.post("/v1/models/nobody/predict", json={"row": {}}).status_code == 404
        assert server.stop()[0] == 0
    found = lines(layout.segments)
    assert {(key[0], key[1], key[2]): count for key, count in totals(found).items()} == {
        ("late-arrival", 3, "refused"): 30,
        ("delay", 2, "failed"): 1,
    }
    assert {line.fault.message for line in found if line.model == "delay"} == {failed.json()["error"]["message"]}


class FullDisk(DurableLog):
    """A log that cannot be written until there is space."""

    full = True

    async def append(self, records: object) -> None:
        if self.full:
            raise StoreError("The disk is full.")
        await super().append(records)  # type: ignore[arg-type]


async def test_counts_that_could_not_be_written_are_kept_and_many_kinds_are_bounded(tmp_path: Path) -> None:
    log = FullDisk(SegmentWriter(tmp_path, SystemClock()), Durability.BATCH)
    faults = RequestFaults(log, SystemClock())
    for number in range(3000):
        faults.add("m", 1, Problem(500, f"code{number % 1500}", "a\nb" * 200, ""))
    await faults.close()
    log.full = False
    faults.add("m", 1, Problem(500, "code0", "later", ""))
    await faults.close()
    await log.close()
    found = lines(tmp_path)
    assert len(found) == 1000
    assert totals(found)["m", 1, "failed", "code0"] == 3
    assert {line.fault.fault for line in found} == {RequestFault.FAILED}
    assert all(line.fault.message.isprintable() and len(line.fault.message) <= 300 for line in found)
