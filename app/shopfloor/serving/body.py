"""The body of a request: read within limits, then decoded."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from shopfloor.serving.problems import Problem

_HINT = 'Send {"row": {"column": value, …}} or {"rows": [{…}, {…}]}.'
_CLOSE = {"Connection": "close"}


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body, when it is plain JSON of at most `limit` bytes that arrives in time."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or _is_encoded(request):
        hint = "Send `Content-Type: application/json`, not compressed."
        raise Problem(415, "not_json", "Only plain JSON is accepted.", hint)
    return await _read(request, limit, seconds, "Split the request, or score a file with `shopfloor predict`.")


async def read_lines(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body of a post of rows, whatever it calls itself. What is in it the engine decides."""
    if _is_encoded(request):
        raise Problem(415, "not_plain", "Only plain JSON lines are accepted.", "Send them not compressed.")
    return await _read(request, limit, seconds, "Send the rows in several posts, each with its own key.")


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
            408, "too_slow", "The body did not arrive in time.", "Send it in one go.", headers=_CLOSE
        ) from None
    except ClientDisconnect:
        raise Problem(400, "disconnected", "The caller went away.") from None
    return bytes(chunks)


def rows_of(body: bytes, max_rows: int) -> list[Any]:
    """The rows that a body holds, not yet checked. Raises `Problem`."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed_json", f"The body is not JSON: {error}", _HINT) from error
    if type(document) is not dict or len(document) != 1:
        raise Problem(422, "wrong_body", "The body must be an object with one key, 'row' or 'rows'.", _HINT)
    [(key, value)] = document.items()
    rows = [value] if key == "row" else value
    if key not in {"row", "rows"} or type(rows) is not list:
        raise Problem(422, "wrong_body", "The body must hold 'row', an object, or 'rows', an array.", _HINT)
    if len(rows) > max_rows:
        raise Problem(413, "too_many_rows", f"{len(rows)} rows are more than {max_rows}.", "Split the request.")
    return rows


def _too_large(limit: int, hint: str) -> Problem:
    return Problem(413, "too_large", f"The body is larger than {limit} bytes.", hint, headers=_CLOSE)
