"""A run recorded by a notebook or script."""

from __future__ import annotations

import os
import pickle
import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from shopfloor.client.connection import EngineClient, this_process
from shopfloor.client.run_recorder import RunRecorder
from shopfloor.domain.errors import DataError, RefusedError, ShopfloorError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.recording import LoggedMetric, RunEnding, RunEntry, RunOpening
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.runs import RunModel, RunShow
from shopfloor.domain.run import MetricValue, RunRecord, RunState, measured
from shopfloor.domain.text import safe
from shopfloor.sdk.autolog import autolog
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

    What is logged is kept by the operating system at once and on the disk when the run ends, whether or not an
    engine runs, which takes it in as soon as it can. May be used by threads; forked processes log into the same
    run, and only the process that opened it closes it.

    An error that leaves the block is recorded and goes on to the caller; Ctrl-C is recorded as
    cancelled.
    """

    def __init__(
        self, client: EngineClient, recorder: RunRecorder, opening: RunOpening, params: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._start = opening
        self._params: dict[str, Any] = {str(name): plain(value) for name, value in params.items()}
        self._opening: RunEntry | None = None
        self._pid = 0
        self._state = RunState.QUEUED
        self._id = ""

    @property
    def id(self) -> str:
        """The run's id, such as `r42`, which the engine gives. Raises `UnreachableError` where none runs."""
        if not self._id:
            self._id = self.record.id
        return self._id

    @property
    def record(self) -> RunRecord:
        """The run as the engine knows it now. Raises `UsageError` before the `with` block."""
        return self._client.ask(RunShow(id=self._opened().key))

    def log_param(self, name: str, value: Any) -> None:
        """Record one setting, as `log_params` does."""
        self.log_params({name: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings. A param once set cannot change: that raises `RefusedError`."""
        named = {str(name): plain(value) for name, value in params.items()}
        for name, value in named.items():
            if self._params.get(name, value) != value:
                raise RefusedError(
                    f"Param {safe(name, 60)!r} is {self._params[name]!r} already.",
                    hint="Start a new run for other params.",
                    code="param_set",
                )
        self._log(params=named)
        self._params.update(named)

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record one score, as `log_metrics` does."""
        self.log_metrics({name: value}, step=step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record scores, by scikit-learn's scorer names where there is one; a later value wins.

        With a `step` all values are kept. NaN and infinity are recorded as such. Raises `UsageError` for a value
        that is not a number.
        """
        self._log(metrics=tuple(LoggedMetric(str(name), _number(name, value), step) for name, value in metrics.items()))

    def child(self, name: str = "", params: Mapping[str, Any] | None = None) -> Run:
        """A run nested in this one, to be used in a `with` statement.

        >>> with run.child(name="fold 1") as fold:  # doctest: +SKIP
        ...     fold.log_metrics({"roc_auc": 0.8})
        """
        opening = msgspec.structs.replace(self._start, name=name, parent=self._opened().key)
        return Run(self._client, self._recorder, opening, params or {})

    def autolog(self) -> AbstractContextManager[None]:
        """Record each fit of a scikit-learn estimator in the block as a run nested in this one.

        It has the estimator's params; a search also its best ones and its score, and a nested run a candidate. Of
        classes that are loaded when the block begins.

        >>> with run.autolog():  # doctest: +SKIP
        ...     GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}).fit(frame, target)
        """
        return autolog(self)

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
        if self._opening is not None:
            raise UsageError("The run was already opened.", hint="Start a new one.")
        # Read when the run begins: by then the notebook has loaded what it works with.
        opening = msgspec.structs.replace(self._start, environment=_environment(), process=this_process())
        entry = RunEntry(key=ulid(), at=datetime.now(UTC), opening=opening, params=self._params)
        self._recorder.append(entry, entry)
        self._opening, self._pid, self._state = entry, os.getpid(), RunState.RUNNING
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if os.getpid() != self._pid:  # a forked child leaves the block of its parent
            return
        if value is None:
            self._end(RunEnding())
            return
        stopped = isinstance(value, KeyboardInterrupt)
        state = RunState.CANCELLED if stopped else RunState.FAILED
        try:
            self._end(RunEnding(state=state, error=f"{type(value).__name__}: {value}".rstrip(": ")))
        except ShopfloorError as unsaid:
            # The author's own error matters more than that it could not be recorded.
            value.add_note(f"The run could not be closed as failed: {unsaid}")

    def __repr__(self) -> str:
        shown = "not open" if self._opening is None else str(self._state)
        return f"Run({self._start.model!r}, {shown})"

    def _end(self, ending: RunEnding) -> None:
        opening = self._opened()
        self._recorder.end(opening, RunEntry(key=opening.key, at=datetime.now(UTC), ending=ending))
        self._state = ending.state

    def _log(self, params: dict[str, Any] | None = None, metrics: tuple[LoggedMetric, ...] = ()) -> None:
        opening = self._opened()
        if self._state is not RunState.RUNNING:
            raise RefusedError(f"The run has ended ({self._state}).", hint="Start a new run.", code="run_ended")
        entry = RunEntry(key=opening.key, at=datetime.now(UTC), params=params or {}, metrics=metrics)
        self._recorder.append(opening, entry)

    def _opened(self) -> RunEntry:
        if self._opening is None:
            raise UsageError("The run is not open.", hint="Use it in a with statement.")
        return self._opening


def _environment() -> dict[str, str]:
    """Python, platform, and the version of every known package that is loaded."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        if _MODULES.get(package, package) in sys.modules and (version := _version(package)):
            found[package] = version
    return found


@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _number(name: object, value: Any) -> MetricValue:
    try:
        return measured(float(value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"Metric {str(name)!r} is {value!r}, not a number.", hint="Leave it out.") from error


def _dump(joblib: Any, estimator: Any, path: Path) -> None:
    try:
        joblib.dump(estimator, path)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise DataError(
            f"The estimator cannot be stored: {error}",
            hint="Move your own functions and classes to a file in recipes/ and import them.",
            code="not_storable",
        ) from error
