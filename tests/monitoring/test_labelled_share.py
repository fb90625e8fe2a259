"""Deliveries without some of their labels: as usual where the model learned from such ones, and else told."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
from tests.monitoring.frames import FEATURES, checked_at, context, month, months

from shopfloor.domain.definition import Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.engine.line.train_and_judge import unlabelled_of
from shopfloor.engine.line.train_records import TrainTask
from shopfloor.monitoring.checks.labelled_share import CHECK
from shopfloor.monitoring.measurement import conclude
from shopfloor.monitoring.records import Reference
from shopfloor.monitoring.reference import build_reference
from shopfloor.training.trained import Trained

SHIFTED, OK = CheckVerdict.SHIFTED, CheckVerdict.OK


def learned(unlabelled: Sequence[tuple[int, int]]) -> Reference:
    return build_reference(
        months(range(4)), FEATURES[:1], model="m", task=Task.BINARY, metric="roc_auc", target="late",
        unlabelled=unlabelled, created_at=checked_at(3),
    )  # fmt: skip


def delivery(number: int, missing: float) -> pd.DataFrame:
    frame = month(number)
    return frame.assign(
        late=frame["late"].where(np.random.default_rng([5, number]).random(len(frame)) >= missing, None)
    )


def verdicts(reference: Reference, shares: Sequence[float]) -> list[CheckVerdict]:
    """Of one delivery after the other, which the model does not learn."""
    history: list[CheckResult] = []
    for number, share in enumerate(shares, 4):
        at = context(reference, number, frame=delivery(number, share), history=history)
        history += conclude(CHECK.run(at), at)
    return [one.verdict for one in history]


def test_a_steady_share_without_labels_that_was_learned_is_usual_and_what_loses_more_is_not() -> None:
    for unlabelled in (
        [(320, 800)],
        [(330, 800), (310, 800)],
        [(int(800 * share), 800) for share in (0.4, 0.38, 0.41)] * 3,
    ):
        assert verdicts(learned(unlabelled), [0.4, 0.38, 0.42, 0.41, 0.39, 0.9]) == [OK] * 5 + [SHIFTED]


def test_a_practice_that_changed_is_told_until_it_is_learned() -> None:
    before = [(0, 800)] * 6
    assert verdicts(learned(before), [0.0, 0.05, 0.4, 0.4]) == [OK, OK, SHIFTED, SHIFTED]
    assert verdicts(learned([*before, (325, 800)]), [0.4, 0.38]) == [OK, OK]


def test_an_older_reference_has_learned_rows_with_labels_alone() -> None:
    assert verdicts(learned([]), [0.02, 0.03, 0.6]) == [OK, OK, SHIFTED]


def test_rows_without_a_label_are_counted_by_the_delivery_that_brought_them() -> None:
    parts = [SimpleNamespace(sha256=name, rows=rows) for name, rows in (("a", 3), ("b", 2), ("c", 4), ("d", 1))]
    task = SimpleNamespace(train=SimpleNamespace(parts=parts), deliveries={"a": 2, "b": 1, "c": 2, "d": 5})
    trained = SimpleNamespace(unlabelled=np.array([0, 4, 5, 8]))
    assert unlabelled_of(cast("TrainTask", task), cast("Trained", trained)) == [(1, 2), (3, 7), (0, 1)]
