"""The workspace as a notebook sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from shopfloor.client.connection import EngineClient
from shopfloor.client.locate import find_workspace
from shopfloor.client.rows import Appended, append
from shopfloor.client.run_recorder import run_recorder
from shopfloor.client.start import connect
from shopfloor.domain.names import check_name, parse_version, split_ref
from shopfloor.domain.page import Page
from shopfloor.domain.recording import RunOpening
from shopfloor.domain.release import ModelRecord
from shopfloor.domain.requests.datasets import DatasetFilesShow, DatasetList
from shopfloor.domain.requests.models import ModelList, ModelShow
from shopfloor.domain.requests.request import Request
from shopfloor.domain.requests.runs import RunExport, RunList
from shopfloor.domain.requests.workspace import SqlQuery
from shopfloor.domain.run import RunRecord
from shopfloor.sdk.dataset import Dataset
from shopfloor.sdk.model import Model
from shopfloor.sdk.rows import json_lines
from shopfloor.sdk.run import Run
from shopfloor.sdk.run_frame import read_frame
from shopfloor.sdk.staging import staging_folder

if TYPE_CHECKING:
    import pandas as pd

    from shopfloor.domain.dataset import DatasetRecord
    from shopfloor.sdk.rows import Rows

NOTEBOOK = "notebook"
"""The owner of the run when none is given."""

_SQL_SECONDS = 300.0


def open_workspace(path: str | Path | None = None) -> Workspace:
    """Open the workspace at `path`, or the nearest one at or above the current directory.

    Starts the engine when none runs; it goes on when the notebook ends. Raises `NotFoundError`
    where there is no workspace and `UnreachableError` when the engine does not start.

    >>> import shopfloor
    >>> factory = shopfloor.open()                       # doctest: +SKIP
    >>> [model.name for model in factory.models()]       # doctest: +SKIP
    ['late-arrival']
    """
    root = find_workspace(None if path is None else Path(path))
    return Workspace(connect(root))


class Workspace:
    """One workspace. Close it, or use it as a context manager, to let the connection go."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._recorder = run_recorder(client)

    @property
    def path(self) -> Path:
        """The directory of the workspace."""
        return self._client.workspace

    def datasets(self) -> list[DatasetRecord]:
        """All datasets by name."""
        return list(self._client.ask(DatasetList()).rows)

    def dataset(self, ref: str) -> Dataset:
        """One version of a dataset: `flights@3`, or `flights` for the newest one now.

        The version is fixed here, so that a notebook does not change under its author when new
        files arrive. Raises `NotFoundError`.

        >>> factory.dataset("flights@3").frame().head()  # doctest: +SKIP
        """
        return Dataset(self._client, self._client.ask(DatasetFilesShow(ref=ref)))

    def append(self, dataset: str, rows: Rows, *, key: str = "") -> Appended:
        """Add rows to a dataset, which is created when there is none: dictionaries, a pandas frame
        (without its index), an Arrow table.

        Returns when all are safe on the disk; they are in a version within seconds. Rows that do
        not fit the contract are left out and reported in the answer. A lost answer is requested again,
        and no row is added twice. With a `key` of your own the whole call may be repeated, also by
        another process: what was added before is not added again.

        >>> factory.append("events", [{"id": 1, "kind": "start"}]).accepted  # doctest: +SKIP
        1
        """
        return append(self._client, check_name(dataset, "Dataset"), json_lines(rows), key=key)

    def sql(self, statement: str, *, limit: int = 10_000) -> pd.DataFrame:
        """The answer to one read-only statement over metadata, datasets and logs.

        A dataset is a view: `flights` is its newest version, `"flights@3"` the third one.
        At most `limit` rows; `frame.attrs["truncated"]` tells whether there were more.

        >>> factory.sql("SELECT model, count(*) FROM runs GROUP BY model")  # doctest: +SKIP
        """
        import pandas as pd

        answer = self._client.ask(SqlQuery(statement=statement, limit=limit), timeout=_SQL_SECONDS)
        frame = pd.DataFrame.from_records(list(answer.rows), columns=list(answer.columns))
        frame.attrs["truncated"] = answer.truncated
        return frame

    def models(self) -> list[ModelRecord]:
        """All models by name."""
        return list(self._client.ask(ModelList()).rows)

    def model(self, name: str) -> Model:
        """One model. Raises `NotFoundError`.

        >>> factory.model("churn").predict(customers)    # doctest: +SKIP
        """
        self._client.ask(ModelShow(name=name))
        return Model(self._client, name)

    def runs(self, model: str = "", *, limit: int = 1000) -> list[RunRecord]:
        """Runs, newest first, of one model or of all."""
        page: Page[RunRecord] = self._client.ask(RunList(model=model, limit=limit))
        return list(page.rows)

    def search_runs(
        self, query: str = "", *, model: str = "", sort: str = "-created_at", limit: int = 10_000
    ) -> pd.DataFrame:
        """Runs as a frame, newest first, a row a run: `metrics.NAME` are numbers, `params.NAME` texts.

        `query` holds what `shopfloor run list --query` takes, `sort` a column, metric or param, `-` for descending.

        >>> factory.search_runs("auc>0.9", sort="-auc")[["id", "metrics.roc_auc"]]  # doctest: +SKIP
        """
        with staging_folder(self.path) as folder:
            target = folder / "runs.parquet"
            request = RunExport(output=str(target), model=model, query=query, sort=sort, limit=limit)
            return read_frame(target, self._client.ask(request, timeout=_SQL_SECONDS).columns)

    def run(
        self,
        model: str = NOTEBOOK,
        dataset: str | None = None,
        params: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> Run:
        """A run that records what a notebook does, to be used in a `with` statement.

        Without a `model` it is kept under the name `notebook`. Only a model that is defined can
        take a version (`run.log_model`). `name` is for people. `dataset` is `churn@3`, or `churn` for the newest
        version.
        The run ends with the block: succeeded, or failed with the error that left it, which goes
        on to the caller.

        >>> with factory.run(model="churn", dataset="churn@3") as run:  # doctest: +SKIP
        ...     run.log_params({"depth": 4})
        ...     run.log_metrics({"roc_auc": 0.81})
        ...     run.log_model(estimator, features=["age", "plan"], task="binary")
        """
        pinned, version = self._version(dataset)
        opening = RunOpening(model=check_name(model, "Model"), name=name, dataset=pinned, dataset_version=version)
        return Run(self._client, self._recorder, opening, params or {})

    def ask(self, request: Request[Any], *, timeout: float = 30.0) -> Any:
        """Ask the engine anything that `shopfloor.domain.requests` can say."""
        return self._client.ask(request, timeout=timeout)

    def close(self) -> None:
        """Let the connection go. The engine goes on."""
        self._recorder.close()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def _version(self, dataset: str | None) -> tuple[str | None, int | None]:
        if dataset is None:
            return None, None
        name, version = split_ref(dataset)
        if version:
            return name, parse_version(version, dataset)
        return name, self._client.ask(DatasetFilesShow(ref=name)).version
