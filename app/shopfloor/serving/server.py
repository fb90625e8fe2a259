"""The serving process: socket, signals, event loop. One process, one loop."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.serving.api import Api
from shopfloor.serving.app import create_app
from shopfloor.serving.bounded_http import BoundedProtocol
from shopfloor.serving.durable_log import Durability, DurableLog
from shopfloor.serving.forward import THREADS, Forward
from shopfloor.serving.guard import TokenBook
from shopfloor.serving.hosts import HostRule
from shopfloor.serving.metrics import Metrics
from shopfloor.serving.model_cache import ModelCache
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.segment import SegmentWriter

DRAIN_SECONDS = 20
KEEP_ALIVE_SECONDS = 60
# A request must not wait for a big batch that holds the interpreter in another thread.
_SWITCH_SECONDS = 0.001


class ServeOptions(Record, frozen=True, kw_only=True):
    """How to serve a workspace. `port` 0 takes a free one; `loaded_models` is the number kept in
    memory."""

    workspace: str
    host: str = "127.0.0.1"
    port: int = 8080
    allow_hosts: tuple[str, ...] = ()
    loaded_models: int = 200
    durability: Durability = Durability.BATCH


def serve(options: ServeOptions, ready: Callable[[int], None], clock: Clock | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in work and seal the log.

    `ready` gets the port once connections are accepted. Raises `ShopfloorError` when the
    address cannot be used.
    """
    listener = listening(options.host, options.port)
    _raise_file_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    port = int(listener.getsockname()[1])
    with (
        ThreadPoolExecutor(1, "load") as loading,
        ThreadPoolExecutor(2, "predict") as working,
        ThreadPoolExecutor(THREADS, "rows") as forwarding,
    ):
        app = build(options, clock or SystemClock(), loading, working, forwarding)
        _Server(configured(app), lambda: ready(port)).run(sockets=[listener])


def configured(app: Starlette) -> uvicorn.Config:
    """How uvicorn serves an application."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def build(
    options: ServeOptions,
    clock: Clock,
    loading: ThreadPoolExecutor,
    working: ThreadPoolExecutor,
    forwarding: ThreadPoolExecutor,
) -> Starlette:
    """The application of a workspace. `loading` opens models, `working` takes large requests, `forwarding` asks
    the engine.
    """
    layout = Layout(Path(options.workspace).resolve())
    cache = ModelCache(
        directory=layout.serving,
        root=layout.root,
        key_path=layout.signing_key,
        capacity=max(1, options.loaded_models),
        clock=clock,
        executor=loading,
    )
    log = DurableLog(SegmentWriter(layout.segments, clock), options.durability)
    forward = Forward(layout.socket, forwarding)
    api = Api(cache=cache, log=log, metrics=Metrics(), clock=clock, executor=working, forward=forward)
    return create_app(api, HostRule(options.host, options.allow_hosts), TokenBook(layout.tokens, clock))


class _Server(uvicorn.Server):
    """uvicorn's server with plain signal handling: one signal drains, a second one hurries."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again at the end and so skip what comes after."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, then say so."""
        await super().startup(sockets)
        self._ready()

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """A socket that accepts connections there. Raises `ShopfloorError` when the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio sets TCP_NODELAY; without, each answer may wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) and error.strerror else safe(error, 80)
        raise ShopfloorError(
            f"Cannot listen on {safe(host, 80)} port {port}: {why}.",
            hint="Choose another port with --port, or stop what uses it.",
            code="address",
        ) from error
    return listener


def _raise_file_limit() -> None:
    """Each connection is a file; take what the system grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
