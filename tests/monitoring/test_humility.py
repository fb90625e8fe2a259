"""Rows on which a model was not trusted are counted where its predictions are watched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from tests.monitoring.frames import answers_of, context, inference_part, month, reference_of

from shopfloor.domain.definition import Humility, HumilityAction, Task
from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.monitor import CheckVerdict
from shopfloor.monitoring.checks.humility import CHECK
from shopfloor.monitoring.stored import read_inputs
from shopfloor.statistics.frames import read_predictions


def test_the_log_tells_how_many(tmp_path: Path) -> None:
    frame = month(0, rows=6)
    answers = answers_of(frame)
    noted = np.array(["unseen: carrier", None, "uncertain", None, None, None], dtype=object)
    done = np.array(["refuse", None, "log", None, None, None], dtype=object)
    before = inference_part(tmp_path, frame[:3], answers[:3])  # of a version that logged no such thing
    part = inference_part(tmp_path, frame, answers.assign(humility=noted, humility_action=done))
    stored = read_inputs([before, part], 1, (None, None))
    assert stored.humility == HumilityCounts(rows=2, unseen=1, uncertain=1, log=1, refuse=1)
    assert read_inputs([before], 1, (None, None)).humility == HumilityCounts()


def test_the_check_counts_and_opens_no_alert() -> None:
    frame = month(1)
    answers = answers_of(frame)
    said = read_predictions(answers, None, task=Task.BINARY, classes=("no", "yes"), positive="yes")
    known = context(reference_of(month(0)), 1, predictions=said)
    assert CHECK.run(known) == [], "no rule, no check"
    definition = msgspec.structs.replace(known.definition, humility=Humility(unseen=HumilityAction.REFUSE))
    assert known.predictions is not None
    counted = replace(known.predictions, humility=HumilityCounts(rows=8, unseen=8, refuse=8))
    [result] = CHECK.run(replace(known, definition=definition, predictions=counted))
    assert (result.verdict, result.value) == (CheckVerdict.OK, 0.01)
    assert "8 of 800 predictions (1 %): 8 unseen category; 8 refused" in result.message
    assert result.evidence["not_trusted"]["refuse"] == 8
