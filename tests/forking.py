"""Processes of the product as copies of one that has loaded it: a start costs milliseconds instead of seconds.

That each starts by its command, and loads what it needs by itself, is what `cli/test_process.py`, `house/` and
`people.py` see, engines that a command starts (`up`), and every long form (`make soak`): there they start as always.

`python tests/forking.py CHANNEL DATABASE` is the process that is copied, one for each process of pytest.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest.mock import patch

from shopfloor.cli import commands
from shopfloor.client import start
from shopfloor.runtime.fork_server import Forker
from shopfloor.upkeep import query
from tests import new_store, soak

_AS_ALWAYS = soak.SOAK or "COVERAGE_PROCESS_START" in os.environ
_OUT_OF_THE_WAY = 500
_READY = b"ready"
_ROOT = Path(__file__).parents[1]
_LOADED = (
    "shopfloor.engine.lifecycle",
    "shopfloor.intake.ingest",
    "shopfloor.engine.line.train_and_judge",
    "shopfloor.serving.score",
    "shopfloor.serving.server",
    "shopfloor.monitoring.run_checks",
    "shopfloor.upkeep.answering",
    "shopfloor.upkeep.arrow_views",
    "shopfloor.cli.main",
    *(one.name for one in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}.")),
    # What the engine's web server loads when it starts, and with its first answer.
    "uvicorn.loops.uvloop",
    "uvicorn.lifespan.off",
    "anyio._backends._asyncio",
)


@contextmanager
def engines() -> Iterator[None]:
    """An engine that a client of this process starts meanwhile is a copy."""
    if _AS_ALWAYS:
        yield
        return
    _source()  # else the first engine would have to load all that within the time that a start may take
    with patch.object(start, "subprocess", SimpleNamespace(Popen=Copy, DEVNULL=subprocess.DEVNULL)):
        yield


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], input: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    """A command that reads `input`, to its end; what it wrote."""
    if _AS_ALWAYS:
        return subprocess.run(
            command, cwd=cwd, env=env, input=input, timeout=timeout, capture_output=True, text=True, check=False
        )
    with TemporaryFile() as reads, TemporaryFile() as writes, TemporaryFile() as complains:
        reads.write(input.encode())
        reads.seek(0)
        ends = {"stdin": reads.fileno(), "stdout": writes.fileno(), "stderr": complains.fileno()}
        process = Copy(command, cwd=cwd, env=env, **ends)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        said = []
        for file in (writes, complains):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(command, code, *said)


def popen(command: Sequence[str], **more: Any) -> subprocess.Popen[bytes] | Copy:
    """The process of a command."""
    return subprocess.Popen(command, **more) if _AS_ALWAYS else Copy(command, **more)


class Copy:
    """Started like a `subprocess.Popen` of `python -m MODULE`, and used like one."""

    def __init__(
        self, command: Sequence[str], *, stdin: int | None = None, stdout: int = 1, stderr: int = 2,
        pass_fds: Sequence[int] = (), env: Mapping[str, str] | None = None, cwd: Path | str | None = None,
        source: Source | None = None, **_: Any,
    ) -> None:  # fmt: skip
        module = command.index("-m") + 1
        assert command[0] == sys.executable
        self._told, status = os.pipe()
        self.stdin: BinaryIO | None = None
        self.stdout: BinaryIO | None = None
        self.stderr: BinaryIO | None = None
        ends = [status]
        if stdin == subprocess.PIPE:
            stdin, ours = os.pipe()
            self.stdin = os.fdopen(ours, "wb")
            ends.append(stdin)
        if stdout == subprocess.PIPE:
            ours, stdout = os.pipe()
            self.stdout = os.fdopen(ours, "rb")
            ends.append(stdout)
        if stderr == subprocess.PIPE:
            ours, stderr = os.pipe()
            self.stderr = os.fdopen(ours, "rb")
            ends.append(stderr)
        places = {1: stdout, 2: stderr, **{one: one for one in pass_fds}}
        if stdin is not None and stdin != subprocess.DEVNULL:
            places[0] = stdin
        order = {
            "command": command[module:],
            "environment": dict(env or os.environ),
            "folder": str(cwd or Path.cwd()),
            "places": list(places),
        }
        try:
            self.pid = (source or _source()).start(json.dumps(order).encode(), *places.values(), status)
        finally:
            for end in ends:
                os.close(end)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        return self._end(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        code = self._end(None if timeout is None else int(timeout * 1000))
        if code is None:
            raise TimeoutError(f"process {self.pid} has not ended")
        return code

    def communicate(self, input: bytes = b"", timeout: float | None = None) -> tuple[bytes, bytes]:
        """Give it all that it reads and wait for the end; what it wrote to standard output and standard error."""
        late = threading.Timer(timeout, self.kill) if timeout is not None else None
        if late is not None:
            late.start()
        if self.stdin is not None and not self.stdin.closed:
            with suppress(BrokenPipeError), self.stdin:
                self.stdin.write(input)
        said = []
        for pipe in (self.stdout, self.stderr):  # no process here writes much to both
            said.append(b"" if pipe is None or pipe.closed else pipe.read())
            if pipe is not None:
                pipe.close()
        self.wait(timeout)
        if late is not None and not late.is_alive():
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        if late is not None:
            late.cancel()
        return said[0], said[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self, milliseconds: int | None) -> int | None:
        if self.returncode is None:
            told = select.poll()
            told.register(self._told, select.POLLIN)
            if told.poll(milliseconds):
                self.returncode = int(os.read(self._told, 16) or -signal.SIGKILL)
                os.close(self._told)
        return self.returncode


class Source:
    """The process that is copied, as seen from here. It ends with this one."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    def start(self, asked: bytes, *descriptors: int) -> int:
        """The process id of a copy."""
        with self._turn:
            socket.send_fds(self._channel, [asked], descriptors)
            return int(self._channel.recv(16))


@cache
def _source() -> Source:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT / "app"), str(_ROOT)])}
    subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno()), str(new_store.template())], stdin=subprocess.DEVNULL,
        env=environment, pass_fds=(theirs.fileno(),),
    )  # fmt: skip
    theirs.close()
    assert ours.recv(16) == _READY, "the process that is copied did not start"
    return Source(ours)


def _copy_queries() -> None:
    """In an engine, before its first thread: the processes of its queries are copies, too."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        try:
            Forker(theirs, _become).run()
        finally:
            os._exit(1)
    theirs.close()
    query.run_query.__kwdefaults__["spawn"] = partial(Copy, source=Source(ours))


def _become(asked: bytes, descriptors: Sequence[int]) -> None:
    """Do in a copy what `python -m MODULE ARGUMENT...` does."""
    order = json.loads(asked)
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for one in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for place, descriptor in zip(order["places"], aside, strict=True):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["folder"])
    importlib.reload(sys.modules["shopfloor.domain.failpoint"])  # the environment names one
    module, *arguments = order["command"]
    if module == "shopfloor.engine":
        _copy_queries()
    warnings.filterwarnings("ignore", "'shopfloor", RuntimeWarning)  # it is loaded: that is the point
    sys.argv = [module, *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
    new_store.use(Path(sys.argv[2]))
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.send(_READY)
    Forker(channel, _become).run()
