"""Definitions that were read before and whose files did not change since."""

from __future__ import annotations

import os
import threading
import time

from shopfloor.domain.definition import ModelDefinition
from shopfloor.workspace.definitions import MetricCheck, list_definitions, load_definition
from shopfloor.workspace.layout import Layout

_YOUNG_NS = 2_000_000_000
_Stamp = tuple[int, int, int, int, int]


class KnownDefinitions:
    """Reads a definition once for each state of its file.

    Two hundred files take a tenth of a second to read and half a millisecond to look at, and every
    status, list and trigger asks for them all. A file that was changed in the last two seconds is read
    each time: a second change may leave its time and size as they are.
    """

    def __init__(self, check_metric: MetricCheck) -> None:
        self._check_metric = check_metric
        self._known: dict[str, tuple[_Stamp, ModelDefinition]] = {}
        self._lock = threading.Lock()

    def names(self, layout: Layout) -> list[str]:
        """All defined models; those whose files are gone are forgotten."""
        found = list_definitions(layout)
        with self._lock:
            for name in self._known.keys() - set(found):
                del self._known[name]
        return found

    def load(self, layout: Layout, name: str) -> ModelDefinition | None:
        """As `load_definition`, which raises `ConfigError` for a file that cannot be used."""
        stamp = _stamp(layout, name)
        with self._lock:
            before = self._known.get(name)
        if before is not None and before[0] == stamp:
            return before[1]
        definition = load_definition(layout, name, self._check_metric)
        if definition is not None and stamp is not None and time.time_ns() - stamp[3] > _YOUNG_NS:
            with self._lock:
                self._known[name] = (stamp, definition)
        return definition


def _stamp(layout: Layout, name: str) -> _Stamp | None:
    try:
        found = os.stat(layout.definition(name))
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, max(found.st_mtime_ns, found.st_ctime_ns), found.st_mtime_ns
