"""Places where tests end the engine or let it fail, to prove that nothing is lost there.

`SHOPFLOOR_FAILPOINT=name:kill` ends it when `name` is reached, `name:3:kill` at the third time;
`name:sleep` stops for a second there. `name:ENOSPC` (or another name of `errno`) fails there from then on,
as a disk does, while the file that `SHOPFLOOR_FAILPOINT_WHILE` names exists. Without the variable nothing
happens and nothing is paid.
"""

from __future__ import annotations

import errno
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
    if _left[0] <= 0 and hasattr(errno, _ACT):
        _fail(getattr(errno, _ACT))
    if _left[0] != 0:
        return
    if _ACT == "sleep":
        time.sleep(1.0)
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def _fail(number: int) -> None:
    if os.path.exists(os.environ.get("SHOPFLOOR_FAILPOINT_WHILE", "/")):
        raise OSError(number, os.strerror(number))
