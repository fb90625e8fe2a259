"""What an estimator says about itself, by scikit-learn's conventions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError, UsageError


def task_of(estimator: Any) -> str:
    """binary, multiclass or regression, by `classes_`; a fitted classifier has it, others do not."""
    classes = classes_of(estimator)
    if not classes:
        return Task.REGRESSION.value
    return (Task.BINARY if len(classes) == 2 else Task.MULTICLASS).value


def classes_of(estimator: Any) -> tuple[str, ...]:
    """The classes as text, in the estimator's order; empty for a regressor."""
    found = getattr(estimator, "classes_", None)
    return () if found is None else tuple(str(each) for each in found)


def features_of(estimator: Any) -> tuple[str, ...]:
    """The input columns of an estimator that was fitted on a frame; raises `UsageError`."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        raise UsageError(
            "The estimator does not know its input columns.",
            hint="Fit it on a frame, or give them: run.log_model(estimator, features=[…]).",
            code="no_features",
        )
    return tuple(str(name) for name in names)


def check_loadable(estimator: Any) -> None:
    """Raise `DataError` when a part of the estimator is defined in the notebook itself.

    Such a class is stored by name only, and no other process could find it.
    """
    for part in _parts(estimator):
        owner = part if isinstance(part, type) or hasattr(part, "__qualname__") else type(part)
        if getattr(owner, "__module__", "") == "__main__":
            raise DataError(
                f"{getattr(owner, '__qualname__', owner)} is defined in this notebook or script,"
                " so the engine could not load the model.",
                hint="Move it to a file in recipes/ and import it from there.",
                code="defined_in_main",
            )


def _parts(estimator: Any) -> Iterator[Any]:
    yield estimator
    parameters = getattr(estimator, "get_params", None)
    if callable(parameters) and not isinstance(estimator, type):
        yield from parameters(deep=True).values()
