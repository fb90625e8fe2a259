"""The long form of a test: `make test` runs the short one, `make soak` only the tests that have a long one.

Every property test has one by itself (`conftest.py`). A loop takes its length from `times`, and its test is
marked `soak`.
"""

from __future__ import annotations

import os

SOAK = "SHOPFLOOR_SOAK" in os.environ
# Of a property test, and of seconds that a test may take.
MORE_EXAMPLES = 20
TIMEOUT = 3600


def times(short: int, long: int) -> int:
    """How often: `short` in `make test`, `long` in `make soak`."""
    return long if SOAK else short
