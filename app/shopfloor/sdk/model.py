"""A model as a notebook uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.client.connection import EngineClient
from shopfloor.domain.errors import DataError
from shopfloor.domain.job import JobRecord
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import ModelShow, ModelTrain, ModelVersions, Predict
from shopfloor.domain.text import safe
from shopfloor.sdk.staging import staging_folder

if TYPE_CHECKING:
    import pandas as pd

_PREDICT_SECONDS = 3600.0


class Model:
    """One model of the workspace."""

    def __init__(self, client: EngineClient, name: str) -> None:
        self._client = client
        self.name = name

    def show(self) -> ModelRecord:
        """The model at a glance, as of now."""
        return self._client.ask(ModelShow(name=self.name))

    def versions(self) -> list[ModelVersion]:
        """Versions with their decisions, newest first."""
        return list(self._client.ask(ModelVersions(name=self.name)).rows)

    def train(self, reason: str = "") -> JobRecord:
        """Queue a training on the newest version of the dataset."""
        return self._client.ask(ModelTrain(name=self.name, reason=reason))

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Score rows with the champion, which also writes them to the inference log.

        The answer has the index of `rows` and the columns `association_id`, `model`,
        `model_version`, `segment`, `prediction` and, for classes, `probability_<class>`.
        Columns that the model does not know are ignored; an optional one may be absent (`attrs` of the
        answer names both), any other that is missing is an error that names it.

        >>> factory.model("churn").predict(customers)["prediction"]  # doctest: +SKIP
        """
        import pandas as pd

        with staging_folder(self._client.workspace) as folder:
            source, target = folder / "rows.parquet", folder / "predictions.parquet"
            _write(rows, source)
            request = Predict(model=self.name, path=str(source), output=str(target))
            report = self._client.ask(request, timeout=_PREDICT_SECONDS)
            answer = pd.read_parquet(target, engine="pyarrow")
        answer.attrs["ignored_columns"] = list(report.ignored_columns)
        answer.attrs["absent_columns"] = list(report.absent_columns)
        return answer.set_axis(rows.index, axis="index")

    def __repr__(self) -> str:
        return f"Model({self.name!r})"


def _write(rows: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa

    try:
        rows.to_parquet(path, engine="pyarrow", index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(
            f"The rows cannot be written as a table: {safe(error, 200)}",
            hint="Give every column a text name and a single type.",
            code="not_a_table",
        ) from error
