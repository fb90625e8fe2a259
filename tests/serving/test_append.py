"""Rows posted over TCP: who may, and that the engine's word is what the sender hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.engine.harness import Shop
from tests.serving import builders
from tests.serving.running import Running, running

from shopfloor.domain.requests.datasets import DatasetShow
from shopfloor.workspace.layout import Layout


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop")
    yield made
    made.close()


@pytest.fixture
def server(shop: Shop) -> Iterator[Running]:
    with running(Layout(shop.root)) as found:
        yield found


@pytest.fixture
def sender(server: Running) -> Iterator[httpx.Client]:
    """Holds a token that may add rows to `events` and nothing else."""
    secret = builders.token(server.layout, "sender", predict=False, append=["events"])
    with server.client(secret) as found:
        yield found


def post(client: httpx.Client, rows: str, key: str, dataset: str = "events") -> httpx.Response:
    return client.post(f"/v1/datasets/{dataset}/rows", content=rows, headers={"Idempotency-Key": key})


def numbered(*numbers: int) -> str:
    return "".join(json.dumps({"id": number}) + "\n" for number in numbers)


def test_rows_become_a_version_once(shop: Shop, sender: httpx.Client) -> None:
    first = post(sender, numbered(1, 2), "one")
    assert first.status_code == 200, first.text
    assert (first.json()["accepted"], first.json()["duplicate"]) == (2, False)
    again = post(sender, numbered(1, 2), "one")
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    shop.settle()
    assert shop.client.ask(DatasetShow(name="events")).rows == 2


def test_a_token_may_only_what_it_is_for(server: Running, sender: httpx.Client) -> None:
    with server.client() as predictor:
        refused = post(predictor, numbered(1), "one")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "no_rows")
    assert "--append events" in refused.json()["error"]["hint"]
    assert post(sender, numbered(1), "one", "wages").status_code == 403
    for answer in (sender.get("/v1/models"), sender.get("/v1/models/m"), sender.post("/v1/models/m/predict", json={})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_predictions")
    with httpx.Client(base_url=server.url) as stranger:
        assert post(stranger, numbered(1), "one").status_code == 401


def test_the_engines_refusals_reach_the_sender(sender: httpx.Client) -> None:
    broken = post(sender, '{"id":1}\n{"id":\n', "one")
    assert (broken.status_code, broken.json()["error"]["code"], broken.json()["error"]["line"]) == (
        400,
        "malformed_row",
        2,
    )
    without = sender.post("/v1/datasets/events/rows", content=numbered(1))
    assert (without.status_code, without.json()["error"]["code"]) == (400, "no_key")
    assert post(sender, numbered(1), "two").status_code == 200
    reused = post(sender, numbered(9), "two")
    assert (reused.status_code, reused.json()["error"]["code"]) == (409, "key_reused")
    packed = sender.post("/v1/datasets/events/rows", content=b"x", headers={"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.json()["error"]["code"]) == (415, "not_plain")
    large = post(sender, "x" * (9 << 20), "three")
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")


def test_a_name_leads_nowhere_else(sender: httpx.Client) -> None:
    for name in ("..", "a%2Fb", "%1b[31m", "x/../../jobs"):
        assert post(sender, numbered(1), "one", name).status_code in {400, 404}, name


def test_a_dead_engine_is_told_and_its_successor_adds_once(shop: Shop, sender: httpx.Client) -> None:
    assert post(sender, numbered(1), "one").status_code == 200
    shop.kill()
    down = post(sender, numbered(2), "two")
    assert (down.status_code, down.json()["error"]["code"], down.headers["retry-after"]) == (503, "engine", "2")
    shop.start()
    assert post(sender, numbered(2), "two").json()["duplicate"] is False
    assert post(sender, numbered(1), "one").json()["duplicate"] is True
    shop.settle()
    assert shop.client.ask(DatasetShow(name="events")).rows == 2


def test_posts_are_counted(sender: httpx.Client) -> None:
    post(sender, numbered(1), "one")
    assert 'shopfloor_posts_total{dataset="events",code="200"} 1' in sender.get("/metrics").text
