"""`python -m shopfloor.engine --workspace DIR`: run the engine in the foreground."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from shopfloor.domain.errors import ExitCode, ShopfloorError
from shopfloor.engine.lifecycle import run
from shopfloor.engine.rotating_log import open_log
from shopfloor.workspace.folders import blame
from shopfloor.workspace.layout import Layout


def main() -> int:
    """Own the workspace until asked to stop; 0 on a clean end."""
    parser = argparse.ArgumentParser(prog="shopfloor-engine")
    parser.add_argument("--workspace", type=Path, required=True)
    options = parser.parse_args()
    root = options.workspace.resolve()
    try:
        open_log(Layout(root).log)
    except OSError as error:
        sys.stderr.write(f"shopfloor-engine: {blame(error, root)}\n")
        return int(ExitCode.REFUSED)
    try:
        run(root)
    except ShopfloorError as error:
        logging.getLogger("shopfloor.engine").error("%s", error)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
