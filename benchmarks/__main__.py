"""`python -m benchmarks [NAME …]`: measure and print; exit 1 when a limit is missed."""

from __future__ import annotations

import importlib
import sys

from benchmarks.figure import Figure, table

NAMES = (
    "cli_help",
    "first_paint",
    "keys",
    "idle",
    "lead_time",
    "serving",
    "arrival",
    "burst",
    "ingest",
    "streaming",
    "profile",
)


def main() -> int:
    """Run the named benchmarks, all of them without names."""
    figures: list[Figure] = []
    for name in sys.argv[1:] or NAMES:
        print(f"measuring {name} …", file=sys.stderr)
        figures += importlib.import_module(f"benchmarks.{name}").run()
    print(table(figures))
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
