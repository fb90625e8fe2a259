"""The REST face: its process and its tokens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shopfloor.domain.clock import SystemClock
from shopfloor.serving import tokens
from shopfloor.serving.tokens import Token
from shopfloor.workspace.layout import Layout


def run_server(workspace: Path, host: str, port: int) -> int:
    """Serve predictions over TCP until interrupted; the server's exit code."""
    Layout(workspace).create()
    command = [sys.executable, "-m", "shopfloor.serving", "--workspace", str(workspace), "--host", host]
    process = subprocess.Popen([*command, "--port", str(port)])
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()


def token_create(workspace: Path, name: str) -> str:
    """A new bearer token, shown only now."""
    layout = Layout(workspace)
    layout.create()
    return tokens.create(name, layout.tokens, SystemClock().now())


def token_list(workspace: Path) -> tuple[Token, ...]:
    """All tokens, without their secrets."""
    return tokens.list_tokens(Layout(workspace).tokens)


def token_revoke(workspace: Path, name: str) -> None:
    """Make a token worthless."""
    tokens.revoke(name, Layout(workspace).tokens, SystemClock().now())
