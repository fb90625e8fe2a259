"""Every stored object is read in slices; what is damaged has an alert until it is whole again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from tests.upkeep.works import Works

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.errors import IntegrityError, RefusedError
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.domain.stored_object import ObjectKind
from shopfloor.runtime import damage
from shopfloor.store import alerts
from shopfloor.upkeep.deep_reading import read_slice
from shopfloor.upkeep.scrubbing import Scrub, scrub_state
from shopfloor.workspace import digests


@pytest.fixture
def works(works: Works) -> Works:
    """One object of each kind, and two parts more."""
    works.layout.definition("late").write_text('dataset = "flights"\ntarget = "late"\n')
    works.commit("flights", [works.flights("Oslo"), works.flights("Rome"), works.flights("Bern")])
    works.release("late")
    works.log("late", "predictions", pa.table({"association_id": ["x"]}))
    return works


def _files(works: Works) -> dict[ObjectKind, Path]:
    objects = works.layout.objects
    return {
        ObjectKind.PART: next((objects / "parts").rglob("*.parquet")),
        ObjectKind.ARTIFACT: next((objects / "artifacts").rglob("model.joblib")),
        ObjectKind.LOG: next((works.layout.inference / "late").glob("*.parquet")),
    }


def _alerts(works: Works) -> list[AlertRecord]:
    return works.store.read(lambda query: alerts.unresolved_of(query, damage.CHECK))


def _flip(path: Path) -> bytes:
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:])
    return whole


@pytest.mark.parametrize("kind", ObjectKind)
def test_an_object_has_an_alert_from_its_damage_to_its_mending(works: Works, kind: ObjectKind) -> None:
    path = _files(works)[kind]
    assert read_slice(works.context, "", 60.0).damaged == ()
    whole = _flip(path)
    found = read_slice(works.context, "", 60.0)
    assert [each.object.kind for each in found.damaged] == [kind]
    assert found.read == found.total == 5
    (alert,) = _alerts(works)
    assert alert.subject == ("flights" if kind is ObjectKind.PART else "late")
    assert works.layout.relative(path.parent if kind is ObjectKind.ARTIFACT else path) in alert.cause
    read_slice(works.context, "", 60.0)
    assert _alerts(works) == [alert]  # the same one
    path.write_bytes(whole)
    damage.recheck(works.context)
    assert _alerts(works) == []
    assert works.store.read(lambda query: alerts.get(query, alert.id)).state is AlertState.RESOLVED


@pytest.mark.parametrize("kind", ObjectKind)
def test_an_object_that_is_gone_is_told_like_a_changed_one(works: Works, kind: ObjectKind) -> None:
    _files(works)[kind].unlink()
    assert [each.object.kind for each in read_slice(works.context, "", 60.0).damaged] == [kind]
    assert len(_alerts(works)) == 1


def test_damage_that_left_no_trace_in_the_file_system_is_found_by_reading(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk changes bytes without changing times: what was remembered must not be believed then."""
    monkeypatch.setattr(digests, "_identity", lambda status: (status.st_dev, status.st_ino, status.st_size, 0, 0))
    read_slice(works.context, "", 60.0)
    _flip(_files(works)[ObjectKind.PART])
    assert len(read_slice(works.context, "", 60.0).damaged) == 1


def test_slices_come_to_an_end_having_read_each_object_once(works: Works) -> None:
    place, reads = "", []
    while True:
        found = read_slice(works.context, place, 0.0)
        reads.append(found.read)
        place = found.after
        if not place:
            break
    assert reads == [1, 2, 3, 4, 5]


def test_what_depends_on_it_and_the_remedy_are_told(works: Works) -> None:
    path = _files(works)[ObjectKind.ARTIFACT]
    _flip(path)
    told = read_slice(works.context, "", 60.0).damaged[0]
    assert "late@1 (champion)" in told.message
    assert "shopfloor model train late" in told.hint
    with pytest.raises(RefusedError) as refused:
        damage.refuse_damaged(works.context, "late", 1, path.parent.name)
    assert refused.value.exit_code == 5


def test_a_proven_artifact_is_not_one_with_a_link_in_it(works: Works, tmp_path: Path) -> None:
    made = works.release("late")
    path = Path(made.path) / bundle.MODEL
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError):
        bundle.prove(made, load_or_create_key(works.layout.signing_key))


def test_many_damaged_objects_of_a_dataset_are_a_few_alerts(works: Works) -> None:
    works.commit("trains", [works.flights(f"city {number}") for number in range(30)])
    for path in (works.layout.objects / "parts").rglob("*.parquet"):
        path.unlink()
    assert len(read_slice(works.context, "", 60.0).damaged) == 33
    assert len(_alerts(works)) == 3 + 10


def test_scrubbing_begins_after_its_days_goes_on_where_it_was_and_yields(works: Works) -> None:
    busy = [False]
    scrub = Scrub(works.context, lambda: busy[0])
    began: list[int] = []
    scrub._slice = lambda: began.append(1)  # type: ignore[method-assign]
    scrub()
    assert scrub_state(works.context) is not None  # the days count from now
    assert not began
    works.clock.forward(days=8)
    busy[0] = True
    scrub()
    assert not began
    path = _files(works)[ObjectKind.PART]
    _flip(path)
    scrub.read_on()
    state = scrub_state(works.context)
    assert state is not None
    assert state.after == ""
    assert state.ended_at == works.clock.now()
    assert len(_alerts(works)) == 1
