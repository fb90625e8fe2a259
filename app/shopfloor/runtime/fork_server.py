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
_MOST_BYTES = 4096


class ForkServer:
    """The engine's side: asks for workers. One that was killed is started anew."""

    def __init__(self) -> None:
        """Fork: call it before the first thread."""
        self._turn = threading.Lock()
        self._channel, theirs = _channels()
        if os.fork() == 0:
            self._channel.close()
            _end_with(_Forker(theirs).run)
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


class _Forker:
    """The process that is copied."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._workers: dict[int, int] = {}  # process id → where its end is told
        self._noticed, self._notice = os.pipe()  # a byte for each worker that ends

    def run(self) -> None:
        """Start workers until the engine ends."""
        self._set_up()
        while True:
            ready, _, _ = select.select([self._channel.fileno(), self._noticed], [], [])
            if self._noticed in ready:
                self._tell_ends()
            elif not self._start_worker():
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

    def _start_worker(self) -> bool:
        asked, descriptors, _, _ = socket.recv_fds(self._channel, _MOST_BYTES, 3)
        if not asked:  # the engine has ended, and its end of the channel with it
            return False
        calls, answers, status = descriptors
        server, pid = os.getpid(), os.fork()
        if pid == 0:
            for inherited in (self._channel.detach(), self._noticed, self._notice, status, *self._workers.values()):
                os.close(inherited)
            _end_with(partial(_work, server, msgspec.json.decode(asked, type=list[str]), calls, answers))
        _lead_group(pid)
        self._workers[pid] = status
        os.close(calls)
        os.close(answers)
        self._channel.send(str(pid).encode())
        return True

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


def _work(server: int, warm_ups: list[str], calls: int, answers: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _die_with(server)
    _lead_group(0)
    worker_main.work(warm_ups, calls, answers)


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
    _Forker(socket.socket(fileno=int(sys.argv[1]))).run()
