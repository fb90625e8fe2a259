"""`python -m benchmarks [--smoke] [NAME …]`: measure and print; exit 1 when a ratio is missed.

`--smoke` runs each benchmark once and small, to see that it still runs; its ratios are shown, and no limit counts.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable

import benchmarks
from benchmarks.figure import Figure, table

Run = Callable[[bool], list[Figure]]


def main() -> int:
    """Run the named benchmarks, all of them without names."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    known = found()
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    figures: list[Figure] = []
    for name in asked.names or known:
        print(f"measuring {name} … ", end="", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        figures += known[name](asked.smoke)
        print(f"{time.perf_counter() - begun:.0f} s", file=sys.stderr)
    print(table(figures, limits=not asked.smoke))
    return 0 if asked.smoke or all(figure.kept for figure in figures) else 1


def found() -> dict[str, Run]:
    """The benchmarks by name: every module of this package that has a `run`."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


if __name__ == "__main__":
    sys.exit(main())
