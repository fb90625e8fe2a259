"""The endpoint's answers, one method a path."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from shopfloor import __version__
from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.humility import triggers
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import check_name
from shopfloor.domain.wire import KEY_HEADER, RETRY_HEADER
from shopfloor.lake.inference_log import LogRecord
from shopfloor.serving import openapi
from shopfloor.serving.answer import answer
from shopfloor.serving.body import read_body, read_lines
from shopfloor.serving.durable_log import DurableLog
from shopfloor.serving.forward import Forward
from shopfloor.serving.metrics import CONTENT_TYPE, Metrics, degraded_engine
from shopfloor.serving.model_cache import Loaded, ModelCache
from shopfloor.serving.problems import Problem, json_response, problem_of, problem_of_failure, raised_at
from shopfloor.serving.protocols import protocols
from shopfloor.serving.protocols.protocol import PredictionProtocol
from shopfloor.serving.request_faults import RequestFaults
from shopfloor.serving.row_schema import row_schema

P = ParamSpec("P")
T = TypeVar("T")

_INLINE_BYTES = 16 << 10
"""Larger bodies are handled in a thread, so that they do not hold up single rows."""


class RequestLimits(NamedTuple):
    """Sizes in bytes and rows, times in seconds."""

    body: int = 16 << 20
    lines: int = 64 << 20
    rows: int = 100_000
    body_seconds: float = 30.0


@dataclass
class Api:
    """State and answers of one serving process."""

    cache: ModelCache
    log: DurableLog
    metrics: Metrics
    clock: Clock
    executor: Executor
    forward: Forward
    limits: RequestLimits = field(default_factory=RequestLimits)
    new_id: Callable[[], str] = ulid
    protocols: tuple[PredictionProtocol, ...] = field(default_factory=protocols)
    faults: RequestFaults = field(init=False)
    _started: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.faults = RequestFaults(self.log, self.clock)
        self._started = self.clock.monotonic()

    async def predict(self, protocol: PredictionProtocol, request: Request) -> Response:
        """The answer to a request for predictions, whatever its protocol."""
        began = self.clock.monotonic()
        name = request.path_params["model"]
        try:
            loaded = await self.cache.get(check_name(name, "Model"))
        except ShopfloorError as error:
            self._unavailable(name, problem_of(error))
            raise
        version, status, rows = loaded.deployment.version, 500, 0
        try:
            body, records = await self._predict(protocol, request, loaded, lambda: self.clock.monotonic() - began)
            await self.log.append(records)
            status, rows = 200, len(records)
            self.metrics.distrusted(name, (why for record in records for why in triggers(record.humility)))
            return Response(body, media_type=protocol.media_type)
        except Exception as error:
            problem = problem_of_failure(error)
            status = problem.status
            self.faults.add(name, version, _located(problem, error))
            raise
        finally:
            self.metrics.answered(name, status, self.clock.monotonic() - began, rows)

    def _unavailable(self, name: str, problem: Problem) -> None:
        """A model in service that cannot be loaded fails each request; what is not in service fails nobody."""
        self.metrics.refused(problem.status)
        version = self.cache.deployed_version(name) if problem.status >= 500 else None
        if version is not None:
            self.faults.add(name, version, problem)

    async def close(self) -> None:
        """Make the inference log durable, with what is counted."""
        await self.faults.close()
        await self.log.close()

    async def _predict(
        self, protocol: PredictionProtocol, request: Request, loaded: Loaded, took: Callable[[], float]
    ) -> tuple[bytes, list[LogRecord]]:
        body = await read_body(request, protocol.accepts, self.limits.body, self.limits.body_seconds)
        how = (protocol, loaded, self.limits.rows, self.clock.now(), self.new_id, took)
        return answer(body, *how) if len(body) <= _INLINE_BYTES else await self._in_thread(answer, body, *how)

    async def append(self, request: Request) -> Response:
        """`POST /v1/datasets/{dataset}/rows`: JSON lines for the engine, whose answer is passed on as it is."""
        dataset, status = request.path_params["dataset"], 503
        key = request.headers.get(KEY_HEADER) or request.query_params.get("op_id") or ""
        try:
            body = await read_lines(request, self.limits.lines, self.limits.body_seconds)
            answered = await self.forward.post(dataset, body, key)
            status = answered.status
            headers = {RETRY_HEADER: answered.retry_after} if answered.retry_after else None
            return Response(answered.body, status, headers, "application/json")
        except Problem as problem:
            status = problem.status
            raise
        finally:
            self.metrics.posted(dataset, status)

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`."""
        states = {one.model: one for one in self.cache.states()}
        found = []
        for name in self.cache.names():
            one = states.get(name)
            loaded = one is not None and one.version > 0
            found.append({"model": name, "loaded": loaded, "error": one.error if one is not None else ""})
        return json_response({"models": found})

    async def model(self, request: Request) -> Response:
        """`GET /v1/models/{model}`: what goes in and what comes out."""
        name = check_name(request.path_params["model"], "Model")
        deployment, manifest = await self._in_thread(self.cache.describe, name)
        return json_response(
            {
                "model": name,
                "model_version": deployment.version,
                "task": manifest.task,
                "target": manifest.target,
                "classes": manifest.classes,
                "positive": manifest.positive,
                "segment_by": manifest.segment_by,
                "threshold": deployment.threshold,
                "humility": deployment.humility,
                "association_id": deployment.id or "association_id",
                "deployed_at": deployment.updated_at,
                "inputs": [
                    {"name": field.name, "type": field.type, "required": not field.nullable, "examples": field.levels}
                    for field in manifest.features
                ],
                "schema": row_schema(deployment, manifest),
            }
        )

    async def openapi(self, request: Request) -> Response:
        """`GET /openapi.json`; a model whose artifact cannot be verified is left out."""
        return json_response(await self._in_thread(self._document))

    def _document(self) -> dict[str, Any]:
        described = []
        for name in self.cache.names():
            try:
                described.append(self.cache.describe(name))
            except ShopfloorError:
                continue
        return openapi.document(described, self.protocols, __version__)

    async def health(self, request: Request) -> Response:
        """`GET /health`, `GET /v1/health`: no token needed, so it says nothing that a stranger may not know."""
        states = self.cache.states()
        broken = bool(self.log.failure) or any(one.error for one in states)
        return json_response(
            {
                "status": "degraded" if broken else "ok",
                "version": __version__,
                "pid": os.getpid(),
                "uptime_s": round(self.clock.monotonic() - self._started, 3),
                "deployed": len(self.cache.names()),
                "models": [
                    {"model": one.model, "model_version": one.version or None, "error": one.error} for one in states
                ],
                "log": {"durability": self.log.durability, "error": self.log.failure},
            }
        )

    async def exposition(self, request: Request) -> Response:
        """`GET /metrics`."""
        loaded = sum(1 for one in self.cache.states() if one.version)
        gauges = {
            "models_loaded": ("Models in memory.", loaded),
            "models_deployed": ("Models in service.", len(self.cache.names())),
            "model_swaps": ("Versions swapped in since the start.", self.cache.swaps),
            "log_failing": ("1 while the inference log cannot be written.", bool(self.log.failure)),
            "uptime_seconds": ("Seconds since the start.", self.clock.monotonic() - self._started),
        }
        degraded = await self._in_thread(degraded_engine, self.cache.root)
        return Response(self.metrics.text(gauges, degraded), media_type=CONTENT_TYPE)

    async def _in_thread(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, partial(call, *arguments, **named))


def _located(problem: Problem, error: Exception) -> Problem:
    """For the log of the endpoint: where foreign code failed, which a caller is not told."""
    if isinstance(error, Problem | ShopfloorError):
        return problem
    return Problem(problem.status, problem.code, f"{type(error).__name__} at {raised_at(error)}", problem.hint)
