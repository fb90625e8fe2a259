"""`shopfloor down`: stop the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.output.workspace import unfinished
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.numbers import exact

_TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


@click.command(cls=Verb)
@json_option
@session
def command(session: Session, as_json: bool) -> None:
    """Stop the engine, and wait until it has ended. Parked jobs go on at the next start.

    It stays stopped, whichever screen is open, until `shopfloor up` or another command that needs an engine.
    """
    from shopfloor.client.start import engine_running, keep_stopped
    from shopfloor.domain.requests.workspace import IdleReport, Shutdown

    workspace = session.workspace
    if engine_running(workspace):
        report = session.ask(Shutdown(), start=False, timeout=_TIMEOUT_SECONDS)
        await_end(workspace, engine_running, SystemClock(), time.sleep)
        stream.narrate(f"The engine has stopped. {unfinished(report)}.")
    else:
        report = IdleReport(idle=True, unsettled_files=0, queued_jobs=0, running_jobs=0)
        keep_stopped(workspace)
        stream.narrate("The engine is not running.")
    if as_json:
        stream.document(report)


def await_end(workspace: Path, running: Callable[[Path], bool], clock: Clock, pause: Callable[[float], None]) -> None:
    """Return when nobody owns the workspace any more, so that the next command finds it free.

    The lock cannot be waited for without taking it, so it is polled. Raises `UnreachableError` after a minute,
    or as soon as the engine cannot end because a signal stopped it.
    """
    from shopfloor.client.silence import is_stopped, silent

    deadline = clock.monotonic() + _TIMEOUT_SECONDS
    while running(workspace):
        if is_stopped(workspace):
            raise silent(workspace, _TIMEOUT_SECONDS)
        if clock.monotonic() >= deadline:
            raise ShopfloorError(
                f"The engine did not stop within {exact(_TIMEOUT_SECONDS)} s.",
                hint=silent(workspace, _TIMEOUT_SECONDS).hint,
                code="still_running",
            )
        pause(_PAUSE_SECONDS)
