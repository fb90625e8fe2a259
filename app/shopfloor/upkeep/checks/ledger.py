"""The ledger of files, and datasets with their versions."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain import numbers
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted, safe
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.checks.doctor_context import DoctorContext, failed, summed

_SHOWN = """
SELECT name, version, rows, columns, added_rows, coalesce(changed_rows, 0), parts, bytes, mode FROM datasets
"""
_TWICE = """
SELECT any_value(path), min(id) FILTER (state = 'committed'), min(id) FILTER (state = 'quarantined')
FROM files WHERE sha256 IS NOT NULL GROUP BY purpose, dataset, raw_path, sha256
HAVING bool_or(state = 'committed') AND bool_or(state = 'quarantined') LIMIT 1000
"""
_UNKNOWN = """
SELECT v.dataset, v.version, v.id
FROM (SELECT dataset, version, unnest(from_json(files, '["VARCHAR"]')) AS id FROM dataset_versions) v
ANTI JOIN files f ON f.id = v.id ORDER BY ALL LIMIT 1000
"""
_NOWHERE = """
SELECT f.id, f.dataset, f.version
FROM files f ANTI JOIN dataset_versions v ON v.dataset = f.dataset AND v.version = f.version
WHERE f.state IN ('committed', 'withdrawn') AND f.purpose = 'data' AND f.version IS NOT NULL
ORDER BY f.number LIMIT 1000
"""
_NEWEST = """
SELECT v.dataset, v.version, v.rows, json_array_length(v.columns) AS columns, v.added_rows,
       coalesce(v.changed_rows, 0) AS changed_rows, v.created_at,
       count(p.sha256) AS parts, coalesce(sum(p.bytes), 0)::BIGINT AS bytes, coalesce(sum(p.rows), 0)::BIGINT AS held
FROM dataset_versions v LEFT JOIN dataset_parts p ON p.dataset = v.dataset AND p.removed_version IS NULL
WHERE (v.dataset, v.version) IN (SELECT dataset, max(version) FROM dataset_versions GROUP BY dataset) GROUP BY ALL
"""


def files(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Every file ever seen is in exactly one known state, and agrees with the versions."""
    states = dict(doctor.rows("SELECT state, count(*) FROM files GROUP BY state"))
    unknown = sorted(set(states) - {state.value for state in FileState})
    problems = [f"{counted(states[state], 'file')} in an unknown state: {safe(state, 40)}" for state in unknown]
    problems += [
        f"{safe(path, 120)} with the same content is committed ({first}) and quarantined ({second})"
        for path, first, second in doctor.rows(_TWICE)
    ]
    problems += [
        f"{dataset}@{version} refers to {safe(id, 20)}, which the ledger does not have"
        for dataset, version, id in doctor.rows(_UNKNOWN)
    ]
    problems += [
        f"{id} is committed in {dataset}@{version}, which does not exist"
        for id, dataset, version in doctor.rows(_NOWHERE)
    ]
    by_state = ", ".join(f"{numbers.count(count)} {state}" for state, count in sorted(states.items()))
    yield from summed(
        "files", problems, f"{numbers.count(sum(states.values()))} seen" + (f": {by_state}" if by_state else "")
    )


def quarantined(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """The bytes of every quarantined file are kept."""
    rows = doctor.rows("SELECT id, dataset, sha256, path FROM files WHERE state = 'quarantined' AND sha256 IS NOT NULL")
    kept = {
        dataset: {path.name[:13] for path in (doctor.layout.quarantine / dataset).glob("*-*")}
        for dataset in {row[1] for row in rows}
    }
    problems = [
        f"the bytes of {id} ({safe(path, 80)}) are gone; discard it: shopfloor file discard {id}"
        for id, dataset, sha256, path in rows
        if f"{sha256[:12]}-" not in kept[dataset]
    ]
    yield from summed("quarantine", problems, f"{counted(len(rows), 'file')} kept")


def datasets(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """What is shown of a dataset is its newest version; that version's rows are those of its parts."""
    newest = doctor.rows(_NEWEST)
    yield from summed(
        "versions",
        [
            f"{dataset}@{version} has {counted(rows, 'row')}, its parts hold {numbers.count(held)}"
            for dataset, version, rows, *_, held in newest
            if rows != held
        ],
        counted(len(newest), "newest version is consistent", "newest versions are consistent"),
    )
    shown = {row[0]: row for row in doctor.rows(_SHOWN)}
    stale = [row for row in newest if row[0] not in shown or shown[row[0]][1:8] != (*row[1:6], *row[7:9])]
    stale_names = [f"{row[0]}@{row[1]}" for row in stale]
    if stale:
        repaired = doctor.apply_repair(
            lambda: doctor.context.store.write(lambda transaction: _retell(transaction, stale, shown))
        )
        yield failed("datasets", f"shown with stale names: {', '.join(stale_names[:10])}", repaired=repaired)
        return
    known = {row[0] for row in newest}
    lost = [name for name, row in shown.items() if row[1] > 0 and name not in known]
    yield from summed(
        "datasets", [f"{name} has lost all its versions" for name in lost], counted(len(shown), "dataset")
    )


def _retell(transaction: Transaction, stale: list[tuple[object, ...]], shown: dict[str, tuple[object, ...]]) -> None:
    for dataset, version, rows, columns, added_rows, changed_rows, created_at, parts, size, _ in stale:
        message = f"The doctor set {dataset} to its newest version {version}"
        transaction.emit("dataset.repaired", str(dataset), message, data={"version": version})
        mode = shown[str(dataset)][8] if dataset in shown else "append"
        transaction.put(
            "datasets",
            {
                "name": dataset,
                "mode": mode,
                "version": version,
                "rows": rows,
                "columns": columns,
                "parts": parts,
                "bytes": size,
                "added_rows": added_rows,
                "changed_rows": changed_rows,
                "updated_at": created_at,
            },
            keep=True,
        )
