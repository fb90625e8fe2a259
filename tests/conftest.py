"""Every property test is a soak test, too: `make soak` gives it more examples, and new ones each time.

`make test` draws the same examples each time: the same commit gets the same verdict everywhere, on a slow machine, too.
Its rooms with long files come first: a process that begins one last would work while the others have ended.
"""

from __future__ import annotations

import gc
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests import isolation, new_store, soak

settings.register_profile("soak", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("test", settings.get_profile("soak"), derandomize=True, database=None)
settings.load_profile("soak" if soak.SOAK else "test")
if not soak.SOAK:
    new_store.use(new_store.template())

_LONGEST = ("house", "engine", "line", "streaming", "tui", "cli", "serving", "upkeep", "watch", "training")
# Rooms that have been seen to leave nothing behind, in any order.
_ISOLATED = {"actions", "engine", "house", "line", "runtime", "streaming", "tui", "tui_widgets", "watch"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """More than cores: tests wait for quiet times, other processes and disks."""
    return (os.cpu_count() or 1) * 2


def pytest_configure(config: pytest.Config) -> None:
    """As a terminal starts it: a shell in the background, or `nohup`, has signals ignored, and all children have."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if "PYTEST_XDIST_WORKER" in os.environ:
        _begin_elsewhere(config)
    gc.disable()  # what is collected stays: the garbage collector would go through it again and again


def _begin_elsewhere(config: pytest.Config) -> None:
    """Each process begins with other rooms: what one has compiled, the others find. All have the same order in the end.

    On a fresh machine each would compile everything, all at the same time.
    """
    number, many = int(os.environ["PYTEST_XDIST_WORKER"][2:]), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    if config.args == ["tests"]:
        config.args = sorted(str(path) for path in Path(__file__).parent.iterdir() if path.is_dir())
    start = number * len(config.args) // many
    config.args = config.args[start:] + config.args[:start]


@pytest.hookimpl(tryfirst=True)  # before `-m soak` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (_rank(item.nodeid), str(item.path)))  # stable: within a file they stay as they are
    longer: set[Any] = set()
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and is_hypothesis_test(test):
            item.add_marker(pytest.mark.soak)
            if soak.SOAK:
                _lengthen(getattr(item, "cls", None), getattr(test, "__func__", test), longer)
        if soak.SOAK:
            item.add_marker(pytest.mark.timeout(soak.TIMEOUT), append=False)


def pytest_collection_finish() -> None:
    """The garbage collector need not look at what was collected after each test either."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _isolated(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that changes what others share fails itself.

    Where files are dealt out among processes it only warns: what a library sets at its first use then falls to another
    test in each run.
    """
    if _room(request.node.nodeid) not in _ISOLATED:
        yield
        return
    before = isolation.state()
    yield
    found = isolation.changed(before, getattr(request.node, "funcargs", {}).get("tmp_path"))
    said = "\n".join(["left behind:", *found])
    if found and "PYTEST_XDIST_WORKER" in os.environ:
        warnings.warn(said, stacklevel=1)
    else:
        assert not found, said


def _room(nodeid: str) -> str:
    return nodeid.split("/")[1] if nodeid.count("/") > 1 else ""


def _rank(nodeid: str) -> int:
    room = _room(nodeid)
    return _LONGEST.index(room) if room in _LONGEST else len(_LONGEST)


def _lengthen(case: Any, test: Any, longer: set[Any]) -> None:
    """Once for each test: parameters share it. A state machine keeps its settings at its class."""
    place, name = (case, "settings") if hasattr(case, "settings") else (test, "_hypothesis_internal_use_settings")
    if place not in longer:
        longer.add(place)
        given = getattr(place, name)
        setattr(place, name, settings(given, max_examples=soak.MORE_EXAMPLES * given.max_examples))
