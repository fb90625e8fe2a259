"""When a file counts as complete (drop-folder.md §2.2)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.arrival.filesystem import network_devices
from shopfloor.arrival.lease import Lease, probe_path
from shopfloor.arrival.scan import Observation
from shopfloor.arrival.settle import FUTURE, Phase, Quiet, Settling, due, settle

QUIET = Quiet(seconds=2.0)
HOUR_NS = 3600 * 10**9


def observed(size: int = 1, mtime_ns: int = 0, ino: int = 1) -> Observation:
    return Observation(
        name="d",
        path="d/a.csv",
        safe_path="d/a.csv",
        dev=1,
        ino=ino,
        size=size,
        mtime_ns=mtime_ns,
        ctime_ns=mtime_ns,
    )


def step(before: Settling | None, seen: Observation, now: float, lease: Lease = Lease.FREE) -> Settling:
    return settle(before, seen, now, 0, QUIET, lambda: lease)


def test_quiet_time_then_settled() -> None:
    state = step(None, observed(), 10.0)
    assert not state.settled
    assert due(state, QUIET, 10.0) == 12.0
    assert due(state, QUIET, 12.0) == 10.0 + QUIET.base * QUIET.unleased
    assert due(state, QUIET, 99.0) is None  # only its writer can change anything now
    assert not step(state, observed(), 11.99).settled
    assert step(state, observed(), 12.0).settled


@pytest.mark.parametrize("change", [observed(size=2), observed(mtime_ns=5), observed(ino=2)])
def test_any_change_starts_the_wait_anew(change: Observation) -> None:
    state = step(step(None, observed(), 0.0), change, 1.9)
    assert not step(state, change, 3.8).settled
    assert step(state, change, 3.9).settled
    assert state.first_seen == 0.0


def test_settled_file_that_changes_is_unsettled() -> None:
    state = step(step(None, observed(), 0.0), observed(), 2.0)
    assert state.settled
    assert not step(state, observed(size=2), 3.0).settled


def test_writer_keeps_it_waiting_for_ever() -> None:
    state = step(None, observed(), 0.0)
    for now in (2.0, 100.0, 1e6):
        state = step(state, observed(), now, Lease.WRITER)
        assert not state.settled
        assert "open for writing" in state.waiting
    assert step(state, observed(), 1e6 + 1, Lease.FREE).settled


def test_an_empty_file_waits_for_its_content() -> None:
    """Many senders make the name first and fill it later."""
    state = step(None, observed(size=0), 0.0)
    for now in (2.0, 100.0, 1e6):
        state = step(state, observed(size=0), now, Lease.FREE)
        assert not state.settled
        assert "empty" in state.waiting
        assert due(state, QUIET, now) is None
    filled = step(state, observed(size=5), 1e6 + 1)
    assert not filled.settled
    assert step(filled, observed(size=5), 1e6 + 3).settled


def test_without_a_lease_the_wait_is_three_times_as_long() -> None:
    state = step(None, observed(), 0.0)
    assert not step(state, observed(), 5.9, Lease.UNKNOWN).settled
    assert step(state, observed(), 6.0, Lease.UNKNOWN).settled


def test_network_file_system_waits_longer_and_asks_for_no_lease() -> None:
    quiet = Quiet(seconds=2.0, network=True)

    def never() -> Lease:
        raise AssertionError

    state = settle(None, observed(), 0.0, 0, quiet, never)
    assert not settle(state, observed(), 9.9, 0, quiet, never).settled
    assert settle(state, observed(), 10.0, 0, quiet, never).settled


def test_modification_time_in_the_future_is_noted_and_does_not_delay() -> None:
    seen = observed(mtime_ns=HOUR_NS)
    state = step(step(None, seen, 0.0), seen, 2.0)
    assert state.settled
    assert FUTURE in state.notices


def test_probe_is_not_asked_before_the_time_is_over() -> None:
    asked = []
    state = step(None, observed(), 0.0)
    settle(state, observed(), 1.0, 0, QUIET, lambda: asked.append(1) or Lease.FREE)
    assert asked == []


@given(
    st.lists(
        st.tuples(st.floats(0.01, 5.0), st.integers(0, 2), st.sampled_from(list(Lease))),
        max_size=30,
    )
)
def test_settled_means_unchanged_for_the_quiet_time_and_no_writer(
    looks: list[tuple[float, int, Lease]],
) -> None:
    """Property: whatever is seen, `settled` implies the rule, and the rule implies `settled`."""
    state, now, since, size_before, was = None, 0.0, 0.0, None, False
    for wait, size, lease in looks:
        now += wait
        if size != size_before:
            since, was = now, False
        state = step(state, observed(size=size), now, lease)
        unchanged = now - since
        needed = QUIET.base * (QUIET.unleased if lease is Lease.UNKNOWN else 1)
        rule = was or (size > 0 and lease is not Lease.WRITER and unchanged >= needed and size == size_before)
        assert state.settled == rule
        assert state.phase is (Phase.SETTLED if rule else Phase.SETTLING)
        size_before, was = size, rule


def test_lease_sees_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "d" / "a.csv"
    path.parent.mkdir()
    path.write_text("a")
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        if probe_path(root, "d/a.csv") is Lease.UNKNOWN:
            pytest.skip("this file system gives no leases")
        with path.open("a"):
            assert probe_path(root, "d/a.csv") is Lease.WRITER
        assert probe_path(root, "d/a.csv") is Lease.FREE
        assert probe_path(root, "d/none.csv") is Lease.UNKNOWN
    finally:
        os.close(root)


MOUNTS = """\
22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:40 / /mnt/my\\040share rw - nfs4 srv:/x rw
31 22 0:41 / /home/u/cloud rw - fuse.rclone rclone rw
"""


def test_network_file_systems(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert network_devices(table) == {os.makedev(0, 40), os.makedev(0, 41)}
    assert not network_devices(tmp_path / "missing")
