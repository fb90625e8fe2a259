"""Answers of people to tests of the ML Test Score."""

from __future__ import annotations

from shopfloor.domain.test_score import ScoreAnswer
from shopfloor.store.images import Row
from shopfloor.store.rows import Query, stored_time
from shopfloor.store.transaction import Transaction

_COLUMNS = "model, test, score, note, actor, answered_at"


def of_model(query: Query, model: str) -> dict[str, ScoreAnswer]:
    """The answers that stand, by test."""
    rows = query.all(f"SELECT {_COLUMNS} FROM score_answers WHERE model = ? AND score IS NOT NULL", [model])
    return {
        row[1]: ScoreAnswer(model=row[0], test=row[1], score=row[2], note=row[3], actor=row[4], at=stored_time(row[5]))
        for row in rows
    }


def put(transaction: Transaction, answer: ScoreAnswer) -> None:
    """Replace the answer to a test."""
    row = {
        "model": answer.model,
        "test": answer.test,
        "score": answer.score,
        "note": answer.note,
        "actor": answer.actor,
    }
    transaction.put("score_answers", {**row, "answered_at": answer.at}, keep=True)


def put_back(transaction: Transaction, model: str, test: str, before: Row | None) -> None:
    """The answer as it was; none where there was none."""
    answer = ScoreAnswer(
        model=model,
        test=test,
        score=before["score"] if before else None,
        note=before["note"] if before else "",
        actor=before["actor"] if before else transaction.actor,
        at=transaction.now,
    )
    put(transaction, answer)
