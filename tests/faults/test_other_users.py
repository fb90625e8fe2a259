"""A workspace without a team is its owner's alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from tests.people import People, people

_CONNECT = """
import socket, sys
for path in ("run/engine.sock", "metadata.duckdb", "journal", "objects"):
    try:
        if path.endswith(".sock"):
            socket.socket(socket.AF_UNIX).connect(f"{sys.argv[1]}/.shopfloor/{path}")
        else:
            open(f"{sys.argv[1]}/.shopfloor/{path}", "rb")
    except PermissionError:
        print("refused")
    else:
        print("open", path)
"""


@pytest.fixture(scope="module")
def alone() -> Iterator[People]:
    """Ann's workspace and its engine; nobody shares it."""
    for made in people():
        made.ann.root.mkdir()
        os.chown(made.ann.root, made.ann.uid, made.ann.gid)
        made.ann.shopfloor("init", str(made.ann.root))
        made.ann.shopfloor("config", "set", "engine.workers", "1")
        made.ann.shopfloor("up")
        try:
            yield made
        finally:
            made.ann.shopfloor("down", expect=None)


def test_another_user_reaches_neither_the_socket_nor_the_store(alone: People) -> None:
    for person in (alone.bob, alone.carol):
        assert person.python(_CONNECT).stdout.split() == ["refused"] * 4
        for words in (["status"], ["up"], ["down"], ["dataset", "list"], ["wait"]):
            told = person.shopfloor(*words, expect=None)
            assert told.returncode != 0
            assert alone.ann.name in told.stderr, told.stderr
    assert alone.ann.json("status")["engine"]["pid"]


def test_a_second_engine_is_refused_in_words_whoever_starts_it(alone: People) -> None:
    pid = alone.ann.json("status")["engine"]["pid"]
    for person, words in ((alone.ann, "Another engine owns this workspace"), (alone.bob, alone.bob.name)):
        tried = person.run(sys.executable, "-m", "shopfloor.engine", "--workspace", str(person.root), expect=None)
        assert tried.returncode != 0
        assert words in tried.stderr, tried.stderr
    assert alone.ann.json("status")["engine"]["pid"] == pid
