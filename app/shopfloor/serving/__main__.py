"""`python -m shopfloor.serving --workspace DIR`: the REST endpoint of a workspace."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from shopfloor.domain.errors import ExitCode, ShopfloorError, UsageError

# Before scikit-learn is loaded: threads of one small prediction cost more than they give.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        _serve(given)
    except ShopfloorError as error:
        sys.stderr.write(f"shopfloor: {error}\n")
        return int(error.exit_code)
    return int(ExitCode.OK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shopfloor.serving", description=__doc__)
    parser.add_argument("--workspace", required=True, type=Path, help="the workspace's directory")
    parser.add_argument("--host", help="address to listen on (default: serving.host)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for a free one (default: serving.port)")
    parser.add_argument("--allow-host", action="append", default=[], help="a further name this server is called by")
    parser.add_argument("--durability", choices=("batch", "strict"), help="when a prediction counts as logged")
    parser.add_argument("--ready-fd", type=int, help="descriptor that gets one JSON line when serving")
    return parser


def _serve(given: argparse.Namespace) -> None:
    from shopfloor.workspace.layout import Layout
    from shopfloor.workspace.settings import is_workspace, load_settings

    if not is_workspace(given.workspace):
        raise UsageError(f"{given.workspace} is no workspace.", hint="Make one with `shopfloor init DIR`.")
    settings = load_settings(Layout(given.workspace)).serving
    # scikit-learn takes seconds to load: a mistake above is reported at once.
    from shopfloor.serving.durable_log import Durability
    from shopfloor.serving.server import ServeOptions, serve

    options = ServeOptions(
        workspace=str(given.workspace),
        host=given.host or settings.host,
        port=settings.port if given.port is None else given.port,
        allow_hosts=tuple(given.allow_host),
        loaded_models=settings.loaded_models,
        durability=Durability(given.durability or settings.durability),
    )
    serve(options, lambda port: _ready(options.host, port, given.ready_fd))


def _ready(host: str, port: int, descriptor: int | None) -> None:
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{port}"
    if descriptor is None:
        sys.stderr.write(f"Serving on {url}\n")
        return
    with os.fdopen(descriptor, "w") as pipe:
        pipe.write(json.dumps({"host": host, "port": port, "url": url, "pid": os.getpid()}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
