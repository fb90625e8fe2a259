"""Places where tests end, stop or fail the engine, to prove that nothing is lost there.

`SHOPFLOOR_FAILPOINT=name:kill` ends the process when `name` is reached, `name:3:kill` at the third time; `name:stop`
stops it with a signal, so that a test can change the world under it; `name:sleep` rests for a second, `name:ENOSPC`
raises that error of the system. Several are parted by commas, and each acts once. Unset, nothing happens.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def _armed(text: str) -> dict[tuple[str, int], str]:
    """What is done at which step when it is reached for the nth time."""
    found = {}
    for one in filter(None, text.split(",")):
        name, _, rest = one.partition(":")
        nth, _, act = rest.rpartition(":")
        found[name, int(nth or 1)] = act
    return found


_acts = _armed(os.environ.get("SHOPFLOOR_FAILPOINT", ""))
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Say that the step `name` comes next."""
    if not _acts:
        return
    _reached[name] += 1
    act = _acts.get((name, _reached[name]), "")
    if act in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[act])
    elif act == "sleep":
        time.sleep(1.0)
    elif act:
        number = getattr(errno, act)
        raise OSError(number, os.strerror(number))
