"""Why JSON cannot be read as a table."""

from __future__ import annotations

from shopfloor.domain.file import Reason
from shopfloor.domain.text import safe


def json_malformed(line: int | None, detail: str) -> Reason:
    where = f"Line {line}" if line else "The file"
    return Reason(
        code="json_malformed",
        message=f"{where} is not valid JSON: {safe(detail, 120)}.",
        line=line,
        hint="Write one JSON object per line, or one array of objects.",
    )


def json_shape(detail: str, line: int | None = None) -> Reason:
    return Reason(
        code="json_shape",
        message=f"The JSON is not a table: {detail}.",
        line=line,
        hint="Write one JSON object per line (JSON lines), or one array of objects.",
    )
