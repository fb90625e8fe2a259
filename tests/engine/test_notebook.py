"""What a notebook records without having defined a model first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.recording import RunEntry, RunOpening
from shopfloor.domain.requests.runs import RunLog, RunModel
from shopfloor.engine.api import notebook, recorders
from shopfloor.engine.services import EngineServices


def test_a_version_without_a_model_is_refused_with_the_way_there(tmp_path: Path) -> None:
    works = Works(tmp_path)
    nothing: Any = None
    services = EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
    opening = RunEntry(key="k", at=datetime.now(UTC), opening=RunOpening(model="notebook"))
    run = recorders.log(services, RunLog(entries=(opening,), op_id="1"))
    fitted = works.layout.staging / "model.joblib"
    fitted.touch()
    with pytest.raises(NotFoundError, match="is kept under 'notebook'") as caught:
        notebook.register(services, RunModel(id=run.id, path=str(fitted), task="binary", op_id="2"))
    assert "run(model=NAME)" in caught.value.hint
    works.store.close()
