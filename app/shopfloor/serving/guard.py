"""The guard of the REST endpoint: host, origin, token and load are checked before anything else."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from shopfloor.domain.clock import Clock
from shopfloor.domain.errors import IntegrityError
from shopfloor.serving.hosts import HostRule
from shopfloor.serving.metrics import Metrics
from shopfloor.serving.problems import Problem, problem_of
from shopfloor.serving.tokens import Token, list_tokens, verify

OPEN_PATHS = frozenset({"/health", "/v1/health"})
TOKEN = "shopfloor.token"
"""Where a request's scope holds the token that let it in."""
CHECK_SECONDS = 0.2
FAILURES = 30
"""Wrong tokens that one peer may send in `WINDOW` seconds before it has to wait."""
WINDOW = 10.0
_PEERS = 10_000


@dataclass
class TokenBook:
    """The issued tokens, read again when their file changes."""

    path: Path
    clock: Clock
    _tokens: tuple[Token, ...] = ()
    _seen: tuple[int, int, int] | None = None
    _checked_at: float = -1e9

    def holder(self, secret: str) -> Token | None:
        """Whose token this is. Raises `IntegrityError` for a damaged token file."""
        now = self.clock.monotonic()
        if now - self._checked_at >= CHECK_SECONDS:
            self._refresh()
            self._checked_at = now
        return verify(secret, self._tokens)

    def _refresh(self) -> None:
        try:
            status = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            self._tokens, self._seen = (), None
            return
        signature = (status.st_mtime_ns, status.st_ino, status.st_size)
        if signature != self._seen:
            self._tokens = ()  # should the file be damaged, nobody gets in
            self._tokens = list_tokens(self.path)
            self._seen = signature


@dataclass
class Throttle:
    """Counts wrong tokens per peer. A right token always passes."""

    clock: Clock
    _failures: Counter[str] = field(default_factory=Counter)
    _since: float = -1e9

    def exceeded(self, peer: str) -> bool:
        """Count one failure of `peer`; True when it has had too many."""
        now = self.clock.monotonic()
        if now - self._since > WINDOW or len(self._failures) > _PEERS:
            self._failures.clear()
            self._since = now
        self._failures[peer] += 1
        return self._failures[peer] > FAILURES


@dataclass
class Guard:
    """ASGI middleware that lets a request through or answers it with an error."""

    app: ASGIApp
    hosts: HostRule
    tokens: TokenBook
    throttle: Throttle
    metrics: Metrics
    capacity: int
    active: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            self._admit(scope)
        except Problem as problem:
            self.metrics.refused(problem.status)
            await problem.response()(scope, receive, send)
            return
        self.active += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.active -= 1

    def _admit(self, scope: Scope) -> None:
        hosts: list[bytes] = []
        credentials: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == b"authorization":
                credentials.append(value)
            elif name == b"origin":
                raise Problem(
                    403, "origin_refused", "Requests from web pages are refused.", "Call the endpoint from a program."
                )
        if len(hosts) != 1 or not self.hosts.allows(hosts[0].decode("latin-1")):
            raise Problem(
                403,
                "host_refused",
                "The Host header does not name this server.",
                "Use its own name or address, or start the server with --allow-host NAME.",
            )
        if scope["path"] not in OPEN_PATHS:
            self._authenticate(scope, credentials)
        if self.active >= self.capacity:
            raise Problem(503, "busy", "Too many requests at once.", "Try again shortly.", headers={"Retry-After": "1"})

    def _authenticate(self, scope: Scope, credentials: list[bytes]) -> None:
        secret = _bearer(credentials)
        try:
            if secret and (holder := self.tokens.holder(secret)) is not None:
                scope[TOKEN] = holder
                return
        except IntegrityError as error:
            raise problem_of(error) from error
        if secret and self.throttle.exceeded(str((scope.get("client") or ("",))[0])):
            raise Problem(
                429,
                "too_many_failures",
                "Too many wrong tokens.",
                "Wait a few seconds.",
                headers={"Retry-After": str(int(WINDOW))},
            )
        what = "The token is not valid." if secret else "A bearer token is missing."
        raise Problem(
            401,
            "unauthorized",
            what,
            "Create one with `shopfloor token create NAME` and send `Authorization: Bearer TOKEN`.",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _bearer(credentials: list[bytes]) -> str:
    if len(credentials) != 1:
        return ""
    scheme, _, secret = credentials[0].decode("latin-1").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
