"""What a post accepts, the intake accepts: one sender's odd value must not hold the rows of others."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.streaming.test_rows import COLUMNS, tables

from shopfloor.domain.contract import Contract, SchemaPolicy
from shopfloor.domain.file import FileState
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.ingest import ingest
from shopfloor.intake.records import IntakeSpec
from shopfloor.intake.streaming.rows import RowCheck


@settings(max_examples=300, deadline=None)
@given(tables, st.sampled_from(list(SchemaPolicy)))
@example([{"id": 0, "x": "\x85"}], SchemaPolicy.EVOLVE)  # blank in Python, and no blank to the intake
@example([{"id": 0, "x": "\u0663"}, {"id": 1, "x": "\u00a04\u3000"}, {"id": 2, "x": " 4 "}], SchemaPolicy.EVOLVE)
@example([{"id": 0, "x": 2**53 + 1}, {"id": 1, "x": 2**60}, {"id": 2, "x": str(2**53 + 1)}], SchemaPolicy.EVOLVE)
def test_accepted_rows_are_committed(rows: list[dict[str, Any]], policy: SchemaPolicy) -> None:
    contract = Contract(name="d", columns=COLUMNS, schema_policy=policy)
    accepted = RowCheck(contract).read("".join(json.dumps(row) + "\n" for row in rows).encode())
    if not accepted.rows:
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(accepted.payload)
        file = StagedFile(
            id="f1",
            path=str(path),
            original_name=path.name,
            sha256=sha256(accepted.payload).hexdigest(),
            bytes=len(accepted.payload),
        )
        spec = IntakeSpec(
            dataset="d", contract=contract, files=(file,), staging=f"{folder}/staging", objects=f"{folder}/objects"
        )
        [outcome] = ingest(spec, lambda share, stage: None).files
    assert (outcome.state, outcome.rows) == (FileState.COMMITTED, accepted.rows), (accepted.payload, outcome)
