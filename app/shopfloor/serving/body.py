"""The body of a request, read within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from starlette.requests import ClientDisconnect, Request

from shopfloor.domain.text import safe
from shopfloor.serving.problems import Problem

_CLOSE = {"Connection": "close"}


async def read_body(request: Request, accepts: Collection[str], limit: int, seconds: float) -> bytes:
    """The whole body, when it is of a media type in `accepts` and of at most `limit` bytes that arrive in time."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in accepts or _is_encoded(request):
        types = " or ".join(sorted(accepts))
        hint = f"Send `Content-Type: {types}`, not compressed."
        raise Problem(415, "media_type", f"{_received(request, kind)}, but only plain {types} is accepted.", hint)
    return await _read(request, limit, seconds, "Split the request, or score a file with `shopfloor predict`.")


async def read_lines(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body of a post of rows, of any content type. The engine reads it."""
    if _is_encoded(request):
        raise Problem(415, "not_plain", "Only plain JSON lines are accepted.", "Send them uncompressed.")
    return await _read(request, limit, seconds, "Send the rows in several posts, each with its own key.")


def _received(request: Request, kind: str) -> str:
    if _is_encoded(request):
        return f"The body is encoded as '{safe(request.headers['content-encoding'], 40)}'"
    return f"The body is '{safe(kind, 80)}'" if kind else "The request has no Content-Type"


def _is_encoded(request: Request) -> bool:
    return request.headers.get("content-encoding", "identity") != "identity"


async def _read(request: Request, limit: int, seconds: float, hint: str) -> bytes:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise _too_large(limit, hint)
    chunks = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                chunks += chunk
                if len(chunks) > limit:
                    raise _too_large(limit, hint)
    except TimeoutError:
        raise Problem(
            408, "too_slow", "The body did not arrive in time.", "Send the whole body at once.", headers=_CLOSE
        ) from None
    except ClientDisconnect:
        raise Problem(400, "disconnected", "The client disconnected.", "Send the whole body.") from None
    return bytes(chunks)


def _too_large(limit: int, hint: str) -> Problem:
    return Problem(413, "too_large", f"The body is larger than {limit >> 20} MB.", hint, headers=_CLOSE)
