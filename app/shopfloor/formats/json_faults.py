"""What is wrong in a JSON file: lines that are no object, and the entry at which an array breaks off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.file import Reason
from shopfloor.domain.reject import MOST, Reject
from shopfloor.duck.sql import text
from shopfloor.formats import reasons
from shopfloor.formats.evidence import rejected
from shopfloor.formats.reasons import BadFile, Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TWICE = "json_type(json) = 'OBJECT' AND len(list_distinct(json_keys(json))) < len(json_keys(json))"
"""SQL that is true for an object with a key that occurs twice."""

_WINDOW, _LARGEST = 1 << 20, 16 << 20
_BETWEEN = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Misfits:
    """JSON lines at `path`, where the lines that are no object are blank; `bad` of them, and the first as `rejects`."""

    path: Path
    bad: int = 0
    rejects: tuple[Reject, ...] = ()


def without_misfits(connection: DuckDBPyConnection, source: Path, scratch: Path) -> Misfits:
    """JSON lines as a copy at `scratch` in which each line is one object; the others keep their numbers.

    Raises `BadFile` when no line is one.
    """
    objects = (
        "(SELECT row_number() OVER () - 1 AS n, json FROM read_json_objects("
        f"{text(str(source))}, format = 'newline_delimited', compression = 'none', ignore_errors = true))"
    )
    found = connection.execute(
        f"SELECT n FROM {objects} WHERE json_type(json) IS DISTINCT FROM 'OBJECT' OR {TWICE} ORDER BY n"
    ).fetchall()
    wrong = {row[0] for row in found}
    rejects: list[Reject] = []
    good = 0
    with source.open("rb") as file, scratch.open("wb") as out:
        for number, (entry, line) in enumerate(_entries(file), 1):
            if entry not in wrong:
                good += entry is not None
                out.write(line)
                continue
            out.write(b"\n")
            if len(rejects) < MOST:
                record = line.decode("utf-8", "replace").rstrip("\r\n")
                rejects.append(rejected(_reason(line, number), Place(line=number), None, record))
    if not good:
        raise BadFile(reasons.of_many(reasons.of_reject(rejects[0]), len(wrong), len(wrong)))
    return Misfits(scratch, len(wrong), tuple(rejects))


def broken_entry(path: Path) -> tuple[int | None, str]:
    """The line on which a JSON array is no JSON, and why."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        window = file.read(_WINDOW)
        at, line = window.find("[") + 1, 1
        passed = 0  # the line is known up to here
        while True:
            at = _between(window, at)
            if window[at : at + 1] == "]":
                return None, "it cannot be read"
            try:
                _, end = decoder.raw_decode(window, at)
                end = _between(window, end)
                if window[end : end + 1] not in {",", "]"}:
                    raise json.JSONDecodeError("a comma is missing between two entries", window, end)
            except RecursionError:
                return line + window.count("\n", passed, at), "it is nested too deeply"
            except json.JSONDecodeError as error:
                more = file.read(_WINDOW) if len(window) - at < _LARGEST else ""
                if not more:
                    return line + window.count("\n", passed, error.pos), error.msg
                line += window.count("\n", passed, at)
                window, at, passed = window[at:] + more, 0, 0
                continue
            at = end + (window[end] == ",")


def _between(window: str, at: int) -> int:
    found = _BETWEEN.match(window, at)
    return found.end() if found is not None else at


def _entries(lines: Iterator[bytes]) -> Iterator[tuple[int | None, bytes]]:
    """Lines with their number, from 0, among those that are not blank; None for these."""
    number = 0
    for line in lines:
        if line.strip():
            yield number, line
            number += 1
        else:
            yield None, line


def _reason(line: bytes, number: int) -> Reason:
    """Why a line is no object of a table."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = str(error).split(":", 1)[0] if isinstance(error, ValueError) else "it is nested too deeply"
        return reasons.json_malformed(number, why)
    if isinstance(found, dict):
        return reasons.json_shape("an object has the same key twice", number)
    return reasons.json_shape("a line is no object", number)
