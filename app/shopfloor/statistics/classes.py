"""Metrics of predicted classes: functions of the confusion counts."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.statistics.arrays import Floats, np
from shopfloor.statistics.metric import BINARY, CLASSES, MULTICLASS, Measured, Metric, mean
from shopfloor.statistics.paired import Comparison, mcnemar
from shopfloor.statistics.predictions import Predictions

Rate = Callable[[Floats], Floats]
"""From shares of all rows, (3, classes) (right predictions, predictions, true rows), one rate a class."""
Combine = Callable[[Floats, Floats], float]
"""From the shares and 1.0 for each class that occurs at all, (classes,), the score."""


def accuracy(predictions: Predictions) -> Measured:
    """Share of right predictions."""
    return mean((predictions.truth == predictions.predicted).astype(np.float64))


def accuracy_test(challenger: Predictions, champion: Predictions, alpha: float) -> Comparison:
    """McNemar's test of two accuracies."""
    truth = challenger.truth
    return mcnemar(truth == challenger.predicted, truth == champion.predicted, alpha)


def balanced_accuracy(predictions: Predictions) -> Measured:
    """Mean recall of the classes that occur."""
    return _from_counts(predictions, _balanced)


def matthews(predictions: Predictions) -> Measured:
    """Matthews correlation coefficient, 0 where it is not defined."""
    return _from_counts(predictions, _matthews)


def _positive(rate: Rate) -> Callable[[Predictions], Measured]:
    """The rate of the positive class."""

    def measure(predictions: Predictions) -> Measured:
        return _from_counts(predictions, lambda shares, _: float(rate(shares)[predictions.positive]))

    return measure


def _averaged(combine: Callable[[Rate], Combine], rate: Rate) -> Callable[[Predictions], Measured]:
    return lambda predictions: _from_counts(predictions, combine(rate))


def _micro(rate: Rate) -> Combine:
    return lambda shares, present: float(rate(shares.sum(axis=-1, keepdims=True))[0])


def _macro(rate: Rate) -> Combine:
    return lambda shares, present: float((rate(shares) * present).sum() / present.sum())


def _weighted(rate: Rate) -> Combine:
    return lambda shares, present: float((rate(shares) * shares[2]).sum() / shares[2].sum())


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _f1(shares: Floats) -> Floats:
    return _divide(2 * shares[0], shares[1] + shares[2])


def _precision(shares: Floats) -> Floats:
    return _divide(shares[0], shares[1])


def _recall(shares: Floats) -> Floats:
    return _divide(shares[0], shares[2])


def _jaccard(shares: Floats) -> Floats:
    return _divide(shares[0], shares[1] + shares[2] - shares[0])


def _balanced(shares: Floats, present: Floats) -> float:
    occurs = shares[2] > 0
    return float(_recall(shares)[occurs].mean())


def _matthews(shares: Floats, present: Floats) -> float:
    right, given, true = shares[0].sum(), shares[1], shares[2]
    spread = (1 - (given**2).sum()) * (1 - (true**2).sum())
    above = right - (given * true).sum()
    return float(above / spread**0.5) if spread > 0 else 0.0


def _from_counts(predictions: Predictions, combine: Combine) -> Measured:
    """A function of the class shares; the influences follow from its numeric gradient.

    A row changes three shares at most, so its influence is the sum of three slopes less their
    mean. Classes that never occur take no part (their slope is not defined).
    """
    truth, classes = predictions.truth, len(predictions.classes)
    right = truth == predictions.predicted
    # Slot `classes` swallows predictions of a class that the model was never taught.
    given = np.where(predictions.predicted < 0, classes, predictions.predicted)
    counts = [np.bincount(one, minlength=classes + 1) for one in (truth[right], given, truth)]
    shares = np.stack(counts)[:, :classes] / float(len(predictions))
    present = ((shares[1] + shares[2]) > 0).astype(np.float64)

    def influence() -> Floats:
        slope = np.pad(_gradient(shares, present, combine), ((0, 0), (0, 1)))
        influences: Floats = slope[0, truth] * right + slope[1, given] + slope[2, truth]
        influences -= influences.mean()
        return influences

    return Measured(combine(shares, present), slope=influence)


def _gradient(shares: Floats, present: Floats, combine: Combine) -> Floats:
    """d combine / d shares, (3, classes), by central differences (the functions are rational)."""
    slope = np.zeros_like(shares)
    for kind in range(3):
        for label in np.flatnonzero(shares[kind] > 0):
            step = 1e-5 * shares[kind, label]
            up, down = shares.copy(), shares.copy()
            up[kind, label] += step
            down[kind, label] -= step
            rise = combine(up, present) - combine(down, present)
            slope[kind, label] = rise / (2 * step)
    return slope


def _family(name: str, label: str, rate: Rate, *, reported: bool = False) -> tuple[Metric, ...]:
    """A rate of the positive class, and its averages over all classes."""
    averages = {"macro": _macro, "micro": _micro, "weighted": _weighted}
    return (
        Metric(name, label, BINARY, _positive(rate), reported=BINARY if reported else ()),
        *(
            Metric(
                f"{name}_{average}",
                f"{label} ({average})",
                CLASSES,
                _averaged(combine, rate),
                reported=MULTICLASS if reported and average == "macro" else (),
            )
            for average, combine in averages.items()
        ),
    )


METRICS = (
    Metric("accuracy", "accuracy", CLASSES, accuracy, paired=accuracy_test, reported=CLASSES),
    Metric("balanced_accuracy", "balanced accuracy", CLASSES, balanced_accuracy, reported=MULTICLASS),
    Metric("matthews_corrcoef", "Matthews correlation", CLASSES, matthews),
    *_family("f1", "F1", _f1, reported=True),
    *_family("precision", "precision", _precision),
    *_family("recall", "recall", _recall),
    *_family("jaccard", "Jaccard", _jaccard),
)
