"""Starts workers as copies of a process that has loaded the program already.

The server is forked from the engine before the engine has a thread, and has none itself: a copy is whole.
`python -m shopfloor.runtime.fork_server CHANNEL` is one that was started anew.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

import msgspec

from shopfloor.runtime import worker_main

_PR_SET_PDEATHSIG = 1
_MOST_BYTES = 65536
_MOST_DESCRIPTORS = 16


class ForkServer:
    """The engine's side: asks for workers. One that was killed is started anew."""

    def __init__(self) -> None:
        """Fork: call it before the first thread."""
        self._turn = threading.Lock()
        self._channel, theirs = _channels()
        if os.fork() == 0:
            self._channel.close()
            _end_with(Forker(theirs, _work).run)
        theirs.close()

    def start(self, warm_ups: Sequence[str], calls: int, answers: int, status: int) -> int:
        """A worker that runs `warm_ups`, reads `calls` and writes `answers`; its process id.

        How it ended is written to `status`: its exit code, negative for a signal.
        """
        with self._turn:
            try:
                return self._ask(warm_ups, (calls, answers, status))
            except OSError:
                self._restart()
                return self._ask(warm_ups, (calls, answers, status))

    def _ask(self, warm_ups: Sequence[str], descriptors: tuple[int, ...]) -> int:
        socket.send_fds(self._channel, [msgspec.json.encode(warm_ups)], descriptors)
        pid = self._channel.recv(_MOST_BYTES)
        if not pid:
            raise ConnectionResetError("the fork server has ended")
        return int(pid)

    def _restart(self) -> None:
        self._channel.close()
        self._channel, theirs = _channels()
        command = [sys.executable, "-m", "shopfloor.runtime.fork_server", str(theirs.fileno())]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
        theirs.close()


def _channels() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


Work = Callable[[bytes, Sequence[int]], None]
"""What a copy does: it is given what was asked for, and descriptors."""


class Forker:
    """The process that is copied, and what its copies do."""

    def __init__(self, channel: socket.socket, work: Work) -> None:
        self._channel = channel
        self._work = work
        self._workers: dict[int, int] = {}  # process id → where its end is told
        self._noticed, self._notice = os.pipe()  # a byte for each worker that ends

    def run(self) -> None:
        """Start copies until the engine ends."""
        self._set_up()
        while True:
            ready, _, _ = select.select([self._channel.fileno(), self._noticed], [], [])
            if self._noticed in ready:
                self._tell_ends()
            elif not self._start():
                return

    def _set_up(self) -> None:
        os.setsid()  # what a terminal sends to the engine is not for workers
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        os.set_blocking(self._noticed, False)
        os.set_blocking(self._notice, False)
        signal.set_wakeup_fd(self._notice, warn_on_full_buffer=False)
        logging.root.handlers.clear()  # the engine's log is the engine's
        logging.root.setLevel(logging.WARNING)
        gc.freeze()

    def _start(self) -> bool:
        """Copy, if somebody asks; the last descriptor is where its end is told."""
        asked, descriptors, _, _ = socket.recv_fds(self._channel, _MOST_BYTES, _MOST_DESCRIPTORS)
        if not asked:  # the engine has ended, and its end of the channel with it
            return False
        *given, status = descriptors
        server, pid = os.getpid(), os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (self._channel.detach(), self._noticed, self._notice, status, *self._workers.values()):
                os.close(inherited)
            _end_with(partial(self._be_copy, server, asked, given))
        _lead_group(pid)
        self._workers[pid] = status
        for descriptor in given:
            os.close(descriptor)
        self._channel.send(str(pid).encode())
        return True

    def _be_copy(self, server: int, asked: bytes, given: Sequence[int]) -> None:
        _die_with(server)
        _lead_group(0)
        self._work(asked, given)

    def _tell_ends(self) -> None:
        os.read(self._noticed, _MOST_BYTES)
        while self._workers:
            pid, code = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            status = self._workers.pop(pid)
            try:
                os.write(status, str(os.waitstatus_to_exitcode(code)).encode())
            except BrokenPipeError:  # nobody wants to know
                pass
            os.close(status)


def _work(asked: bytes, descriptors: Sequence[int]) -> None:
    calls, answers = descriptors
    worker_main.work(msgspec.json.decode(asked, type=list[str]), calls, answers)


def _end_with(work: Callable[[], None]) -> NoReturn:
    """Do `work` and end: a copy must never go on as what it was copied from."""
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the boundary of a process
        traceback.print_exc()
    finally:
        os._exit(code)


def _die_with(parent: int) -> None:
    """A server takes its workers along, so that no orphan works on."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was killed before
        os._exit(1)


def _lead_group(pid: int) -> None:
    """A worker is killed with all that it started. Both sides say so: neither waits for the other."""
    try:
        os.setpgid(pid, pid)
    except (PermissionError, ProcessLookupError):  # it has done so itself, or has ended
        pass


if __name__ == "__main__":
    Forker(socket.socket(fileno=int(sys.argv[1])), _work).run()
