"""Whether the SQL and the patterns of contracts can be applied, asked without an engine.

`python -m shopfloor.upkeep.validate --workspace DIR` prints what is wrong as a JSON list of sentences.
Contracts that cannot be read at all are left to `workspace.contracts`, which needs no DuckDB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import ConfigError
from shopfloor.intake.contract.checks import check_with_duckdb
from shopfloor.workspace import contracts
from shopfloor.workspace.layout import Layout


def problems(layout: Layout) -> list[str]:
    """A sentence for each contract with a condition or pattern that cannot work."""
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="shopfloor-validate-") as scratch:
        for name in contracts.list_contracts(layout):
            try:
                contract = contracts.load_contract(layout, name)
            except ConfigError:
                continue
            try:
                if contract is not None and contracts.needs_duckdb(contract):
                    check_with_duckdb(contract, Path(scratch))
            except ConfigError as error:
                found.append(str(error))
    return found


def main() -> None:
    """The child process of `shopfloor config validate`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path, required=True)
    sys.stdout.buffer.write(to_json(problems(Layout(parser.parse_args().workspace))))


if __name__ == "__main__":
    main()
