"""The system refuses one step: nothing is published or acknowledged by halves, it is told, and the job goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopfloor.domain.file import FileState
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.status import DegradedCause
from tests.engine.harness import Shop
from tests.faults.test_full_disk import codes, ids, is_well, table
from tests.soak import SOAK

# Each at another delivery, so that a job is not refused again and again.
_STEPS = ("intake.copied", "intake.part:2", "lake.synced:3", "lake.renamed:4", "intake.published:5", "store.commit:40")


@pytest.mark.soak
@pytest.mark.parametrize("act", ("EIO", "EROFS", "EDQUOT", "EMFILE", "ENOTDIR") if SOAK else ("EIO",))
def test_a_refusal_at_any_step_loses_nothing_is_told_and_is_over_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", ",".join(f"{step}:{act}" for step in _STEPS))
    shop = Shop(tmp_path / "shop")
    told: set[DegradedCause] = set()

    def taken_in(number: int) -> bool:
        told.update(codes(shop))
        return shop.status().files.committed == number and is_well(shop)

    try:
        pid = shop.pid()
        for number in range(8):
            shop.write("inbox/d", f"{number}.csv", table(number))
            shop.until(lambda n=number: taken_in(n + 1), 120.0)  # type: ignore[misc]
        assert DegradedCause.DISK_ERROR in told
        assert shop.pid() == pid
        assert sorted(ids(shop)) == sorted(f"k{number}-{n}" for number in range(8) for n in range(20))
        assert {file.state for file in shop.client.ask(FileList()).rows} == {FileState.COMMITTED}
        assert list((shop.root / "inbox/d").iterdir()) == []
        retried = shop.events("job.retried")
        assert len(retried) >= 3
        assert all(job.error is None for job in shop.client.ask(JobList(limit=100)).rows)
    finally:
        shop.close()
