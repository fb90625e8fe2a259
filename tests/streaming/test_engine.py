"""Rows posted to a real engine over its real socket: safe when answered, once when repeated."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.soak import times
from tests.streaming.posting import account, lines, numbers, post, rows, send, stream
from tests.waiting import let_pass

from shopfloor.client.connection import EngineClient
from shopfloor.client.rows import append
from shopfloor.client.setup import config_set
from shopfloor.client.start import connect
from shopfloor.domain.contract import Mode
from shopfloor.domain.errors import BusyError, RefusedError, ShopfloorError, UnreachableError, UsageError
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetShow, DatasetVersions
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.workspace import Doctor, LineageShow
from shopfloor.domain.wire import KEY_HEADER, rows_path
from shopfloor.workspace.layout import Layout


def test_posted_rows_become_a_version_with_lineage(shop: Shop) -> None:
    first = post(shop, lines(1, 2, 3), "one")
    assert (first.accepted, first.position, first.duplicate) == (3, 3, False)
    assert stream(shop).open_rows == 3
    shop.settle()
    assert numbers(shop) == Counter([1, 2, 3])
    [file] = shop.client.ask(FileList(dataset="d")).rows
    assert file.path.startswith("stream/d/")
    assert (file.state, file.rows, file.version) == (FileState.COMMITTED, 3, 1)
    graph = shop.client.ask(LineageShow(ref="d@1"))
    assert any(file.id in node.ref for node in graph.nodes), graph
    assert stream(shop).open_rows == 0
    assert not list((Layout(shop.root).streams / "d").glob("*.jsonl"))
    assert list((shop.root / "archive" / "data" / "d").rglob("*.jsonl"))


def test_posted_texts_are_read_in_the_formats_that_a_file_pinned(shop: Shop) -> None:
    shop.write("inbox/d", "first.csv", 'n;at;price\n1;31/12/2026;"1.234,50"\n2;01/02/2027;"8,5"\n')
    shop.settle()
    sent: list[dict[str, object]] = [
        {"n": 3, "at": "03/04/2027", "price": "1.000.000,5"},
        {"n": 4, "at": "2027-04-03", "price": 8.125},
    ]
    sent += [{"n": 5, "at": "NA", "price": "-"}, {"n": 6, "at": "31/12/2026", "price": "8.000"}]
    receipt = append(shop.client, "d", [json.dumps(row).encode() + b"\n" for row in sent])
    assert (receipt.accepted, receipt.rejected) == (3, 1)
    assert (
        receipt.rejects[0].message == '"8.000" is not a valid number as 1.234,56: it can be read as 8000 and as 8.000.'
    )
    shop.settle()
    day = datetime(2027, 4, 3)  # noqa: DTZ001  (stored in UTC, without a zone)
    found = [(row["n"], row["at"], row["price"]) for row in rows(shop, "d", ["n", "at", "price"])]
    assert sorted(found)[2:] == [(3, day, 1000000.5), (4, day, 8.125), (5, None, None)]


def test_the_same_rows_under_another_key_are_other_rows(shop: Shop) -> None:
    for key in ("one", "two"):
        post(shop, lines(7), key)
        shop.settle()
    assert numbers(shop) == Counter({7: 2})
    shop.write("inbox/d", "dropped.jsonl", lines(7))
    shop.settle()
    assert numbers(shop) == Counter({7: 3}), "a dropped file is no duplicate of streamed rows"


def test_the_same_key_gives_the_same_answer_also_after_kills(shop: Shop) -> None:
    first = post(shop, lines(1, 2), "one")
    again = post(shop, lines(1, 2), "one")
    assert again.duplicate
    shop.kill()
    shop.start()
    after = post(shop, lines(1, 2), "one")
    shop.settle()
    shop.kill()
    shop.start()
    rolled = post(shop, lines(1, 2), "one")
    assert again == after == rolled
    assert (again.accepted, again.position) == (first.accepted, first.position)
    shop.settle()
    assert numbers(shop) == Counter([1, 2])
    with pytest.raises(RefusedError, match="used for other rows"):
        post(shop, lines(3), "one")


def test_segments_roll_by_rows_and_by_time(shop: Shop) -> None:
    config_set(shop.root, "stream.roll_rows", "100")
    config_set(shop.root, "stream.idle_seconds", "0.3")
    shop.look()
    post(shop, lines(*range(150)), "full")
    shop.until(lambda: shop.client.ask(DatasetShow(name="d")).rows == 150)
    post(shop, lines(1), "idle")
    shop.until(lambda: shop.client.ask(DatasetShow(name="d")).rows == 151)


def test_stopping_hands_over_what_is_open(shop: Shop) -> None:
    post(shop, lines(1, 2, 3), "one")
    shop.close()
    assert not list((Layout(shop.root).streams / "d").glob("0*.log"))
    shop.start()
    shop.settle()
    assert numbers(shop) == Counter([1, 2, 3])


def test_errors_say_what_and_where(shop: Shop) -> None:
    send(shop, 1)
    shop.settle()
    with pytest.raises(UsageError, match=r"Line 2 is not a row: an array"):
        post(shop, lines(2) + b"[1]\n", "array")
    with pytest.raises(UsageError, match="Line 3"):
        post(shop, lines(2, 3) + b'{"n":', "cut")
    with pytest.raises(UsageError, match="needs a key"):
        post(shop, lines(2), "")
    with pytest.raises(UsageError, match="not usable"):
        post(shop, lines(2), "k", dataset="UPPER")
    with pytest.raises(UsageError, match="may have 8 MB"):
        post(shop, b" " * (9 << 20), "large")
    mixed = append(shop.client, "d", [lines(5), b'{"n":"many"}\n', lines(6)])
    assert (mixed.accepted, mixed.rejected) == (2, 1)
    assert (mixed.rejects[0].line, mixed.rejects[0].column) == (2, "n")
    assert mixed.rejects[0].message == '"many" is not a valid integer.'
    shop.settle()
    assert numbers(shop) == Counter([1, 5, 6])


def test_a_chunked_body_is_bounded_too(shop: Shop) -> None:
    connection = http.client.HTTPConnection("shopfloor")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(Layout(shop.root).socket))
    try:
        connection.request(
            "POST", rows_path("d"), iter([lines(1) * 100_000] * 20), {KEY_HEADER: "k"}, encode_chunked=True
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the engine hung up before the end of the body
    finally:
        connection.close()
    assert shop.status().files.seen == 0


def test_a_snapshot_takes_no_rows(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="d", mode=Mode.SNAPSHOT))
    with pytest.raises(RefusedError, match="snapshot"):
        post(shop, lines(1), "one")


def test_a_backlog_asks_to_come_back(shop: Shop) -> None:
    config_set(shop.root, "stream.backlog_mb", "0.001")
    shop.look()
    with pytest.raises(BusyError, match="are waiting to be ingested") as caught:
        _flood(shop)
    assert caught.value.retry_after >= 1
    shop.settle()
    assert post(shop, lines(1), "later").accepted == 1


def test_a_disk_without_room_takes_no_rows(shop: Shop) -> None:
    config_set(shop.root, "intake.reserve_mb", "900000000")
    shop.look()
    with pytest.raises(BusyError, match="too little free space"):
        post(shop, lines(1), "one")


def test_many_senders_share_syncs_and_nothing_is_mixed(shop: Shop) -> None:
    def work(sender: int) -> None:
        client = EngineClient(shop.root, Layout(shop.root).socket)
        for turn in range(20):
            append(client, "d", [lines(n) for n in range(1000 * sender + 10 * turn, 1000 * sender + 10 * turn + 10)])
        client.close()

    threads = [threading.Thread(target=work, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream(shop).position == 1600
    shop.settle()
    assert numbers(shop) == Counter(1000 * sender + n for sender in range(8) for n in range(200))


def test_upsert_takes_the_newest_row_of_a_key(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="d", mode=Mode.UPSERT, key=("n",)))
    post(shop, lines(1, 2), "one")
    post(shop, b'{"n":1,"t":"newer"}\n{"t":"no key"}\n', "two")
    shop.settle()
    assert numbers(shop) == Counter([1, 2])
    assert numbers(shop, column="t")["newer"] == 1


def test_a_quarantined_segment_is_work_like_any_file(shop: Shop) -> None:
    send(shop, 1)
    shop.settle()
    path = Layout(shop.root).contract("d")
    path.write_text(path.read_text().replace('n = "integer"', 'n = {type = "integer", max = 10}'))
    post(shop, lines(5, 99), "one")
    shop.settle()
    held = account(shop)
    assert (held[FileState.COMMITTED], held[FileState.QUARANTINED]) == (1, 1)
    [file] = shop.client.ask(FileList(dataset="d", state="quarantined")).rows
    assert file.reason is not None
    standing = stream(shop)
    assert (standing.position, standing.part_rows, standing.version) == (3, 1, 1)
    assert f"delivered as {file.id}" in standing.problem or f"Its delivery {file.id} is quarantined" in standing.problem
    assert file.id in standing.hint
    [finding] = [one for one in shop.client.ask(Doctor()).findings if one.check == "streams"]
    assert not finding.ok
    assert standing.problem in finding.detail
    from shopfloor.domain.requests.files import FileAccept

    shop.client.ask(FileAccept(id=file.id))
    shop.settle()
    assert numbers(shop) == Counter([1, 5, 99])
    assert stream(shop).problem == ""


@pytest.mark.soak
def test_random_kills_in_the_middle_of_posts(shop: Shop) -> None:
    """Each acknowledged row exactly once; an unacknowledged post repeated with its key exactly once."""
    config_set(shop.root, "stream.roll_rows", "60")
    config_set(shop.root, "stream.age_seconds", "0.4")
    done: list[int] = []
    over = threading.Event()

    def work(sender: int) -> None:
        client = connect(shop.root)
        for turn in range(times(400, 4000)):
            if over.is_set():
                break
            batch = [100_000 * sender + 5 * turn + n for n in range(5)]
            append(client, "d", [lines(n) for n in batch])
            done.extend(batch)
        client.close()

    threads = [threading.Thread(target=work, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    chance = random.Random(7)
    for _ in range(times(5, 200)):
        let_pass(chance.uniform(0.05, 0.9), "the engine dies at any moment")
        _kill_owner(shop)
    over.set()
    for thread in threads:
        thread.join()
    shop.start()
    shop.settle()
    assert numbers(shop) == Counter(done)
    held = account(shop)
    assert held[FileState.COMMITTED] >= 1
    assert sum(held.values()) == held[FileState.COMMITTED]
    assert stream(shop).position == len(done)


@pytest.mark.parametrize(
    "step",
    ["stream.lines", "stream.keys", "stream.unlink", "stream.deliver", "stream.delivered", "stream.deliver:2"],
)
def test_a_kill_at_each_step_of_rolling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
    shop = Shop(tmp_path / "shop")
    try:
        post(shop, lines(1, 2, 3), "one")
        monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
        try:
            shop.settle(15)
        except (UnreachableError, AssertionError):
            pass
        shop.start()
        assert post(shop, lines(1, 2, 3), "one").duplicate
        post(shop, lines(4), "two")
        shop.settle()
        assert numbers(shop) == Counter([1, 2, 3, 4])
        assert not list((Layout(shop.root).streams / "d").glob("*.jsonl"))
    finally:
        shop.close()


def test_versions_of_a_fast_stream_are_few(shop: Shop) -> None:
    config_set(shop.root, "stream.roll_rows", "20")
    shop.look()
    for start in range(0, 2000, 20):
        post(shop, lines(*range(start, start + 20)), f"k{start}")
    shop.settle()
    assert numbers(shop) == Counter(range(2000))
    assert len(shop.client.ask(DatasetVersions(name="d")).rows) < 60


def test_the_command_line_sends_files_and_pipes(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(lines(*range(12_000)))
    sent = _cli(shop, "dataset", "append", "d", str(file), "--key", "nightly")
    assert (sent.returncode, sent.stderr) == (0, "12,000 rows are in d.\n"), sent
    again = _cli(shop, "dataset", "append", "d", str(file), "--key", "nightly")
    assert "3 posts had been added before" in again.stderr
    piped = _cli(shop, "dataset", "append", "d", "--json", stdin='{"n":-1,"t":"x"}')
    assert '"accepted":1' in piped.stdout.replace(" ", ""), piped
    assert _cli(shop, "wait", "--timeout", "60").returncode == 0
    assert numbers(shop) == Counter(range(-1, 12_000))
    bad = _cli(shop, "dataset", "append", "d", stdin='{"n":"x"}\n')
    assert bad.returncode == 1
    assert "line 1, n:" in bad.stderr
    assert "d" in _cli(shop, "dataset", "streams").stdout


def test_the_sdk_appends_what_notebooks_have(shop: Shop) -> None:
    import pandas as pd
    import pyarrow as pa

    import shopfloor

    with shopfloor.open(shop.root) as factory:
        assert factory.append("d", [{"n": 1, "at": pd.Timestamp("2026-01-02").to_pydatetime()}]).accepted == 1
        factory.append("d", pd.DataFrame({"n": [2, 3], "at": pd.to_datetime(["2026-01-01", None])}))
        factory.append("d", pa.table({"n": [4, None], "at": pa.array([None, None], pa.timestamp("us"))}), key="mine")
        factory.append("d", pa.table({"n": [4, None], "at": pa.array([None, None], pa.timestamp("us"))}), key="mine")
        shop.settle()
        dataset = factory.dataset("d")
        dataset.append([{"n": 2**62}])
        shop.settle()
        frame = factory.dataset("d").frame()
        with pytest.raises(ShopfloorError, match="mapping of column to value"):
            factory.append("d", [1, 2])  # type: ignore[list-item]
    assert frame["n"].tolist()[:4] == [1, 2, 3, 4]
    assert frame["n"].iloc[-1] == 2**62
    assert frame["at"].iloc[0] == pd.Timestamp("2026-01-02")
    assert len(dataset) == 5


def _flood(shop: Shop) -> None:
    for number in itertools.count():
        post(shop, lines(*range(20)), f"k{number}")


def _kill_owner(shop: Shop) -> None:
    try:
        pid = int(Layout(shop.root).lock.read_text().split('"pid": ')[1].split(",")[0])
        os.kill(pid, signal.SIGKILL)
    except (IndexError, ValueError, ProcessLookupError):
        return  # starting


def _cli(shop: Shop, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shopfloor", "-w", str(shop.root), *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=90, check=False)
