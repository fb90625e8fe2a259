"""The engine's life: own the workspace, recover, work, answer, stop cleanly."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
from functools import partial
from pathlib import Path

import uvicorn

from shopfloor.arrival.watch import Watch
from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.ids import ulid
from shopfloor.engine.api.server import bind, server
from shopfloor.engine.degraded import degrade
from shopfloor.engine.line.handlers import WARM_UPS, handlers
from shopfloor.engine.line.line import ProductionLine
from shopfloor.engine.periodic_tasks import periodic_tasks
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.intake.contract.checks import check_with_duckdb
from shopfloor.intake.streaming.streams import Streams
from shopfloor.runtime import orphans
from shopfloor.runtime.context import Context
from shopfloor.runtime.event_stream import EventStream
from shopfloor.runtime.fork_server import ForkServer
from shopfloor.runtime.notification import Notifier
from shopfloor.runtime.ownership import Ownership
from shopfloor.runtime.scheduler import Scheduler
from shopfloor.runtime.worker_pool import WorkerPool
from shopfloor.serving import outputs
from shopfloor.serving.deploy import deploy
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.definitions import list_definitions
from shopfloor.workspace.folders import blame
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.stop_mark import remove_mark

_LOG = logging.getLogger("shopfloor.engine")


def run(workspace: Path, clock: Clock | None = None) -> None:
    """Own `workspace` and serve until SIGTERM, SIGINT or a shutdown request."""
    os.umask(0o077)
    fork_server = ForkServer()  # before the lock, which ends with its holder, and before the first thread
    layout = Layout(workspace)
    try:
        layout.create()
    except OSError as error:
        raise blame(error, layout.root) from error
    ownership = Ownership.take(layout.lock)
    remove_mark(layout)
    try:
        _own(layout, ownership, clock or SystemClock(), fork_server)
    finally:
        ownership.release()


def _own(layout: Layout, ownership: Ownership, clock: Clock, fork_server: ForkServer) -> None:
    stream = EventStream()
    store = Store(layout.database, layout.journal, clock, workspace_id=ulid(), on_commit=stream.publish)
    try:
        epoch = store.write(_next_epoch)
        ownership.sign(epoch)
        context = Context(
            layout=layout,
            store=store,
            clock=clock,
            stream=stream,
            epoch=epoch,
            started_at=clock.now(),
            check_contract=check_with_duckdb,
            displaced=ownership.displaced,
        )
        context.reload_settings()
        _recover(context)
        _serve(context, fork_server)
    finally:
        store.close()


def _next_epoch(transaction: Transaction) -> int:
    row = transaction.one("SELECT value FROM meta WHERE key = 'epoch'")
    epoch = int(row[0]) + 1 if row else 1
    transaction.put("meta", {"key": "epoch", "value": str(epoch)})
    transaction.emit(
        "engine.started", "engine", f"Engine {os.getpid()} owns the workspace, epoch {epoch}", data={"epoch": epoch}
    )
    return epoch


def _recover(context: Context) -> None:
    """What a killed engine left: its jobs are queued again, half-made files swept, deployments retold."""
    store = context.store
    if store.recovered or store.replayed:
        how = store.recovered or f"{store.replayed} commits were restored from the journal"
        message = f"The store was repaired: {how}"
        data = {"recovered": store.recovered, "commits": store.replayed}
        store.write(lambda transaction: transaction.emit("store.mended", "store", message, data=data))
    adopted = orphans.adopt(context, handlers(), frozenset, "after a restart")
    _sweep_staging(context)
    outputs.finish(context)
    for model in list_definitions(context.layout):
        deploy(context, model)
    if adopted:
        _LOG.info("adopted %d jobs of an earlier engine", len(adopted))


def _sweep_staging(context: Context) -> None:
    """No job runs yet, so staging needs only the claimed files that the ledger knows."""
    wanted = context.store.read(
        lambda query: {
            row[0]
            for row in query.all("SELECT staged FROM files WHERE staged IS NOT NULL AND state IN ('staged', 'waiting')")
        }
    )
    for path in context.layout.staging.iterdir():
        if str(path) in wanted or path.name.startswith("sdk-"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _serve(context: Context, fork_server: ForkServer) -> None:
    context.line = ProductionLine(context)
    pool = WorkerPool(context, handlers(), WARM_UPS, fork_server)
    streams = Streams(context)
    watch = Watch(context, pool, streams.unfollowed, partial(live.problem, context))
    web: list[uvicorn.Server] = []

    def stop() -> None:
        context.stopping.set()
        for running in web:
            running.should_exit = True

    services = EngineServices(context=context, pool=pool, watch=watch, streams=streams, stop=stop)
    degrade(services)
    web.append(server(services))
    notifier = Notifier(context)
    scheduler = Scheduler(context.clock, periodic_tasks(services))
    listener = bind(context.layout.socket)
    context.reload_settings()  # the team's rights to the new socket, too
    notifier.start()
    pool.start()
    streams.start()
    watch.start()
    scheduler.start()
    _LOG.info("engine %d serves %s", os.getpid(), context.layout.root)
    try:
        _run_web(web[0], listener)
    finally:
        context.stopping.set()
        listener.close()
        context.layout.socket.unlink(missing_ok=True)
        scheduler.stop()
        watch.stop()
        streams.stop()
        pool.stop()
        notifier.stop()
        _LOG.info("engine %d stopped", os.getpid())


def _run_web(web: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until asked to stop. Ours are the handlers that uvicorn restores, so that its second
    raise of the signal finds a harmless handler instead of the default, which kills."""

    def on_signal(number: int, frame: object) -> None:
        _LOG.info("%s: stopping", signal.Signals(number).name)
        web.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    web.run(sockets=[listener])
