"""Fits and searches of scikit-learn recorded by themselves, while a block runs.

In the block the `fit` of every estimator class that is loaded is a wrapped one; a thread outside of it does not
notice, and after the last block all classes are as they were.
"""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from shopfloor.domain.text import safe
from shopfloor.sdk.plain import plain

if TYPE_CHECKING:
    from shopfloor.sdk.run import Run

_LONGEST = 500  # characters of a param that is an object
_recording: ContextVar[Run | None] = ContextVar("recording", default=None)


@contextmanager
def autolog(run: Run) -> Iterator[None]:
    """Each fit in the block becomes a run nested in `run`; what that fits itself, as a pipeline its steps, does not."""
    _wrapping.begin()
    before = _recording.set(run)
    try:
        yield
    finally:
        _recording.reset(before)
        _wrapping.end()


class _Wrapping:
    """Which `fit` of which class is replaced, for all blocks of the process together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._originals: dict[type, Callable[..., Any]] = {}

    def begin(self) -> None:
        """Wrap what is loaded and not wrapped yet."""
        from sklearn.base import BaseEstimator

        with self._lock:
            self._blocks += 1
            for kind in _subclasses(BaseEstimator):
                fit = vars(kind).get("fit")
                if callable(fit) and kind not in self._originals:
                    self._originals[kind] = fit
                    kind.fit = _recorded(fit)  # type: ignore[attr-defined]

    def end(self) -> None:
        """Put all back after the last block."""
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                for kind, fit in self._originals.items():
                    kind.fit = fit  # type: ignore[attr-defined]
                self._originals.clear()


_wrapping = _Wrapping()


def _subclasses(kind: type) -> Iterator[type]:
    each: type
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _recorded(fit: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fit)
    def wrapped(estimator: Any, *arguments: Any, **options: Any) -> Any:
        run = _recording.get()
        if run is None:
            return fit(estimator, *arguments, **options)
        within = _recording.set(None)
        try:
            with run.child(name=type(estimator).__name__, params=_settings(estimator)) as child:
                begun = time.perf_counter()
                fitted = fit(estimator, *arguments, **options)
                child.log_metric("fit_seconds", time.perf_counter() - begun)
                if hasattr(estimator, "cv_results_"):
                    _log_search(child, estimator)
                return fitted
        finally:
            _recording.reset(within)

    return wrapped


def _settings(estimator: Any) -> dict[str, Any]:
    found = {name: plain(value) for name, value in estimator.get_params(deep=True).items()}
    return {name: safe(value, _LONGEST) if isinstance(value, str) else value for name, value in found.items()}


def _log_search(run: Run, search: Any) -> None:
    """The best candidate in the search's own run, and every candidate in a run nested in it."""
    if hasattr(search, "best_params_"):
        run.log_params({f"best_{name}": value for name, value in search.best_params_.items()})
    if hasattr(search, "best_score_"):
        run.log_metric("best_cv_score", search.best_score_)
    results = search.cv_results_
    means = [name for name in results if name.startswith(("mean_", "std_"))]
    for number, params in enumerate(results["params"]):
        with run.child(name=f"candidate {number + 1}", params=params) as candidate:
            candidate.log_metrics({name: _number(results[name][number]) for name in means})


def _number(value: Any) -> float:
    """A masked cell of the results is one that was not computed."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
