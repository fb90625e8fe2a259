"""What a request needs, beside being one of the team."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """`approve`, `promote` and `configure` are given by `team.roles`; `own` has only the owner of the workspace."""

    USE = "use"
    APPROVE = "approve"
    PROMOTE = "promote"
    CONFIGURE = "configure"
    OWN = "own"
