"""The ASGI application: paths, guard and error answers."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.names import check_name
from shopfloor.domain.text import safe
from shopfloor.serving.api import Api
from shopfloor.serving.guard import TOKEN, Guard, Throttle, TokenBook
from shopfloor.serving.hosts import HostRule
from shopfloor.serving.problems import Problem, problem_of_failure, raised_at
from shopfloor.serving.protocols.protocol import PredictionProtocol
from shopfloor.serving.tokens import Token

CAPACITY = 1024
"""Concurrent requests; more are refused with "try again"."""

Handler = Callable[[Request], Awaitable[Response]]


def create_app(api: Api, hosts: HostRule, tokens: TokenBook, capacity: int = CAPACITY) -> Starlette:
    """The application around `api`. Its shutdown makes the inference log durable."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await api.close()

    # Names are matched as whole tails, so that a hostile one gets our answer and no redirect.
    routes = [
        *(route for protocol in api.protocols for route in _predicting(api, protocol)),
        Route("/v1/models", _answering(api.models, _may_predict)),
        Route("/v1/models/{model:path}", _answering(api.model, _may_predict)),
        Route("/v1/datasets/{dataset:path}/rows", _answering(api.append, _may_append), methods=["POST"]),
        Route("/health", _answering(api.health)),
        Route("/v1/health", _answering(api.health)),
        Route("/metrics", _answering(api.exposition)),
        Route("/openapi.json", _answering(api.openapi)),
    ]
    guard = Middleware(
        Guard,
        hosts=hosts,
        tokens=tokens,
        throttle=Throttle(api.clock),
        metrics=api.metrics,
        capacity=capacity,
    )
    app = Starlette(
        routes=routes,
        middleware=[guard],
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_problem},
    )
    app.router.redirect_slashes = False
    return app


def _predicting(api: Api, protocol: PredictionProtocol) -> tuple[Route, Route]:
    return (
        Route(protocol.path, _answering(partial(api.predict, protocol), _may_predict), methods=["POST"]),
        # Else the tail would be the name of a model that does not exist.
        Route(protocol.path, _only_post, methods=["GET"]),
    )


def _answering(handler: Handler, check: Callable[[Request], None] | None = None) -> Handler:
    """Answer every error in the one format; `check` refuses whose token does not allow this."""

    async def answer(request: Request) -> Response:
        try:
            if check is not None:
                check(request)
            return await handler(request)
        except Exception as error:  # noqa: BLE001  (the boundary: a caller never sees a traceback)
            if not isinstance(error, Problem | ShopfloorError):
                _report(request, error)
            return problem_of_failure(error).response()

    return answer


def _report(request: Request, error: Exception) -> None:
    # No message: a foreign exception may quote a caller's data.
    said = f"{request.method} {safe(request.url.path, 120)}: {type(error).__name__} at {raised_at(error)}"
    print(said, file=sys.stderr)  # noqa: T201


def _may_predict(request: Request) -> None:
    if not _holder(request).predict:
        raise Problem(
            403,
            "no_predictions",
            "This token is for adding rows only.",
            "Create one that predicts: shopfloor token create NAME",
        )


def _may_append(request: Request) -> None:
    dataset = check_name(request.path_params["dataset"], "Dataset")
    if dataset not in _holder(request).append:
        raise Problem(
            403,
            "no_rows",
            f"This token may not add rows to {dataset}.",
            f"Create one that may: shopfloor token create NAME --append {dataset}",
        )


def _holder(request: Request) -> Token:
    token: Token = request.scope[TOKEN]
    return token


async def _only_post(request: Request) -> Response:
    raise HTTPException(405, headers={"Allow": "POST"})


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allow = dict(error.headers or {})
        said = f"{safe(request.method, 20)} is not supported here."
        methods = " or ".join(sorted(allow.get("Allow", "POST").split(", ")))
        return Problem(405, "method", said, f"Send {methods}.", headers=allow).response()
    return Problem(error.status_code, "no_such_path", "There is nothing at this path.", "See /openapi.json.").response()
