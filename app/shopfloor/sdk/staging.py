"""A folder of one's own in the workspace's staging area."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from shopfloor.client.handover import is_foreign
from shopfloor.domain.ids import ulid


@contextmanager
def staging_folder(workspace: Path) -> Iterator[Path]:
    """`.shopfloor/staging/sdk-<ulid>/`, private to the user, gone with its content at the end.

    The engine reads from there and its garbage collection knows the place, so that a notebook
    that is killed leaves nothing behind for ever.
    """
    if is_foreign(workspace):  # whose client hands the files over
        with TemporaryDirectory(prefix="shopfloor-") as own:
            yield Path(own)
        return
    folder = workspace / ".shopfloor" / "staging" / f"sdk-{ulid()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
