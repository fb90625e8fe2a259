"""One row over REST against the same server's answer to nothing."""

from __future__ import annotations

import http.client
import json
import statistics
import time

from benchmarks.engine import engine, idle
from benchmarks.figure import Figure
from shopfloor.client.deliver import deliver
from shopfloor.client.demo import months
from shopfloor.client.demo.endpoint import Endpoint
from shopfloor.client.serve import token_create
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.requests.datasets import DatasetContract
from shopfloor.domain.requests.models import ModelDefine

_WARM = 50


def run(smoke: bool) -> list[Figure]:
    """Median milliseconds of a kept connection, prediction and `/health` in turn."""
    definition = ModelDefinition(name="m", dataset="flights", target=months.TARGET, time=months.TIME, id=months.KEY)
    with engine(settle_seconds="0.2") as (root, client):
        deliver(root, [months.delivery(1)], "inbox/flights")
        idle(client)
        client.ask(ModelDefine(definition=definition))
        idle(client)
        row = months.one_flight(2, client.ask(DatasetContract(name="flights")))
        endpoint = Endpoint(root)
        try:
            value, floor = _milliseconds(endpoint.url, token_create(root, "bench"), row, 20 if smoke else 350)
        finally:
            endpoint.stop()
    return [Figure("one row over REST", value, "ms", floor, at_most=4)]


def _milliseconds(url: str, token: str, row: dict[str, object], requests: int) -> tuple[float, float]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    body = json.dumps({"row": row})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    ours, floor = [], []
    for _ in range(_WARM + requests):
        floor.append(_timed(connection, "GET", "/health", None, {}))
        ours.append(_timed(connection, "POST", "/v1/models/m/predict", body, headers))
    return 1000 * statistics.median(ours[_WARM:]), 1000 * statistics.median(floor[_WARM:])


def _timed(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> float:
    begun = time.perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return time.perf_counter() - begun
