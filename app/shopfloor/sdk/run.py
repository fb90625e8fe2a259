"""A run recorded by a notebook or script."""

from __future__ import annotations

import math
import pickle
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from shopfloor.client.connection import EngineClient, this_process
from shopfloor.domain.errors import DataError, ShopfloorError, UsageError
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.runs import RunFinish, RunLog, RunModel, RunStart
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.sdk.estimator import check_loadable, classes_of, features_of, task_of
from shopfloor.sdk.plain import plain
from shopfloor.sdk.staging import staging_folder

_MODEL_SECONDS = 300.0
_PACKAGES = (
    "numpy", "pandas", "scikit-learn", "scipy", "joblib", "pyarrow", "polars",
    "xgboost", "lightgbm", "catboost", "skrub",
)  # fmt: skip
_MODULES = {"scikit-learn": "sklearn"}


class Run:
    """One execution. Enter it to open the run; leaving the block closes it.

    An error that leaves the block is recorded and goes on to the caller; Ctrl-C is recorded as
    cancelled.
    """

    def __init__(
        self,
        client: EngineClient,
        model: str,
        dataset: str | None,
        dataset_version: int | None,
        params: dict[str, Any],
    ) -> None:
        self._client = client
        self._start = RunStart(
            model=model,
            dataset=dataset,
            dataset_version=dataset_version,
            params={str(name): plain(value) for name, value in params.items()},
        )
        self._record: RunRecord | None = None

    @property
    def id(self) -> str:
        """The run's id, such as `r42`."""
        return self.record.id

    @property
    def record(self) -> RunRecord:
        """The run as the engine knows it. Raises `UsageError` before the `with` block."""
        if self._record is None:
            raise UsageError("The run is not open.", hint="Use it in a with statement.")
        return self._record

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings. A param once set cannot change: that raises `RefusedError`."""
        named = {str(name): plain(value) for name, value in params.items()}
        self._record = self._client.ask(RunLog(id=self.id, params=named))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record scores, by scikit-learn's scorer names where there is one; a later value wins.

        Raises `UsageError` for a value that is not a finite number.
        """
        named = {str(name): _finite(name, value) for name, value in metrics.items()}
        self._record = self._client.ask(RunLog(id=self.id, metrics=named))

    def log_model(self, estimator: Any, features: Sequence[str] | None = None, task: str | None = None) -> ModelVersion:
        """Register a fitted estimator as a version of the run's model.

        `features` are the input columns in order (else `feature_names_in_`), `task` is binary,
        multiclass or regression (else by the estimator). Raises `DataError` for an estimator
        that another process could not load.

        >>> run.log_model(pipeline, features=["age", "plan"], task="binary")  # doctest: +SKIP
        """
        import joblib

        check_loadable(estimator)
        with staging_folder(self._client.workspace) as folder:
            path = folder / "model.joblib"
            _dump(joblib, estimator, path)
            request = RunModel(
                id=self.id,
                path=str(path),
                task=task or task_of(estimator),
                features=tuple(features) if features is not None else features_of(estimator),
                classes=classes_of(estimator),
            )
            return self._client.ask(request, timeout=_MODEL_SECONDS)

    def __enter__(self) -> Self:
        if self._record is not None:
            raise UsageError(f"Run {self._record.id} was already opened.", hint="Start a new one.")
        start = msgspec.structs.replace(_with_environment(self._start), process=this_process())
        self._record = self._client.ask(start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if value is None:
            self._record = self._client.ask(RunFinish(id=self.id))
            return
        stopped = isinstance(value, KeyboardInterrupt)
        state = RunState.CANCELLED if stopped else RunState.FAILED
        error = f"{type(value).__name__}: {value}".rstrip(": ")
        try:
            self._record = self._client.ask(RunFinish(id=self.id, state=state, error=error))
        except ShopfloorError as unsaid:
            # The author's own error matters more than that it could not be recorded.
            value.add_note(f"The run could not be closed as failed: {unsaid}")

    def __repr__(self) -> str:
        shown = "not open" if self._record is None else f"{self._record.id}, {self._record.state}"
        return f"Run({self._start.model!r}, {shown})"


def _with_environment(start: RunStart) -> RunStart:
    # Read when the run begins: by then the notebook has loaded what it works with.
    return msgspec.structs.replace(start, environment=_environment())


def _environment() -> dict[str, str]:
    """Python, platform, and the version of every known package that is loaded."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        if _MODULES.get(package, package) in sys.modules:
            try:
                found[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
    return found


def _finite(name: object, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"Metric {str(name)!r} is {value!r}, not a finite number.", hint="Leave it out.")
    return number


def _dump(joblib: Any, estimator: Any, path: Path) -> None:
    try:
        joblib.dump(estimator, path)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise DataError(
            f"The estimator cannot be stored: {error}",
            hint="Move your own functions and classes to a file in recipes/ and import them.",
            code="not_storable",
        ) from error
