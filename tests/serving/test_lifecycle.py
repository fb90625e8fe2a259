"""Swapping, logging, stopping and dying, with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from tests.serving import builders
from tests.serving.running import Running, running
from tests.serving.test_predict import PATH, error, good_row
from tests.waiting import until, until_async
from uvicorn.server import ServerState

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.domain.handles import ArtifactFile
from shopfloor.lake.inference_log import LogRecord, drain
from shopfloor.serving.bounded_http import BoundedProtocol
from shopfloor.serving.deployment import remove_deployment
from shopfloor.serving.server import configured, listening
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.segment_reader import is_sealed, segments

SWAPS = "shopfloor_model_swaps "


def logged(layout: Layout) -> list[LogRecord]:
    return [record for path in segments(layout.segments) for record in read(path)]


def read(path: Path) -> Iterator[LogRecord]:
    offset = 0
    while (step := drain(path, offset)).offset != offset:
        yield from step.records
        offset = step.offset


class Load:
    """Callers that send rows until told to stop, each on its own connection."""

    def __init__(self, server: Running, callers: int = 4) -> None:
        self.answers: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._server = server
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(place,)) for place in range(callers)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, place: int) -> None:
        number = 0
        with self._server.client() as client:
            while not self._stop.is_set():
                number += 1
                row = good_row(flight_id=f"c{place}-{number}", distance=100 + number % 3000)
                try:
                    response = client.post(PATH, json={"row": row})
                except httpx.HTTPError as failure:
                    self.failures.append(repr(failure))
                    return
                if response.status_code != 200:
                    self.failures.append(response.text)
                else:
                    self.answers.append(response.json())


@pytest.fixture
def served(layout: Layout, classifier: FittedModel) -> Iterator[Running]:
    builders.deploy(layout, classifier)
    with running(layout) as found:
        yield found


def test_versions_are_swapped_under_load_without_a_failed_request(
    served: Running, classifier: FittedModel, other_classifier: FittedModel
) -> None:
    layout = served.layout
    artifacts = [builders.publish(layout, classifier), builders.publish(layout, other_classifier)]
    with Load(served) as load:
        until(lambda: bool(load.answers))
        for version in range(2, 8):
            builders.put(layout, builders.as_version(artifacts[version % 2], version))
            until(lambda: bool(load.answers) and load.answers[-1]["model_version"] == version)  # noqa: B023
    assert load.failures == []
    seen = {answer["model_version"] for answer in load.answers}
    assert seen == set(range(1, 8))
    models = (classifier, other_classifier)
    rows = {record.association_id: record for record in logged(layout)}
    for answer in load.answers:
        [one] = answer["predictions"]
        record = rows[one["association_id"]]
        # What was answered, what was logged and what that version's model says are the same thing.
        assert record.model_version == answer["model_version"]
        version_model = models[0] if answer["model_version"] == 1 else models[answer["model_version"] % 2]
        expected = version_model.predict_row(record.inputs)["probability_yes"]
        assert one["probabilities"]["yes"] == record.probabilities["yes"] == expected
    assert len(rows) == len(load.answers)


def test_a_version_that_cannot_be_opened_never_replaces_one_that_can(
    served: Running, other_classifier: FittedModel
) -> None:
    layout = served.layout
    with served.client() as client:
        assert client.post(PATH, json={"row": good_row()}).json()["model_version"] == 1
        artifact = builders.publish(layout, other_classifier, 2)
        stored = Path(artifact.path) / "model.joblib"
        intact = stored.read_bytes()
        stored.chmod(0o600)
        stored.write_bytes(intact[:-1] + bytes([intact[-1] ^ 1]))
        builders.put(layout, artifact)

        def health() -> Any:
            client.post(PATH, json={"row": good_row()})
            return httpx.get(served.url + "/health").json()

        until(lambda: health()["status"] == "degraded")
        assert client.post(PATH, json={"row": good_row()}).json()["model_version"] == 1
        assert "changed" in health()["models"][0]["error"]
        # Put right, and promoted again: it serves.
        stored.write_bytes(intact)
        builders.put(layout, builders.as_version(artifact, 3))
        until(lambda: client.post(PATH, json={"row": good_row()}).json()["model_version"] == 3)
        assert health()["status"] == "ok"


@contextmanager
def in_service(layout: Layout, artifact: ArtifactFile) -> Iterator[str]:
    """The path of one more model on a shared server, for a while."""
    builders.put(layout, artifact)
    yield f"/v1/models/{artifact.model}/predict"
    remove_deployment(layout.serving, artifact.model)


def test_a_foreign_artifact_is_refused_before_it_is_opened(server: Running, client: httpx.Client) -> None:
    """Another model's validly signed artifact under this model's name is not this model."""
    own = builders.publish(server.layout, builders.classifier("linear", name="mixed"))
    foreign = builders.publish(server.layout, builders.classifier("linear", name="foreign"))
    with in_service(server.layout, msgspec.structs.replace(own, path=foreign.path)) as path:
        assert error(client.post(path, json={"row": good_row()}), 503)["code"] == "artifact_swapped"


def test_a_retired_model_is_gone(server: Running, client: httpx.Client) -> None:
    artifact = builders.publish(server.layout, builders.classifier("linear", name="leaver"))
    with in_service(server.layout, artifact) as path:
        assert client.post(path, json={"row": good_row()}).status_code == 200
    until(lambda: client.post(path, json={"row": good_row()}).status_code == 404)
    assert "leaver" not in client.get("/v1/models").text


def test_first_callers_of_a_model_share_one_load(server: Running) -> None:
    artifact = builders.publish(server.layout, builders.classifier("linear", name="fresh"))

    def swaps() -> str:
        with server.client() as client:
            return next(line for line in client.get("/metrics").text.splitlines() if line.startswith(SWAPS))

    def call(_: int) -> int:
        with server.client() as client:
            return client.post(path, json={"row": good_row()}).status_code

    before = swaps()
    with in_service(server.layout, artifact) as path, ThreadPoolExecutor(12) as pool:
        assert list(pool.map(call, range(12))) == [200] * 12
    assert swaps() == before


@pytest.mark.parametrize("durability", ["strict", "batch"])
def test_each_answer_is_logged_exactly_once_though_the_server_is_killed(
    layout: Layout, classifier: FittedModel, durability: str
) -> None:
    builders.deploy(layout, classifier)
    with running(layout, "--durability", durability) as server, Load(server) as load:
        until(lambda: len(load.answers) > 200)
        server.process.kill()
        server.process.wait()
    ids = [answer["predictions"][0]["association_id"] for answer in load.answers]
    assert len(ids) > 200
    found = [record.association_id for record in logged(layout)]
    assert set(ids) <= set(found)
    assert len(found) == len(set(found))
    # At most the requests that were being answered are logged without their answer.
    assert len(found) - len(ids) <= 4
    assert all(is_sealed(path) for path in segments(layout.segments))


def test_a_large_request_is_logged_whole(server: Running, client: httpx.Client) -> None:
    frame = builders.rows_frame(3000, seed=4)
    answer = client.post(PATH, json={"rows": builders.json_rows(frame)}).json()
    ids = [one["association_id"] for one in answer["predictions"]]
    records = [record for record in logged(server.layout) if record.association_id in set(ids)]
    assert [record.association_id for record in records] == ids
    assert [record.inputs["distance"] for record in records] == frame["distance"].tolist()
    assert {tuple(record.inputs) for record in records} == {tuple(feature.name for feature in builders.FEATURES)}


def test_a_refused_request_is_not_logged(server: Running, client: httpx.Client) -> None:
    rows = [good_row(flight_id="refused-1"), good_row(flight_id="refused-2", distance="x")]
    error(client.post(PATH, json={"rows": rows}), 422)
    assert not [record for record in logged(server.layout) if record.association_id.startswith("refused")]


def test_no_answer_without_its_log_line(layout: Layout, classifier: FittedModel) -> None:
    builders.deploy(layout, classifier)
    layout.segments.rmdir()
    layout.segments.write_text("in the way")
    with running(layout) as server, server.client() as client:
        found = error(client.post(PATH, json={"row": good_row()}), 503)
        assert found["code"] == "inference_log"
        assert httpx.get(server.url + "/health").json()["status"] == "degraded"
        layout.segments.unlink()
        assert client.post(PATH, json={"row": good_row()}).status_code == 200
        until(lambda: httpx.get(server.url + "/health").json()["status"] == "ok")
    assert len(logged(layout)) == 1


def test_a_signal_drains_what_is_in_work(served: Running) -> None:
    frame = builders.rows_frame(20_000, seed=1)
    body = json.dumps({"rows": builders.json_rows(frame)}).encode()
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=60)) as link:
        link.putrequest("POST", PATH)
        link.putheader("Authorization", f"Bearer {served.token}")
        link.putheader("Content-Type", "application/json")
        link.putheader("Content-Length", str(len(body)))
        link.putheader("Expect", "100-continue")
        link.endheaders()
        assert link.sock.recv(4096).startswith(b"HTTP/1.1 100")  # the request is in work
        link.send(body)
        served.process.send_signal(signal.SIGTERM)
        response = link.getresponse()
        assert response.status == 200
        assert len(json.loads(response.read())["predictions"]) == 20_000
    _, errors = served.process.communicate(timeout=60)
    assert served.process.returncode == 0
    assert errors == b""
    assert len(logged(served.layout)) == 20_000
    assert all(is_sealed(path) for path in segments(served.layout.segments))


def test_models_come_and_go_by_use(layout: Layout, classifier: FittedModel) -> None:
    layout.settings.write_text('name = "test"\n[serving]\nloaded_models = 2\n', encoding="utf-8")
    for name in ("a", "b", "c"):
        builders.deploy(layout, builders.classifier("linear", name=name))
    with running(layout) as server, server.client() as client:
        for name in ("a", "b", "a", "c"):
            assert client.post(f"/v1/models/{name}/predict", json={"row": good_row()}).status_code == 200
        loaded = {one["model"]: one["loaded"] for one in client.get("/v1/models").json()["models"]}
        assert loaded == {"a": True, "b": False, "c": True}
        assert client.post("/v1/models/b/predict", json={"row": good_row()}).status_code == 200


def test_slow_and_silent_connections_do_not_hold_up_others(server: Running, client: httpx.Client) -> None:
    links = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    try:
        for link in links[:150]:
            link.sendall(b"POST /v1/models/late-arrival/predict HTTP/1.1\r\nHost: loc")
        assert client.post(PATH, json={"row": good_row()}).status_code == 200
    finally:
        for link in links:
            link.close()


def test_each_answer_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: without TCP_NODELAY every answer on a kept connection waits 40 ms or longer."""
    at_once: list[int] = []
    made = BoundedProtocol.connection_made

    def noted(self: BoundedProtocol, transport: asyncio.Transport) -> None:
        made(self, transport)
        at_once.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(BoundedProtocol, "connection_made", noted)
    config = configured(Starlette())
    config.load()

    async def connect() -> None:
        state = ServerState()
        with closing(listening("127.0.0.1", 0)) as listener:
            server = await asyncio.get_running_loop().create_server(
                lambda: BoundedProtocol(config=config, server_state=state, app_state={}), sock=listener
            )
            _, writer = await asyncio.open_connection(*listener.getsockname())
            await until_async(lambda: at_once)
            writer.close()
            server.close()

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(connect())
    assert at_once == [1]


def test_metrics_count(server: Running, client: httpx.Client) -> None:
    def figure(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")), 0.0)

    names = {
        'shopfloor_requests_total{model="delay",code="200"}': 2,
        'shopfloor_requests_total{model="delay",code="422"}': 1,
        'shopfloor_errors_total{model="delay"}': 1,
        'shopfloor_rows_total{model="delay"}': 4,
        'shopfloor_request_seconds_count{model="delay"}': 3,
        'shopfloor_request_seconds_bucket{model="delay",le="+Inf"}': 3,
    }
    before = {name: figure(name) for name in names}
    client.post("/v1/models/delay/predict", json={"rows": [good_row()] * 3})
    client.post("/v1/models/delay/predict", json={"row": good_row()})
    client.post("/v1/models/delay/predict", json={"row": {}})
    client.post("/v1/models/made-up/predict", json={"row": {}})
    assert {name: figure(name) - before[name] for name in names} == names
    assert "made-up" not in client.get("/metrics").text


def test_health_needs_no_token_and_tells_no_secret(server: Running, client: httpx.Client) -> None:
    client.post(PATH, json={"row": good_row()})
    found = httpx.get(server.url + "/health").json()
    assert found["status"] == "ok"
    assert {"model": "late-arrival", "model_version": 1, "error": ""} in found["models"]
    assert found["deployed"] == 4
    assert str(server.layout.root) not in str(found)
    under = httpx.get(server.url + "/v1/health")
    assert (under.status_code, under.json()["models"]) == (200, found["models"])


def row_of(operation: dict[str, Any]) -> Any:
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    return body["oneOf"][0]["properties"]["row"]


def test_the_description_fits_the_models(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    row = row_of(document["paths"][PATH]["post"])
    assert row["required"] == ["distance", "carrier"]
    assert row["properties"]["temp"]["type"] == ["number", "null"]
    assert row["properties"]["departure"]["format"] == "date-time"
    assert row["properties"]["carrier"]["examples"] == ["AA", "DL", "UA"]
    assert "flight_id" in row["properties"]
    family = document["paths"]["/v1/models/by-region/predict"]["post"]
    assert "region" in row_of(family)["required"]
    model = client.get("/v1/models/late-arrival").json()
    assert model["classes"] == ["no", "yes"]
    assert model["schema"] == row
    names = {one["model"] for one in client.get("/v1/models").json()["models"]}
    assert names == {"late-arrival", "delay", "by-region", "pinned"}


def launch(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "app")}
    command = [sys.executable, "-m", "shopfloor.serving", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)


def test_a_start_that_cannot_be_says_why(server: Running, tmp_path: Path) -> None:
    done = launch("--workspace", str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "is no workspace" in done.stderr
    done = launch("--workspace", str(server.layout.root), "--port", str(server.port))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "in use" in done.stderr
