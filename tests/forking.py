"""Processes of the product as copies of one that has loaded it: a start costs milliseconds instead of seconds.

That each starts by its command, and loads what it needs by itself, is what the tests of the rooms `cli`, `line` and
`house` see, and every long form (`make soak`): there they are started as always.

`python tests/forking.py CHANNEL` is the process that is copied, one for each process of pytest.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from shopfloor.client import start
from shopfloor.runtime.fork_server import Forker
from tests import soak

_AS_ALWAYS = soak.SOAK or "COVERAGE_PROCESS_START" in os.environ
_ROOT = Path(__file__).parents[1]
_LOADED = (
    "shopfloor.engine.lifecycle",
    "shopfloor.intake.ingest",
    "shopfloor.engine.line.train_and_judge",
    "shopfloor.serving.score",
    "shopfloor.monitoring.run_checks",
)


@contextmanager
def engines() -> Iterator[None]:
    """An engine that a client of this process starts meanwhile is a copy."""
    if _AS_ALWAYS:
        yield
        return
    with patch.object(start, "subprocess", SimpleNamespace(Popen=Copy, DEVNULL=subprocess.DEVNULL)):
        yield


class Copy:
    """Started like a `subprocess.Popen` of `python -m MODULE`, as far as `start.connect` needs one."""

    def __init__(self, command: Sequence[str], *, stdin: int, stdout: int, stderr: int, **_: Any) -> None:
        assert command[:2] == [sys.executable, "-m"]
        self._told, status = os.pipe()
        os.set_blocking(self._told, False)
        asked = {"command": command[2:], "environment": dict(os.environ), "folder": os.getcwd()}
        try:
            self.pid = _source().start(json.dumps(asked).encode(), stdout, stderr, status)
        finally:
            os.close(status)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        if self.returncode is None:
            try:
                self.returncode = int(os.read(self._told, 16) or -9)
            except BlockingIOError:
                return None
            os.close(self._told)
        return self.returncode


class Source:
    """The process that is copied, as seen from here. It ends with this one."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT / "app"), str(_ROOT)])}
        subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], stdin=subprocess.DEVNULL, env=environment,
            pass_fds=(theirs.fileno(),),
        )  # fmt: skip
        theirs.close()

    def start(self, asked: bytes, *descriptors: int) -> int:
        """The process id of a copy."""
        with self._turn:
            socket.send_fds(self._channel, [asked], descriptors)
            return int(self._channel.recv(16))


@cache
def _source() -> Source:
    return Source()


def _become(asked: bytes, descriptors: Sequence[int]) -> None:
    """Do in a copy what `python -m MODULE ARGUMENT...` does."""
    order = json.loads(asked)
    for place, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    importlib.reload(sys.modules["shopfloor.domain.failpoint"])  # the environment names one
    module, *arguments = order["command"]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else end.code is not None)


if __name__ == "__main__":
    for module in _LOADED:
        importlib.import_module(module)
    importlib.import_module("shopfloor.engine.api.routes").routes()
    Forker(socket.socket(fileno=int(sys.argv[1])), _become).run()
