"""Answers about the ML Test Score."""

from __future__ import annotations

from contextlib import suppress

from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import NotFoundError, RefusedError, UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.numbers import exact
from shopfloor.domain.requests.models import ModelTestAnswer, ModelTestScoreShow
from shopfloor.domain.run import RunRecord
from shopfloor.domain.test_score import PEOPLES, ModelTestScore, ScoreAnswer
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.engine.test_score.finding import ScoreEvidence
from shopfloor.engine.test_score.score import STORED, score
from shopfloor.store import alerts, datasets, events, inference, jobs, models, runs, score_answers
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_CHECKS = 2000
_RUNS = 20
_SCORES = (0.0, 0.5, 1.0)


def test_score(services: EngineServices, request: ModelTestScoreShow) -> ModelTestScore:
    """The score of a model with its 28 tests."""
    definition = services.context.definition(request.name)
    contract = services.context.contract(definition.dataset)
    return services.context.store.read(lambda query: scored(query, definition, contract))


def scored(query: Query, definition: ModelDefinition, contract: Contract | None) -> ModelTestScore:
    """The score as the store knows it now."""
    return score(_evidence(query, definition, contract), score_answers.of_model(query, definition.name))


def _evidence(query: Query, definition: ModelDefinition, contract: Contract | None) -> ScoreEvidence:
    name = definition.name
    champion = models.aliases(query, name).get("champion")
    newest = next(iter(models.versions(query, name, 1, 0).rows), None)
    version = models.version(query, name, champion) if champion is not None else newest
    trained = runs.listing(query, runs.RunSearch({}, model=name, sort="-id"), limit=_RUNS, offset=0).rows
    return ScoreEvidence(
        definition=definition,
        contract=contract,
        version=version,
        run=_run(query, version.run) if version is not None else None,
        runs=tuple(trained),
        moves=models.history(query, name).rows,
        checks=alerts.check_history(query, name, _CHECKS).rows,
        kinds=events.kinds_of(query, name),
        jobs=jobs.succeeded_of(query, name),
        predictions=inference.predictions_by_model(query).get(name, 0),
        learned=runs.last_trained_version(query, name),
        newest=datasets.current_version(query, definition.dataset),
    )


def _run(query: Query, id: str) -> RunRecord | None:
    """None for an imported version: its run is elsewhere."""
    with suppress(NotFoundError):
        return runs.get(query, id)
    return None


def test_answer(services: EngineServices, request: ModelTestAnswer) -> ModelTestScore:
    """Store a person's answer to a test that the store cannot answer; the score with it."""
    definition, test = services.context.definition(request.name), request.test.upper()
    contract = services.context.contract(definition.dataset)
    _check(test, request.score)

    def change(transaction: Transaction) -> ModelTestScore:
        answer = ScoreAnswer(
            model=definition.name,
            test=test,
            score=request.score,
            note=request.note,
            actor=request.actor,
            at=transaction.now,
        )
        score_answers.put(transaction, answer)
        note = f": {safe(request.note, 200)}" if request.note else ""
        transaction.emit(
            "model.test_answered",
            definition.name,
            f"Test {test} of {definition.name} is answered with {exact(request.score)}{note}",
            actor=request.actor,
            data={"test": test, "score": request.score, "note": request.note},
        )
        return scored(transaction, definition, contract)

    return services.mutate(request, change)


def _check(test: str, given: float) -> None:
    if test in STORED:
        raise RefusedError(
            f"Test {test} is answered from what is stored.",
            hint=f"People answer {', '.join(PEOPLES)}.",
            code="answered_by_store",
        )
    if test not in PEOPLES:
        raise UsageError(f"There is no test {safe(test, 20)!r}.", hint=did_you_mean(test, PEOPLES), code="no_such_test")
    if given not in _SCORES:
        raise UsageError(
            f"{exact(given)} is no score of a test.",
            hint="Use 0, .5 (done by hand and documented) or 1 (automatic).",
            code="bad_score",
        )
