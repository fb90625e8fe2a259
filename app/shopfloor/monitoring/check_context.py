"""What a check is given: who is checked, what is known of the past, and the rows to judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shopfloor.artifacts.table import Values
from shopfloor.domain.definition import ModelDefinition, Monitoring
from shopfloor.domain.humility import NO_HUMILITY, HumilityCounts
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.service import RequestCounts
from shopfloor.domain.text import counted
from shopfloor.domain.value import ValueReport
from shopfloor.monitoring.bins import read_values, sketch_values
from shopfloor.monitoring.check_history import CheckKey, key_of
from shopfloor.monitoring.records import FeatureReference, Joined, Promise, Reference, Sketch
from shopfloor.statistics.arrays import Codes, Floats, Mask, np
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows to judge. `source` is `data` or `inference`; `data` names the rows, so that checking one
    delivery twice counts once; `moment` is the time they are about, `begins` the first (None: after
    the reference). `labelled`: their truth is known, and judged by."""

    source: str = "data"
    data: str = ""
    moment: datetime
    begins: datetime | None = None
    labelled: bool = False


@dataclass(frozen=True)
class InputColumn:
    """What is known of one column of all rows: its values in the reference's bins, and how many rows without a value
    follow each other on average."""

    sketch: Sketch
    gap: float

    @staticmethod
    def of(values: Values | None, missing: Mask, feature: FeatureReference) -> InputColumn:
        """`missing` rows, (n,), have no value; None for `values` that cannot be read."""
        return InputColumn(sketch_values(values, len(missing), feature), _gap(missing))


@dataclass(frozen=True, kw_only=True)
class InputRows(Sample):
    """The newest delivery (with id, time and target where it has them), else the inputs of stored predictions.

    `frame` has all rows, or of very many some, evenly spaced in time; its index is their places among all. `facts` has
    what is not of features, of all rows, where `frame` does not, and `seen` the columns that were looked at before.
    """

    frame: pd.DataFrame
    facts: pd.DataFrame | None = None
    seen: dict[str, InputColumn] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.all_rows)

    @property
    def all_rows(self) -> pd.DataFrame:
        """Id, time, target and the like of every row."""
        return self.frame if self.facts is None else self.facts

    def watched(self, reference: Reference) -> list[FeatureReference]:
        """The columns to compare: stored inputs hold the model's features alone."""
        return [feature for feature in reference.features if feature.used or self.source == "data"]

    def column(self, feature: FeatureReference) -> InputColumn:
        """The feature in all rows; a column that is not there is missing in every row."""
        if feature.name not in self.seen:
            series = self.frame.get(feature.name)
            values = None if series is None else read_values(series, feature)
            missing = np.ones(len(self), dtype=np.bool_) if series is None else series.isna().to_numpy(dtype=np.bool_)
            self.seen[feature.name] = InputColumn.of(values, missing, feature)
        return self.seen[feature.name]

    def sketch(self, feature: FeatureReference) -> Sketch:
        """The feature in the reference's bins."""
        return self.column(feature).sketch


@dataclass(frozen=True, kw_only=True)
class StoredPredictions(Sample):
    """Predictions of the version from the inference log, oldest first, or of a delivery's rows; their truth may be
    unknown.

    `inputs` are the rows that they are of; `humility` counts those that the model was not trusted with.
    """

    predictions: Predictions
    inputs: InputRows | None = None
    humility: HumilityCounts = NO_HUMILITY

    def __len__(self) -> int:
        return len(self.predictions)

    def frame(self, rows: Mask) -> pd.DataFrame | None:
        """The inputs of some of them; None where they are not known."""
        return None if self.inputs is None else self.inputs.frame[rows]


@dataclass(frozen=True, kw_only=True)
class KnownOutcomes(Sample):
    """Predictions whose truth has arrived, oldest first, and how the two were joined.

    `early`: the known ones are few, and of another sort than those to come.

    Those of source `data` were made for the check, of the delivery's rows: every row is one prediction. Where that
    was not possible, `fault` says why and there are none. `places` are their rows of the delivery, (n,).
    """

    predictions: Predictions
    joined: Joined
    labelled: bool = True
    early: bool = False
    fault: str = ""
    places: Codes | None = None

    def __len__(self) -> int:
        return len(self.predictions)

    @property
    def row(self) -> str:
        """What each of them is."""
        return "delivered row" if self.source == "data" else "row"

    @property
    def matched(self) -> str:
        """What it means that some of them have a truth."""
        return "delivered rows have labels" if self.source == "data" else "predictions have actuals"


@dataclass(frozen=True, kw_only=True)
class RescoredAnswers(Sample):
    """Some logged answers beside what the stored version says of the same inputs, row by row.

    Both frames have `prediction` and `probability_<class>`; `ids` names the rows, `served` is what was answered where
    nothing but the model decided, else None, and `humble` counts the rows that the model was not trusted with. Where
    the version could not answer, `fault` says why and there are none.
    """

    ids: Sequence[str]
    logged: pd.DataFrame
    again: pd.DataFrame
    served: pd.Series[Any]
    humble: int = 0
    fault: str = ""

    def __len__(self) -> int:
        return len(self.logged)


@dataclass(frozen=True, kw_only=True)
class ServedRequests(Sample):
    """How long each request took to be answered, in seconds, (n,), as the log tells it."""

    seconds: Floats

    def __len__(self) -> int:
        return len(self.seconds)


@dataclass(frozen=True)
class VersionAnswers:
    """What one version says of the rows; it learned from data until `until`."""

    version: int
    until: datetime
    promise: Promise
    predictions: Predictions


@dataclass(frozen=True, kw_only=True)
class ReplayedVersions(Sample):
    """The delivery's labelled rows as the version and others of another age predict them, each the same rows in order
    of time. `own` is the version that is checked.
    """

    own: VersionAnswers
    others: Sequence[VersionAnswers]

    def __len__(self) -> int:
        return len(self.own.predictions)


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """What all checks of one run share. `at` is now and `history` holds earlier results of the model.

    `rows` are the newest; checks ask for them as `inputs` or `labels`. `predictions`, `rescored`, `requests`,
    `outcomes`, `labelled` and `answered` are None where there are none, or where the definition's `[monitoring]` does
    not watch them. `outcomes` are of predictions that were served, `labelled` those of the rows that the delivery
    brings with their target, on which the model has not learned, and `replayed` of these rows too; `answered` are some
    of all the delivery's rows, with their target or not.
    `labels_follow`: rows may come before their labels. `value` is what the decisions of the model were worth, None
    without terms; `asked` counts the requests since the last run, by source, with those that got no prediction.
    """

    definition: ModelDefinition
    model_version: int | None
    reference: Reference
    at: datetime
    history: Sequence[CheckResult] = ()
    rows: InputRows | None = None
    predictions: StoredPredictions | None = None
    outcomes: KnownOutcomes | None = None
    labelled: KnownOutcomes | None = None
    answered: StoredPredictions | None = None
    rescored: RescoredAnswers | None = None
    requests: ServedRequests | None = None
    asked: Sequence[RequestCounts] = ()
    replayed: ReplayedVersions | None = None
    labels_follow: bool = False
    value: ValueReport | None = None

    @property
    def inputs(self) -> InputRows | None:
        """The rows, where drift is watched: what they hold beside their labels."""
        return self.rows if self.settings.drift else None

    @property
    def labels(self) -> InputRows | None:
        """The rows, where performance is watched: what truth they bring."""
        return self.rows if self.settings.performance else None

    @property
    def settings(self) -> Monitoring:
        """The definition's `[monitoring]`."""
        return self.definition.monitoring

    def earlier(self, check: str, feature: str | None, source: str) -> list[CheckResult]:
        """Earlier results of one check of this version on rows from the same source. What other
        versions met is part of this one's reference, or too old to be its past."""
        return self._earlier.get((check, feature or "", source), [])

    @cached_property
    def _earlier(self) -> dict[CheckKey, list[CheckResult]]:
        """Each check asks, and each of many features: they need not all go through all of it."""
        found: defaultdict[CheckKey, list[CheckResult]] = defaultdict(list)
        for result in self.history:
            if result.model_version == self.model_version and result.at < self.at:
                found[key_of(result)].append(result)
        return dict(found)

    def result(
        self,
        check: str,
        sample: Sample,
        verdict: CheckVerdict,
        message: str,
        *,
        rows: int,
        evidence: dict[str, Any] | None = None,
        is_break: bool = False,
        **fields: Any,
    ) -> CheckResult:
        """What a check found in `sample`. `is_break`: so great a change needs no second run to be believed."""
        kept = {"source": sample.source, "data": sample.data, **(evidence or {}), "break": is_break}
        kept |= {"labelled": True} if sample.labelled else {}
        return CheckResult(
            model=self.definition.name,
            model_version=self.model_version,
            check=check,
            verdict=verdict,
            rows=rows,
            message=message,
            evidence=kept,
            at=self.at,
            **fields,
        )

    def too_few(self, rows: int) -> str:
        """Why `rows` rows cannot tell; empty when they are enough."""
        least = self.settings.min_rows
        return "" if rows >= least else f"{counted(rows, 'row')} are too few, at least {least} are needed"


def _gap(missing: Mask) -> float:
    """Of the rows without a value, how many follow each other on average; by chance alone about one."""
    count = int(missing.sum())
    if not count:
        return 1.0
    runs = int(missing[0]) + int((missing[1:] & ~missing[:-1]).sum())
    return max(count * (1 - count / len(missing)) / runs, 1.0)
