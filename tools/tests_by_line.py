"""Which test executes which line of some folder, also in the processes that it starts, and how long it takes."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

# A child process measures itself, if told so by COVERAGE_PROCESS_START: the test that started it is its context.
CONFIG = """
[run]
source = {source}
data_file = {folder}/coverage
parallel = true
sigterm = true
context = ${{PYTEST_CURRENT_TEST-}}
disable_warnings = no-data-collected, module-not-measured, couldnt-parse
"""


class TestsByLine:
    """What `measure` has found out of one folder of code."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self.seconds: dict[str, float] = json.loads((folder / "seconds").read_text())
        collected = coverage.Coverage(config_file=str(folder / "config"))
        collected.combine()
        self._data = collected.get_data()
        self._files: dict[Path, dict[int, set[str]]] = {}

    def of(self, file: Path, lines: range | None) -> list[str]:
        """The tests that execute some of these lines (None: any line inside a test), fastest first.

        All tests, if nothing is known of the file: it runs in child processes that are killed.
        """
        if file not in self._files:
            self._files[file] = self._tests(file)
        known = self._files[file] or {line: set(self.seconds) for line in lines or (0,)}
        found = set().union(*(tests for line, tests in known.items() if lines is None or line in lines))
        return sorted(found, key=lambda test: self.seconds[test])

    def _tests(self, file: Path) -> dict[int, set[str]]:
        lines = self._data.contexts_by_lineno(str(file)).items()
        return {line: {test for context in contexts for test in self._of_context(context)} for line, contexts in lines}

    def _of_context(self, context: str) -> Iterator[str]:
        """What prepares a test may serve all tests of its file."""
        test, _, phase = context.removesuffix(")").rpartition(" (")
        if phase in {"setup", "teardown"}:
            file = test.partition("::")[0] + "::"
            yield from (name for name in self.seconds if name.startswith(file))
        elif test in self.seconds:
            yield test


def measure(source: Path, tests: list[str], folder: Path) -> int:
    """Run the tests in this process, and leave in the folder what `TestsByLine` reads; pytest's exit code.

    A test that fails is forgotten: it would notice anything.
    """
    config = folder / "config"
    config.write_text(CONFIG.format(source=source, folder=folder))
    os.environ["COVERAGE_PROCESS_START"] = str(config)
    collected = coverage.Coverage(config_file=str(config))
    watch = _Watch(collected)
    collected.start()
    code = pytest.main(["--tb=short", "-p", "no:cacheprovider", *tests], plugins=[watch])
    collected.stop()
    collected.save()
    (folder / "seconds").write_text(
        json.dumps({name: watch.seconds[name] for name in watch.seconds if name not in watch.failed})
    )
    return int(code)


class _Watch:
    """The context of each line is what pytest writes into PYTEST_CURRENT_TEST: test and phase."""

    def __init__(self, collected: coverage.Coverage) -> None:
        self._collected = collected
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._collected.switch_context(f"{item.nodeid} (setup)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._collected.switch_context(f"{item.nodeid} (call)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self._collected.switch_context(f"{item.nodeid} (teardown)")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)
