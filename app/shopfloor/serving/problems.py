"""Errors as JSON answers: what, why and what to do, and never a traceback."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from shopfloor.domain.errors import DataError, NotFoundError, ShopfloorError, UsageError
from shopfloor.domain.text import safe


class Problem(Exception):
    """An answer that ends a request. `row` counts from 0; `headers` are added to the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str,
        *,
        column: str | None = None,
        row: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.column = column
        self.row = row
        self.headers = headers or {}

    def response(self) -> Response:
        """The error as `{"error": {code, message, hint, column, row}}`."""
        fields = {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "column": None if self.column is None else safe(self.column, 200),
            "row": self.row,
        }
        return json_response({"error": fields}, self.status, self.headers)


def problem_of(error: ShopfloorError) -> Problem:
    """The answer that an error of the product gets."""
    status = 503  # an artifact or the log: the server's trouble, and it may pass
    if isinstance(error, NotFoundError):
        status = 404
    elif isinstance(error, UsageError):
        status = 400
    elif isinstance(error, DataError):
        status = 422
    return Problem(
        status,
        error.code,
        error.message,
        error.hint,
        column=getattr(error, "column", None),
        row=getattr(error, "row", None),
    )


def problem_of_failure(error: Exception) -> Problem:
    """The answer to a request that ends with `error`, whatever it is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ShopfloorError):
        return problem_of(error)
    return Problem(
        500,
        "internal",
        f"The model or the server failed ({type(error).__name__}).",
        "See the server's log. Other rows may work.",
    )


def raised_at(error: BaseException) -> str:
    """File and line that raised `error`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`value` as a JSON answer."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")
