"""Places where tests end the engine, to prove that nothing is lost there.

`SHOPFLOOR_FAILPOINT=name:kill` ends it when `name` is reached, `name:3:kill` at the third time;
`name:sleep` stops for a second there. Without the variable nothing happens and nothing is paid.
"""

from __future__ import annotations

import os
import signal
import time

_NAME, _, _REST = os.environ.get("SHOPFLOOR_FAILPOINT", "").partition(":")
_NTH, _, _ACT = _REST.rpartition(":")
_left = [int(_NTH or 1)] if _NAME else [0]


def reach(name: str) -> None:
    """Say that the step `name` comes next."""
    if name != _NAME:
        return
    _left[0] -= 1
    if _left[0] != 0:
        return
    if _ACT == "sleep":
        time.sleep(1.0)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
