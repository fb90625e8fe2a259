"""Every way a command can end, as an exit code and at most three lines on stderr."""

from __future__ import annotations

import os

import click

from shopfloor.cli.output.stream import narrate, narrate_document
from shopfloor.domain.errors import ExitCode, ShopfloorError, UsageError


def report(error: ShopfloorError, *, as_json: bool) -> int:
    """Tell what happened, why, and what to do; the exit code."""
    if as_json:
        narrate_document({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
    else:
        narrate(f"shopfloor: {_one_line(error.message)}")
        if error.hint:
            narrate(f"hint: {_one_line(error.hint)}")
    return int(error.exit_code)


def from_click(error: click.ClickException) -> ShopfloorError:
    """A mistake on the command line in our own words."""
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "shopfloor"
    return UsageError(message, hint=f"See: {path} --help")


def of_the_system(error: OSError) -> ShopfloorError:
    """What the machine refused, in words; a mistake of ours where it refused nothing."""
    from shopfloor.client.refusal import refusal

    return refusal(error) or unexpected(error)


def unexpected(error: BaseException) -> ShopfloorError:
    """A mistake of ours: the details go to a file, the person gets its name."""
    # Loaded when needed only: every command starts without them.
    import tempfile
    import traceback

    handle, path = tempfile.mkstemp(prefix="shopfloor-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        traceback.print_exception(error, file=log)
    return ShopfloorError(
        f"Internal error ({type(error).__name__}); no data was lost as far as is known.",
        hint=f"The details are in {path}; the engine's log is .shopfloor/run/engine.log.",
        code="internal",
    )


def interrupted(*, as_json: bool) -> int:
    """Ctrl-C: say so and leave; the engine and its jobs go on."""
    if as_json:
        narrate_document({"error": {"code": "interrupted", "message": "Interrupted.", "hint": ""}})
    else:
        narrate("shopfloor: interrupted; the engine and its jobs keep running.")
    return int(ExitCode.INTERRUPTED)


def _one_line(words: str) -> str:
    return " ".join(words.split())
