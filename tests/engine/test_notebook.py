"""What a notebook records without having defined a model first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.requests.runs import RunModel, RunStart
from shopfloor.engine.api import notebook, runs
from shopfloor.engine.services import EngineServices


def test_a_version_without_a_model_is_refused_with_the_way_there(tmp_path: Path) -> None:
    works = Works(tmp_path)
    nothing: Any = None
    services = EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
    run = runs.start(services, RunStart(model="notebook", op_id="1"))
    fitted = works.layout.staging / "model.joblib"
    fitted.touch()
    with pytest.raises(NotFoundError, match="is kept under 'notebook'") as caught:
        notebook.register(services, RunModel(id=run.id, path=str(fitted), task="binary", op_id="2"))
    assert "run(model=NAME)" in caught.value.hint
    works.store.close()
