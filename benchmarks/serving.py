"""One row over REST against the same server's answer to nothing."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from shopfloor.client.deliver import deliver
from shopfloor.client.demo import months
from shopfloor.client.demo.endpoint import Endpoint
from shopfloor.client.serve import token_create
from shopfloor.client.setup import config_set, init_workspace
from shopfloor.client.start import connect
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.requests.datasets import DatasetContract
from shopfloor.domain.requests.models import ModelDefine
from shopfloor.domain.requests.workspace import AwaitIdle, Shutdown

_REQUESTS = 400
_LIMIT_MS = 1.0


def run() -> list[Figure]:
    """Median milliseconds of a kept connection, prediction and `/health` in turn."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as folder:
        root = init_workspace(Path(folder) / "w")
        config_set(root, "intake.settle_seconds", "0.2")
        client = connect(root)
        deliver(root, [months.delivery(1)], "inbox/flights")
        _settle(client.ask)
        client.ask(
            ModelDefine(
                definition=ModelDefinition(
                    name="m", dataset="flights", target=months.TARGET, time=months.TIME, id=months.ID
                )
            )
        )
        _settle(client.ask)
        row = months.one_flight(2, client.ask(DatasetContract(name="flights")))
        endpoint = Endpoint(root)
        try:
            value, floor = _milliseconds(endpoint.url, token_create(root, "bench"), row)
        finally:
            endpoint.stop()
            client.ask(Shutdown())
    return [Figure("one row over REST", value, "ms", floor, f"≤ {_LIMIT_MS} ms", value <= _LIMIT_MS)]


def _settle(ask: Callable[..., object]) -> None:
    while not ask(AwaitIdle(wait_s=10.0), timeout=60.0).idle:  # type: ignore[attr-defined]
        pass


def _milliseconds(url: str, token: str, row: dict[str, object]) -> tuple[float, float]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    body = json.dumps({"row": row})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    ours, floor = [], []
    for _ in range(_REQUESTS):
        floor.append(_timed(connection, "GET", "/health", None, {}))
        ours.append(_timed(connection, "POST", "/v1/models/m/predict", body, headers))
    return 1000 * statistics.median(ours[50:]), 1000 * statistics.median(floor[50:])


def _timed(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> float:
    begun = time.perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return time.perf_counter() - begun
