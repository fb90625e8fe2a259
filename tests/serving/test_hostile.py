"""Bodies that nobody should send: every protocol refuses them with what is wrong and what to do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.formats.test_json_fault import DECODERS, FAULTS

from shopfloor.serving.problems import Problem
from shopfloor.serving.protocols import protocols
from shopfloor.serving.protocols.protocol import PredictionProtocol

BODIES = [*FAULTS, b"null", b"5", b'"x"', b"[]", b"[[1],[2]]", b'{"row":{"a":1,"a":2}}', b'{"row":{},"row":{}}']
PATH = "/v1/models/late-arrival/predict"


@pytest.mark.parametrize("protocol", protocols(), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_a_protocol_refuses_in_our_words(protocol: PredictionProtocol, body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        protocol.rows(body, 1000)
    problem = caught.value
    assert problem.status in {400, 422}
    assert problem.message.endswith(".")
    assert problem.hint.endswith(".")
    assert not any(word in problem.message + problem.hint for word in DECODERS)


GOOD = {"distance": 900, "temp": 3.5, "holiday": False, "carrier": "AA", "departure": "2026-01-02T03:04:05"}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"temp": {"a": {"b": 1}}}, "Row 0, field 'temp': an object is not a number."),
        ({"temp": deep(200)}, "Row 0, field 'temp': an array is not a number."),
        ({"temp": True}, "Row 0, field 'temp': a boolean (true) is not a number."),
        ({"temp": "\0"}, "Row 0, field 'temp': a text (\\0) is not a number."),
        ({"temp": "x" * 10_000_000}, "is not a number."),
        ({"flight_id": True}, "a boolean (true) is not a text of at most 512 characters or a number."),
    ],
)  # fmt: skip
def test_a_hostile_value_is_named(client: httpx.Client, change: dict[str, Any], said: str) -> None:
    answer = client.post(PATH, json={"row": {**GOOD, **change}})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert said in error["message"]
    assert error["hint"]
    assert len(answer.content) < 1000


def test_a_name_of_megabytes_does_not_come_back(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"row": {**GOOD, "k" * 5_000_000: 1}})
    assert answer.status_code == 200
    assert len(answer.content) < 1000


def test_what_the_endpoint_does_not_do_says_what_it_does(client: httpx.Client) -> None:
    for answer, what in (
        (client.get(PATH), "Send POST."),
        (client.put(PATH), "Send POST."),
        (client.request("PATCH", "/v1/models"), "Send GET or HEAD."),
        (client.post(PATH, content=b"a=1", headers={"Content-Type": "text/plain"}), "Content-Type: application/json"),
        (client.post(PATH, content=json.dumps({"row": {}}), headers={"Content-Encoding": "gzip"}), "not compressed"),
    ):
        assert what in answer.json()["error"]["hint"]
