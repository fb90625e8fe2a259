"""`--json`: one document, with the keys of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.cli import samples
from tests.cli.recording import RecordingClient

from shopfloor.cli.main import run
from shopfloor.domain.codec import to_plain
from shopfloor.domain.errors import RefusedError

Engine = Callable[..., RecordingClient]

# The table of design.md §7: keys at least.
CONTRACT: list[tuple[list[str], str]] = [
    (["status"], "workspace engine jobs files alerts models datasets factory"),
    (["file", "list"], "id dataset path sha256 bytes rows rejected_rows state reason version seen_at committed_at"),
    (["file", "show", "f3"], "id dataset path sha256 bytes rows rejected_rows state reason version seen_at"),
    (["dataset", "list"], "name mode version rows columns parts bytes files updated_at"),
    (["dataset", "show", "flights"], "name mode version rows columns parts bytes files updated_at"),
    (["dataset", "show", "flights@2"], "dataset version digest rows columns parts files cause created_at"),
    (["dataset", "versions", "flights"], "dataset version digest rows columns parts files cause created_at"),
    (
        ["run", "list"],
        (
            "id model segment dataset dataset_version state trigger params metrics candidates seed started_at"
            " duration_s artifact error"
        ),
    ),
    (["run", "show", "r7"], "id model segment dataset dataset_version state trigger params metrics candidates seed"),
    (
        ["model", "list"],
        (
            "name dataset task metric segments champion challenger previous versions score live_score"
            " open_alerts deployed_at"
        ),
    ),
    (["model", "show", "late-arrival"], "name dataset task metric segments champion challenger previous versions"),
    (["model", "show", "late-arrival@2"], "model version run dataset_version artifact aliases decision created_at"),
    (
        ["model", "versions", "late-arrival"],
        "model version run dataset_version artifact aliases decision created_at",
    ),
    (["model", "history", "late-arrival"], "model alias version previous actor cause reason at"),
    (
        ["alert", "list"],
        "id subject check feature severity state count value limit message opened_at updated_at actions",
    ),
    (["alert", "show", "a2"], "id subject check feature severity state count value limit message opened_at actions"),
    (
        ["job", "list"],
        "id kind subject state attempts progress trigger created_at started_at finished_at error",
    ),
    (["job", "show", "j9"], "id kind subject state attempts progress trigger created_at started_at finished_at error"),
]


@pytest.mark.parametrize(
    ("words", "keys"), CONTRACT, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_keys_of_the_contract(words: list[str], keys: str, engine: Engine, capsysbinary: Any) -> None:
    engine()
    assert run([*words, "--json"]) == 0
    out = capsysbinary.readouterr().out
    assert out.endswith(b"\n")
    assert out.count(b"\n") == 1
    document = json.loads(out)
    rows = document if isinstance(document, list) else [document]
    assert rows
    for row in rows:
        assert set(keys.split()) <= set(row)


def test_nested_keys_of_the_contract(engine: Engine, capsysbinary: Any) -> None:
    engine()
    run(["status", "--json"])
    status = json.loads(capsysbinary.readouterr().out)
    assert {"pid", "epoch", "version", "uptime_s", "watcher"} <= set(status["engine"])
    assert {"lead_time_s", "deployments_30d", "rollback_share", "restore_time_s"} <= set(status["factory"])
    run(["file", "show", "f3", "--json"])
    assert set(json.loads(capsysbinary.readouterr().out)["reason"]) >= {"code", "message", "line", "column"}
    run(["model", "versions", "late-arrival", "--json"])
    decision = json.loads(capsysbinary.readouterr().out)[0]["decision"]
    assert {"outcome", "reason", "checks"} <= set(decision)
    assert {"code", "passed", "value", "limit", "detail"} <= set(decision["checks"][0])


ALL_JSON = [
    *(words for words, _ in CONTRACT),
    ["wait"], ["scan"], ["file", "inspect", "f3"], ["dataset", "contract", "flights"],
    ["dataset", "contract", "flights", "--history"], ["file", "rejects", "f3"],
    ["dataset", "diff", "flights@1"], ["dataset", "profile", "flights"], ["dataset", "preview", "flights"],
    ["dataset", "parts", "flights"], ["model", "definition", "late-arrival"], ["run", "compare", "r7", "r8"],
    ["monitor", "run", "late-arrival"], ["monitor", "backtest", "late-arrival"], ["monitor", "checks", "late-arrival"],
    ["monitor", "fleet"],
    ["value", "late-arrival"], ["job", "log", "j9"], ["events"], ["events", "--after", "0"], ["lineage", "r7"],
    ["sql", "SELECT 1"], ["doctor"], ["backup"], ["gc", "--dry-run"], ["model", "promote", "late-arrival"],
    ["config", "get"], ["config", "validate"], ["token", "list"],
]  # fmt: skip


@pytest.mark.parametrize("words", ALL_JSON, ids=" ".join)
def test_every_answer_is_one_json_document(words: list[str], engine: Engine, capsysbinary: Any) -> None:
    engine()
    assert run([*words, "--json"]) in (0, 1)
    json.loads(capsysbinary.readouterr().out)


def test_json_is_the_record_and_nothing_else(engine: Engine, capsysbinary: Any) -> None:
    engine()
    run(["run", "show", "r7", "--json"])
    assert json.loads(capsysbinary.readouterr().out) == json.loads(msgspec.json.encode(to_plain(samples.RUN)))


def test_an_empty_list_is_an_empty_array_and_says_why_on_stderr(engine: Engine, capsys: Any) -> None:
    engine({"model.list": ()})
    assert run(["model", "list", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    assert run(["model", "list"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "shopfloor model define" in shown.err


def test_a_dataset_without_files_is_not_said_to_be_a_workspace_without_files(engine: Engine, capsys: Any) -> None:
    engine({"file.list": ()})
    assert run(["file", "list", "--dataset", "sales"]) == 0
    assert "No file has been delivered to sales yet." in capsys.readouterr().err


def test_hostile_text_stays_the_same_document_but_reaches_no_terminal_raw(engine: Engine, capsysbinary: Any) -> None:
    text = samples.HOSTILE.replace("\udc80", "\U000e0041")
    engine({"alert.list": (samples.hostile(samples.ALERT, text),)})
    run(["alert", "list", "--json"])
    out = capsysbinary.readouterr().out.decode()
    assert all(char.isprintable() or char == "\n" for char in out)
    assert json.loads(out)[0]["message"] == text


def test_errors_are_json_too(engine: Engine, capsys: Any) -> None:
    engine({"model.promote": RefusedError("The gate says no.", hint="Give a --reason.", code="gate")})
    assert run(["model", "promote", "churn@3", "--json"]) == 5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err) == {
        "error": {"code": "gate", "message": "The gate says no.", "hint": "Give a --reason."}
    }


def test_an_error_with_a_hostile_message_is_still_json(engine: Engine, capsys: Any) -> None:
    engine({"model.promote": RefusedError("no\x9b2J\u202e")})
    run(["model", "promote", "churn@3", "--json"])
    said = capsys.readouterr().err
    assert said.isascii()
    assert json.loads(said)["error"]["message"] == "no\x9b2J\u202e"


def test_a_cut_list_says_so(workspace: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from shopfloor.domain.page import Page

    class Cut(RecordingClient):
        def ask(self, request: Any, *, timeout: float = 30.0) -> Any:
            return Page(rows=(samples.RUN,), total=340, offset=10)

    monkeypatch.setattr("shopfloor.client.start.connect", lambda root, start=True: Cut(workspace))
    assert run(["run", "list"]) == 0
    assert "1 of 340" in capsys.readouterr().err
