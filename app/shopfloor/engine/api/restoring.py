"""How the rows that a mutation changed get their earlier images again: one entry a table, for every mutation.

A restorer tells the step before it is taken, says why it cannot be taken any more, and takes it. What follows a
change outside the store (deployments, settings) is done after the commit by `follow`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.file import FileRecord
from shopfloor.domain.numbers import exact
from shopfloor.domain.release import UNDO, AliasChange, ModelVersion
from shopfloor.domain.revision import ContractCause
from shopfloor.domain.text import safe
from shopfloor.domain.trust import MONITORING, DeliveryTrust
from shopfloor.engine.api.versions import go_back
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.monitoring.delivery_verdict import by_evidence
from shopfloor.runtime import damage
from shopfloor.runtime.line import ChampionChanged
from shopfloor.serving.deploy import deploy
from shopfloor.store import (
    alerts,
    datasets,
    files,
    history,
    models,
    revisions,
    score_answers,
    texts,
    thresholds,
    trust,
    value,
)
from shopfloor.store.images import RowImage
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.form import read_text, write_text_atomic

_DEFINITIONS = "models/"


class Restorer(NamedTuple):
    """`moved` says why a row is not as the change left it, empty when it is; `stays` what no undo takes back."""

    tell: Callable[[Query, RowImage], str]
    apply: Callable[[EngineServices, Transaction, RowImage], None]
    moved: Callable[[EngineServices, Query, RowImage], str] = lambda services, query, image: ""
    stays: Callable[[RowImage], str] = lambda image: ""


def moved(services: EngineServices, query: Query, image: RowImage) -> str:
    """Why a row is not as its change left it; empty when it is."""
    later = history.later(query, image)
    if later is not None:
        name = " ".join(safe(str(part), 60) for part in image.key)
        return f"{name} was changed again by {safe(later.actor, 60)} (event {later.seq})"
    return RESTORERS[image.table].moved(services, query, image)


def check_stored(services: EngineServices, images: list[RowImage]) -> None:
    """No alias or dataset goes back to what is damaged. Outside the transaction, because all of it is read."""
    for image in images:
        if image.table == "dataset_versions":
            dataset, number = image.key
            earlier = services.context.store.read(partial(datasets.version, dataset=dataset, number=number - 1))
            if earlier is not None:
                damage.refuse_damaged_rows(services.context, earlier)
        number = image.before["version"] if image.table == "aliases" and image.before else None
        if number is not None:
            model = str(image.key[0])
            version = services.context.store.read(partial(models.version, model=model, number=number))
            damage.refuse_damaged(services.context, model, number, version.artifact.sha256)


def follow(services: EngineServices, images: list[RowImage]) -> None:
    """After the commit: the serving process and the engine's own settings follow."""
    for model in sorted(
        {str(image.key[0]) for image in images if image.table in ("aliases", "models", "decision_thresholds")}
    ):
        deploy(services.context, model)
    for name in (str(image.key[0]) for image in images if image.table == "texts"):
        if name.startswith(_DEFINITIONS):
            deploy(services.context, Path(name).stem)
        else:
            services.context.reload_settings()


def _tell_alias(query: Query, image: RowImage) -> str:
    model, alias = image.key
    now = models.aliases(query, model).get(alias)
    before = image.before["version"] if image.before else None
    return f"{alias} of {model}: {_version(now)} → {_version(before)}"


def _version(number: int | None) -> str:
    return "none" if number is None else f"v{number}"


def _moved_alias(services: EngineServices, query: Query, image: RowImage) -> str:
    """No champion comes back that learned from rows which have left."""
    model, alias = image.key
    number = image.before["version"] if image.before else None
    if alias != "champion" or number is None:
        return ""
    mark = models.version(query, model, number).withdrawn
    return "" if mark is None else f"{safe(model, 64)}@{number} learned from rows that have left the dataset"


def _apply_alias(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    model, alias = image.key
    before = image.before["version"] if image.before else None
    change = AliasChange(
        model=model,
        alias=alias,
        version=before,
        previous=models.aliases(transaction, model).get(alias),
        actor=transaction.actor,
        cause=UNDO,
        reason=f"event {image.seq} was undone",
        at=transaction.now,
    )
    models.move_alias(transaction, change)
    if alias == "champion":
        state = models.state(transaction, model)
        models.put_state(transaction, models.unmeasured(state))
        if before is not None:
            trigger = f"event {image.seq} was undone by {transaction.actor}"
            services.context.line.after(transaction, ChampionChanged(model, before, trigger))


def _tell_version(query: Query, image: RowImage) -> str:
    model, number = image.key
    before = _model_version(image)
    decided = before.decision.outcome.value if before.decision else "not judged"
    approvals = f", approved by {', '.join(before.approvals)}" if before.approvals else ""
    return f"{model}@{number}: {decided}{approvals}, as before"


def _apply_version(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    models.put_version(transaction, _model_version(image))


def _model_version(image: RowImage) -> ModelVersion:
    assert image.before is not None
    return msgspec.json.decode(image.before["record"], type=ModelVersion)


def _tell_model(query: Query, image: RowImage) -> str:
    state = _state_before(query, image)
    waits = "no version awaits approval" if state.awaiting is None else f"v{state.awaiting} awaits approval"
    return f"{state.name}: {'retired' if state.retired else waits}"


def _apply_model(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    models.put_state(transaction, _state_before(transaction, image))


def _state_before(query: Query, image: RowImage) -> models.ModelState:
    """What was decided then; what is measured stays as it is now."""
    before = image.before or {"awaiting": None, "retired": False}
    state = models.state(query, image.key[0])
    return msgspec.structs.replace(state, awaiting=before["awaiting"], retired=before["retired"])


def _tell_alert(query: Query, image: RowImage) -> str:
    assert image.before is not None
    now, before = alerts.get(query, image.key[0]), alerts.of_image(image.before)
    return f"Alert {now.id} on {safe(now.subject, 64)}: {now.state} → {before.state}"


def _apply_alert(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    assert image.before is not None
    alerts.put(transaction, alerts.of_image(image.before))


def _tell_file(query: Query, image: RowImage) -> str:
    now, before = files.get(query, image.key[0]), _file(image)
    return f"{safe(before.path, 120)}: {now.state if now else 'unknown'} → {before.state}"


def _apply_file(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    row = files.ledger(transaction, [image.key[0]])[0]
    files.put(transaction, msgspec.structs.replace(row, file=_file(image)))


def _file(image: RowImage) -> FileRecord:
    assert image.before is not None
    return files.of_image(image.before)


def _tell_contract(query: Query, image: RowImage) -> str:
    dataset, number = image.key
    return f"Contract of {dataset}: as in revision {number - 1}, as a new revision"


def _moved_contract(services: EngineServices, query: Query, image: RowImage) -> str:
    dataset, number = image.key
    if number == 1:
        return f"the contract of {dataset} was made then, and there is no earlier one"
    newest = revisions.number(query, dataset)
    return "" if newest == number else f"the contract of {dataset} has revision {newest} meanwhile"


def _apply_contract(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    dataset, number = image.key
    earlier = revisions.get(transaction, dataset, number - 1)
    contract = None if earlier is None else live.text_as_contract(earlier)
    if contract is None:
        raise RefusedError(f"Revision {number - 1} of {dataset} cannot be read by this version.", code="moved")
    contract = msgspec.structs.replace(contract, revision=number + 1)
    text = live.save(services.context, contract)
    live.record(transaction, contract, text, ContractCause.UNDONE, transaction.actor)
    services.context.book.own.pop(dataset, None)


def _tell_dataset(query: Query, image: RowImage) -> str:
    dataset, number = image.key
    return f"{dataset}: a new version with the rows of {dataset}@{number - 1}"


def _moved_dataset(services: EngineServices, query: Query, image: RowImage) -> str:
    dataset, number = image.key
    newest = datasets.current_version(query, dataset)
    return "" if newest == number else f"{dataset} has version {newest} meanwhile"


def _apply_dataset(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    dataset, number = image.key
    go_back(services, transaction, f"{dataset}@{number - 1}", f"event {image.seq} was undone")


def _tell_trust(query: Query, image: RowImage) -> str:
    before, again = _verdict(image), _verdict_again(query, image, image.at)
    return f"{again.ref}: {again.trust}" + (", as before" if again.trust is before.trust else ", as its checks found")


def _apply_trust(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    trust.put(transaction, _verdict_again(transaction, image, transaction.now))


def _verdict_again(query: Query, image: RowImage, at: datetime) -> DeliveryTrust:
    """What was decided then; what its checks found since, and that its rows left, stays as it is now."""
    before = _verdict(image)
    now = trust.get(query, before.dataset, before.version)
    assert now is not None
    if before.decided_by == MONITORING and (now.evidence, now.pending) != (before.evidence, before.pending):
        return by_evidence(now, at)
    return msgspec.structs.replace(
        now, trust=before.trust, decided_by=before.decided_by, reason=before.reason, decided_at=before.decided_at
    )


def _verdict(image: RowImage) -> DeliveryTrust:
    assert image.before is not None
    return trust.of_image(image.before)


def _tell_text(query: Query, image: RowImage) -> str:
    return f"{image.key[0]}: its text of before"


def _moved_text(services: EngineServices, query: Query, image: RowImage) -> str:
    name = str(image.key[0])
    if image.before is None:
        return f"{name} was made then, and has no earlier text"
    path = services.context.layout.root / name
    if not path.exists() or read_text(path) != texts.last(query, name):
        return f"{name} was edited meanwhile"
    return ""


def _apply_text(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    assert image.before is not None
    name, text = str(image.key[0]), str(image.before["text"])
    path = services.context.layout.root / name
    texts.put(transaction, name, read_text(path), text)
    write_text_atomic(path, text)


def _tell_threshold(query: Query, image: RowImage) -> str:
    model, version = image.key
    now = thresholds.of_version(query, model, version)
    before = image.before["threshold"] if image.before else None
    return f"Decision threshold of {model}@{version}: {_threshold(now)} → {_threshold(before)}"


def _threshold(value: float | None) -> str:
    return "the most probable class" if value is None else exact(value)


def _apply_threshold(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    model, version = image.key
    thresholds.put(transaction, model, version, image.before["threshold"] if image.before else None)


def _tell_cost(query: Query, image: RowImage) -> str:
    entry = value.cost(query, str(image.key[0]))
    return "" if entry is None else f"Cost {entry.id} of {entry.model}: reversed by a new entry"


def _apply_cost(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    entry = value.cost(transaction, str(image.key[0]))
    assert entry is not None
    opposite = msgspec.structs.replace(entry, amount=-entry.amount, reverses=entry.id, actor=transaction.actor)
    value.enter(transaction, opposite, "")


def _tell_answer(query: Query, image: RowImage) -> str:
    model, test = image.key
    before = image.before["score"] if image.before else None
    return f"Answer to test {test} of {model}: {'none' if before is None else exact(before)}, as before"


def _apply_answer(services: EngineServices, transaction: Transaction, image: RowImage) -> None:
    model, test = image.key
    score_answers.put_back(transaction, str(model), str(test), image.before)


RESTORERS: Mapping[str, Restorer] = {
    "aliases": Restorer(
        _tell_alias,
        _apply_alias,
        _moved_alias,
        stays=lambda image: "Predictions that were served meanwhile stay." if image.key[1] == "champion" else "",
    ),
    "model_versions": Restorer(_tell_version, _apply_version),
    "models": Restorer(_tell_model, _apply_model),
    "alerts": Restorer(_tell_alert, _apply_alert, stays=lambda image: "Notifications that were sent stay sent."),
    "files": Restorer(_tell_file, _apply_file),
    "contract_revisions": Restorer(
        _tell_contract,
        _apply_contract,
        _moved_contract,
        stays=lambda image: "Files that came in meanwhile stay as they are.",
    ),
    "dataset_versions": Restorer(
        _tell_dataset,
        _apply_dataset,
        _moved_dataset,
        stays=lambda image: "What was trained meanwhile stays, and a training may follow.",
    ),
    "score_answers": Restorer(_tell_answer, _apply_answer),
    "delivery_trust": Restorer(
        _tell_trust, _apply_trust, stays=lambda image: "What was trained and released meanwhile stays."
    ),
    "decision_thresholds": Restorer(
        _tell_threshold, _apply_threshold, stays=lambda image: "Predictions that were served meanwhile stay."
    ),
    "value_costs": Restorer(_tell_cost, _apply_cost),
    "texts": Restorer(_tell_text, _apply_text, _moved_text),
}
