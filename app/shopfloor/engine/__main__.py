"""`python -m shopfloor.engine --workspace DIR`: run the engine in the foreground."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from shopfloor.domain.errors import ShopfloorError
from shopfloor.engine.lifecycle import run
from shopfloor.engine.rotating_log import open_log
from shopfloor.workspace.layout import Layout


def main() -> int:
    """Own the workspace until asked to stop; 0 on a clean end."""
    parser = argparse.ArgumentParser(prog="shopfloor-engine")
    parser.add_argument("--workspace", type=Path, required=True)
    options = parser.parse_args()
    open_log(Layout(options.workspace.resolve()).log)
    try:
        run(options.workspace.resolve())
    except ShopfloorError as error:
        logging.getLogger("shopfloor.engine").error("%s", error)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
