"""The REST face: its process and its tokens."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from shopfloor.domain.clock import SystemClock
from shopfloor.serving import tokens
from shopfloor.serving.tokens import Token
from shopfloor.workspace.accounts import check_owner
from shopfloor.workspace.layout import Layout

_TOKENS = "see and change its tokens"


def become_server(workspace: Path, host: str, port: int, names: Sequence[str] = ()) -> NoReturn:
    """Serve over TCP until a signal: this process becomes the server. `names` are hosts that callers may ask for.

    A child would outlive a caller that is stopped (systemd, `kill`, a script), and go on
    listening with nobody left who knows of it.
    """
    check_owner(workspace, "serve its models")
    Layout(workspace).create()
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", "shopfloor.serving", "--workspace", str(workspace), "--host", host]
    allowed = [word for name in names for word in ("--allow-host", name)]
    os.execv(sys.executable, [*command, "--port", str(port), *allowed])


def token_create(workspace: Path, name: str, *, predict: bool = True, append: Sequence[str] = ()) -> str:
    """A new bearer token, shown only now. Its holder may `predict`, and add rows to the datasets `append`."""
    check_owner(workspace, _TOKENS)
    layout = Layout(workspace)
    layout.create()
    return tokens.create(name, layout.tokens, SystemClock().now(), predict=predict, append=append)


def token_list(workspace: Path) -> tuple[Token, ...]:
    """All tokens, without their secrets."""
    check_owner(workspace, _TOKENS)
    return tokens.list_tokens(Layout(workspace).tokens)


def token_revoke(workspace: Path, name: str) -> None:
    """Make a token worthless."""
    check_owner(workspace, _TOKENS)
    tokens.revoke(name, Layout(workspace).tokens, SystemClock().now())
