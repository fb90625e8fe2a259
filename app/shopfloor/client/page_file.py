"""A page that is written for a person, where the person may write."""

from __future__ import annotations

from pathlib import Path

from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.text import safe
from shopfloor.workspace.durable import replace_file


def write_page(path: Path, html: str, *, overwrite: bool) -> int:
    """Write the page whole or not at all; its size in bytes. Raises `RefusedError` where a file is there already."""
    if path.exists() and not overwrite:
        raise RefusedError(
            f"{safe(path)} already exists.", hint="Choose another name, or add --force.", code="file_exists"
        )
    content = html.encode()
    try:
        replace_file(path, content, 0o666)
    except OSError as error:
        raise UsageError(
            f"{safe(path)} cannot be written: {error.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
            code="bad_output",
        ) from error
    return len(content)
