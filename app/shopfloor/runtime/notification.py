"""The team's own command, run for new alerts."""

from __future__ import annotations

import json
import logging
import subprocess

import msgspec

from shopfloor.domain.monitor import AlertRecord

_LOG = logging.getLogger("shopfloor.notify")
_SECONDS = 30


def notify(command: tuple[str, ...], alert: AlertRecord) -> None:
    """Run `command` with the alert as JSON on its standard input; a failure is logged, not raised."""
    try:
        subprocess.run(
            command,
            input=json.dumps(msgspec.to_builtins(alert)),
            text=True,
            timeout=_SECONDS,
            check=True,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _LOG.warning("the notification command failed: %s", error)
