"""The status of a workspace with 200 models, against the shortest answer of the same engine."""

from __future__ import annotations

from benchmarks.engine import engine
from benchmarks.figure import Figure, seconds
from shopfloor.domain.requests.jobs import EventList
from shopfloor.domain.requests.workspace import StatusShow

_MODELS = 200


def run(smoke: bool) -> list[Figure]:
    """The fastest of several, by turns."""
    status, floor = [], []
    with engine() as (root, client):
        for number in range(_MODELS):
            (root / "models" / f"m{number}.toml").write_text('dataset = "d"\ntarget = "y"\n')
        assert client.ask(StatusShow()).models == _MODELS
        for _ in range(5 if smoke else 50):
            floor.append(seconds(lambda: client.ask(EventList(tail=1))))
            status.append(seconds(lambda: client.ask(StatusShow())))
    return [Figure(f"status: {_MODELS} models", min(status), "s", min(floor), at_most=8)]
