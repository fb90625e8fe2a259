"""The serving process of a copy of the product."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.house.extension import Extended


@contextmanager
def served(product: Extended) -> Iterator[tuple[str, str]]:
    """Serve the workspace; its address and a token."""
    token = product.run("token", "create", "house").split()[-1]
    read, write = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "shopfloor.serving", "--workspace", str(product.workspace)),
            *("--port", "0", "--ready-fd", str(write)),
        ],
        pass_fds=(write,),
        env=product.environment,
    )
    os.close(write)
    try:
        assert select.select([read], [], [], 30)[0], "the server did not start"
        url = json.loads(os.read(read, 4096))["url"]
        yield url, token
    finally:
        process.terminate()
        process.wait(30)
        os.close(read)
