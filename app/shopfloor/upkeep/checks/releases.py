"""Aliases, champions and the serving process's deployments."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted
from shopfloor.runtime.context import Context
from shopfloor.serving.deploy import deploy
from shopfloor.serving.deployment import read_deployment
from shopfloor.upkeep.checks.doctor_context import DoctorContext, failed, passed, summed

_NOWHERE = """
SELECT a.model, a.alias, a.version
FROM aliases a ANTI JOIN model_versions v ON v.model = a.model AND v.version = a.version
WHERE a.version IS NOT NULL ORDER BY ALL
"""
_OTHERWISE = """
SELECT coalesce(a.model, h.model), coalesce(a.alias, h.alias), a.version, nullif(h.version, 0)
FROM aliases a FULL JOIN (
    SELECT model, alias, arg_max(coalesce(version, 0), seq) AS version FROM alias_history GROUP BY model, alias
) h ON h.model = a.model AND h.alias = a.alias
WHERE coalesce(a.version, 0) <> coalesce(h.version, 0) ORDER BY ALL
"""
_RUNLESS = """
SELECT v.model, v.version, v.run FROM model_versions v ANTI JOIN runs r ON r.id = v.run
WHERE regexp_full_match(v.run, 'r[0-9]+') ORDER BY ALL LIMIT 1000
"""
_CHAMPIONS = """
SELECT model, list(DISTINCT version) FROM aliases WHERE alias = 'champion' AND version IS NOT NULL
GROUP BY model ORDER BY model
"""


def aliases(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Each points at a version that exists and is what its history says; a version's run exists."""
    problems = [
        f"{alias} of {model} points at version {version}, which does not exist"
        for model, alias, version in doctor.rows(_NOWHERE)
    ]
    problems += [
        f"{alias} of {model} is {_number(version)}, its history says {_number(recorded)}"
        for model, alias, version, recorded in doctor.rows(_OTHERWISE)
    ]
    problems += [
        f"{model}@{version} belongs to {run}, which does not exist" for model, version, run in doctor.rows(_RUNLESS)
    ]
    count = doctor.rows("SELECT count(*) FROM aliases WHERE version IS NOT NULL")[0][0]
    yield from summed("aliases", problems, counted(count, "points at a version", "point at versions"))


def champions(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Never two for one model, and the serving process has the right one."""
    rows = doctor.rows(_CHAMPIONS)
    double = [f"{model} has several champions: {versions}" for model, versions in rows if len(versions) > 1]
    yield from summed("champions", double, f"{counted(len(rows), 'model')} with one")
    wrong = {model: fault for model, (version, *_) in rows if (fault := _misled(doctor.context, model, version))}
    if not wrong:
        yield passed("deployments", "every champion is deployed")
    for model, fault in wrong.items():
        repaired = doctor.apply_repair(lambda model=model: deploy(doctor.context, model))  # type: ignore[misc]
        yield failed("deployments", f"{model}: {fault}", repaired=repaired)


def _misled(context: Context, model: str, version: int) -> str:
    """What is wrong with a deployment file; nothing for a model that is out of service."""
    try:
        retired = context.definition(model).retired
    except ShopfloorError:
        return ""  # without its definition a model is not served, and that is reported elsewhere
    try:
        recorded = read_deployment(context.layout.serving, model)
    except ShopfloorError as error:
        return error.message
    if retired:
        return "serving still has the retired model" if recorded is not None else ""
    if recorded is None:
        return f"serving does not know champion {version}"
    return "" if recorded.version == version else f"serving has version {recorded.version}, the champion is {version}"


def _number(version: int | None) -> str:
    return "nothing" if version is None else f"version {version}"
