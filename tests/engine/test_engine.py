"""The engine as its clients see it: one owner, nothing lost, nothing twice, clear words."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.harness import Shop
from tests.engine.waiting_recipe import WAITING, write_waiting_recipe
from tests.soak import times
from tests.waiting import let_pass, until

from shopfloor.client.connection import EngineClient
from shopfloor.client.start import connect, engine_running
from shopfloor.domain.contract import Mode
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.errors import NotFoundError, ShopfloorError, UnreachableError, UsageError
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetList, DatasetRollback, DatasetShow, DatasetVersions
from shopfloor.domain.requests.files import FileDiscard, FileList, FileShow
from shopfloor.domain.requests.jobs import EventList, JobCancel, JobList
from shopfloor.domain.requests.models import ModelDefine, ModelExport, ModelImport, ModelShow, ModelTrain
from shopfloor.domain.requests.runs import RunList
from shopfloor.workspace.layout import Layout


def rows(first: int, count: int) -> str:
    """A small classification table: `y` follows `x` with noise that repeats."""
    lines = ["id,x,z,kind,y"]
    lines += [
        f"c{n},{(n * 37) % 101},{(n * 53) % 97},{'abc'[n % 3]},"
        f"{'yes' if ((n * 37) % 101 + (n * 53) % 29) > 62 else 'no'}"
        for n in range(first, first + count)
    ]
    return "\n".join(lines) + "\n"


def define(shop: Shop, name: str = "m", dataset: str = "d", **training: object) -> None:
    definition = ModelDefinition(name=name, dataset=dataset, target="y", id="id", training=Training(**training))  # type: ignore[arg-type]
    shop.client.ask(ModelDefine(definition=definition))


def training(shop: Shop) -> JobRecord:
    """The training under way, as soon as it has a worker."""

    def started() -> bool:
        return any(job.pid for job in shop.client.ask(JobList(kind="train", state="running")).rows)

    shop.until(started)
    [job] = shop.client.ask(JobList(kind="train", state="running")).rows
    return job


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An engine for tests that leave it as it is and have names of their own."""
    made = Shop(tmp_path_factory.mktemp("common") / "shop")
    yield made
    made.close()


def test_eight_clients_at_once_start_one_engine(tmp_path: Path) -> None:
    from shopfloor.client.setup import init_workspace

    root = init_workspace(tmp_path / "w")
    code = (
        "import sys, pathlib; from shopfloor.client.start import connect; "
        "from shopfloor.domain.requests.workspace import StatusShow; "
        "print(connect(pathlib.Path(sys.argv[1])).ask(StatusShow()).engine.pid)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    pids = {racer.communicate(timeout=60)[0].strip() for racer in racers}
    assert len(pids) == 1, pids
    os.kill(int(pids.pop()), signal.SIGTERM)
    until(lambda: not engine_running(root))
    assert not Layout(root).socket.exists()


def test_a_second_engine_is_refused_by_name(shop: Shop) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "shopfloor.engine", "--workspace", str(shop.root)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 5
    assert f"Another engine owns this workspace (process {shop.pid()})." in second.stderr
    assert "Traceback" not in second.stderr


def test_a_metric_must_fit_what_the_target_can_be(common: Shop) -> None:
    common.write(
        "inbox/measured", "one.csv", "id,y\n" + "".join(f"{n},{'yes' if n % 2 else 'no'}\n" for n in range(60))
    )
    common.settle()
    with pytest.raises(UsageError, match="does not fit a binary or multiclass target"):
        define(common, "measured", "measured", metric="r2")
    assert not (common.root / "models" / "measured.toml").exists()


def test_the_positive_class_is_one_of_the_targets(common: Shop) -> None:
    order = ModelDefine(
        definition=ModelDefinition(name="early", dataset="classes", target="y", positive="maybe"), train=False
    )
    (common.root / "inbox" / "classes").mkdir(parents=True)
    common.client.ask(order)  # nothing is known of the classes yet
    lines = (f"{n},{'yes' if n % 2 else 'no'},{n % 2},{'true' if n % 2 else 'false'}\n" for n in range(60))
    common.write("inbox/classes", "one.csv", "id,y,n,b\n" + "".join(lines))
    common.settle()
    for target, positive in (("y", "maybe"), ("n", "2"), ("b", "yes")):
        wrong = ModelDefinition(name="late", dataset="classes", target=target, positive=positive)
        with pytest.raises(UsageError, match=f"has no class '{positive}'") as caught:
            common.client.ask(ModelDefine(definition=wrong, train=False))
        assert caught.value.hint
    assert not (common.root / "models" / "late.toml").exists()
    for target, positive in (("y", "yes"), ("n", "1"), ("b", "true")):
        right = ModelDefinition(name="late", dataset="classes", target=target, positive=positive)
        assert common.client.ask(ModelDefine(definition=right, train=False)).positive == positive


def test_the_whole_line_from_a_dropped_file(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", rows(0, 900))
    shop.settle()
    dataset = shop.client.ask(DatasetShow(name="d"))
    assert (dataset.version, dataset.rows) == (1, 900)
    define(shop)
    shop.settle()
    model = shop.client.ask(ModelShow(name="m"))
    assert model.champion == 1, shop.events("run") + shop.events("release")
    shop.write("inbox/d", "two.csv", rows(900, 300))
    shop.settle()
    assert shop.client.ask(DatasetShow(name="d")).rows == 1200
    versions = shop.client.ask(ModelShow(name="m")).versions
    decisions = shop.events("release.")
    assert len(decisions) == versions == 2
    status = shop.status()
    assert status.files.seen == status.files.committed == 2
    assert (shop.root / "inbox" / "d").exists()
    assert not list((shop.root / "inbox" / "d").glob("*.csv")), "originals are archived"
    assert status.factory.lead_time_s is not None


def test_the_same_content_again_is_a_duplicate(shop: Shop) -> None:
    for name in ("a.csv", "a.csv", "renamed.csv"):
        shop.write("inbox/d", name, rows(0, 50))
        shop.settle()
    files = shop.client.ask(FileList(dataset="d")).rows
    assert sorted(file.state for file in files) == [FileState.COMMITTED, FileState.DUPLICATE, FileState.DUPLICATE]
    assert shop.client.ask(DatasetShow(name="d")).version == 1


def test_the_same_rows_in_other_bytes_count(shop: Shop) -> None:
    shop.write("inbox/d", "unix.csv", rows(0, 50))
    shop.settle()
    shop.write("inbox/d", "windows.csv", rows(0, 50).replace("\n", "\r\n"))
    shop.settle()
    dataset = shop.client.ask(DatasetShow(name="d"))
    assert (dataset.version, dataset.rows) == (2, 100), (
        "append keeps what was delivered; only the same bytes are a duplicate"
    )
    shop.client.ask(DatasetRollback(ref="d@1"))
    assert shop.client.ask(DatasetShow(name="d")).rows == 50


def test_files_that_settle_together_become_one_version(shop: Shop) -> None:
    for n in range(25):
        shop.write("inbox/d", f"part-{n:02}.csv", rows(n * 10, 10))
    shop.settle()
    dataset = shop.client.ask(DatasetShow(name="d"))
    assert dataset.rows == 250
    assert dataset.version <= 2, "a burst may straddle one scan, not more"
    assert shop.status().files.committed == 25


@pytest.mark.soak
def test_kill_9_at_any_moment_converges(shop: Shop) -> None:
    kills = times(3, 30)
    shop.write("inbox/d", "0.csv", rows(0, 600))
    shop.settle()
    define(shop, candidates=("linear",))
    shop.settle()
    for number in range(1, kills + 1):
        shop.write("inbox/d", f"{number}.csv", rows(600 * number, 600))
        let_pass(1.1 * (number - 1) / (kills - 1), "another moment of its work each time")
        shop.kill()
        shop.start()
        shop.settle()
    dataset = shop.client.ask(DatasetShow(name="d"))
    assert (dataset.version, dataset.rows) == (kills + 1, 600 * (kills + 1))
    status = shop.status()
    assert status.files.seen == status.files.committed == kills + 1
    assert status.jobs.failed == 0
    runs = shop.client.ask(RunList(model="m")).rows
    assert all(run.state == "succeeded" for run in runs), [(run.id, run.state, run.error) for run in runs]
    assert {run.dataset_version for run in runs} == set(range(1, kills + 2))
    assert shop.client.ask(ModelShow(name="m")).champion is not None
    leftovers = [path.name for path in Layout(shop.root).staging.iterdir()]
    assert leftovers == [], leftovers


def test_a_mutation_is_done_once_however_often_it_is_asked(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", rows(0, 100))
    shop.settle()
    request = DatasetDefine(name="fresh", mode=Mode.SNAPSHOT, op_id="the-same-operation")
    first = shop.client.ask(request)
    seq = shop.status().seq
    assert shop.client.ask(request) == first
    assert shop.status().seq == seq


def test_a_killed_worker_is_retried_and_the_engine_lives_on(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", rows(0, 3000))
    shop.settle()
    go = write_waiting_recipe(shop.root)
    define(shop, candidates=(WAITING,))
    os.kill(training(shop).pid, signal.SIGKILL)
    go.touch()
    shop.settle()
    job = shop.client.ask(JobList(kind="train")).rows[0]
    assert job.state is JobState.SUCCEEDED
    assert job.attempts == 2
    assert shop.client.ask(ModelShow(name="m")).champion == 1
    assert len(shop.client.ask(RunList(model="m")).rows) == 1


def test_a_running_job_can_be_cancelled(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", rows(0, 3000))
    shop.settle()
    go = write_waiting_recipe(shop.root)
    define(shop, candidates=(WAITING,))
    shop.client.ask(JobCancel(id=training(shop).id))
    shop.settle()
    assert shop.client.ask(JobList(kind="train")).rows[0].state is JobState.CANCELLED
    assert shop.client.ask(RunList(model="m")).rows[0].state == "cancelled"
    go.touch()
    shop.client.ask(ModelTrain(name="m"))
    shop.settle()
    assert shop.client.ask(ModelShow(name="m")).champion == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("blank", "\n \n", "blank"),
        ("header", "id,x,y\n", "no rows"),
        ("double", "id,x,x\n1,2,3\n", "twice"),
        ("binary", b"\x00\x01\x02\xff" * 50, ""),
    ],
)
def test_files_that_cannot_be_read_are_quarantined_with_a_reason(
    common: Shop, name: str, content: str | bytes, said: str
) -> None:
    common.write(f"inbox/{name}", "bad.csv", content)
    common.settle()
    file = common.client.ask(FileList(dataset=name)).rows[0]
    assert file.state is FileState.QUARANTINED
    assert file.reason is not None
    assert file.reason.message
    assert file.reason.hint
    kept = [path for path in (common.root / "quarantine" / name).iterdir() if not path.name.endswith(".reason.json")]
    assert kept[0].read_bytes() == (content.encode() if isinstance(content, str) else content)
    common.client.ask(FileDiscard(id=file.id, reason="not wanted"))
    assert common.client.ask(FileShow(id=file.id)).state is FileState.DISCARDED


@pytest.mark.parametrize(
    ("name", "content", "target", "said"),
    [
        ("few", rows(0, 3), "y", "rows"),
        ("alike", "id,x,y\n" + "".join(f"{n},{n},same\n" for n in range(200)), "y", "class"),
        ("whole", rows(0, 200), "nope", "column"),
    ],
)
def test_data_that_cannot_be_learnt_from_says_why(
    common: Shop, name: str, content: str, target: str, said: str
) -> None:
    common.write(f"inbox/{name}", "0.csv", content)
    common.settle()
    definition = ModelDefinition(name=name, dataset=name, target=target)
    if target == "nope":
        with pytest.raises(UsageError, match="no column 'nope'"):
            common.client.ask(ModelDefine(definition=definition))
        return
    common.client.ask(ModelDefine(definition=definition))
    common.settle()
    run = common.client.ask(RunList(model=name)).rows[0]
    assert run.state == "failed"
    assert run.error is not None
    assert said in run.error
    assert "Traceback" not in run.error
    assert common.status().engine.pid


def test_names_that_want_to_act_only_show(common: Shop) -> None:
    names = [
        "[x].csv",
        "[@click=app.quit()]b.csv",
        "\x1b]0;owned\x07.csv",
        "new\nline.csv",
        "\u202egnp.csv",
        "a'b\"c.csv",
    ]
    for number, name in enumerate(names):
        common.write("inbox/acting", name, rows(number * 10, 10))
    common.write("inbox/acting/[", "x].csv", rows(900, 10))  # its path holds `[/x]`, which closes no tag
    common.settle()
    files = common.client.ask(FileList(dataset="acting")).rows
    assert len(files) == len(names) + 1
    assert all(file.state is FileState.COMMITTED for file in files), [(file.path, file.reason) for file in files]
    for file in files:
        assert file.path.isprintable()
    for event in common.events():
        assert event.message.isprintable(), event.message


def test_an_export_of_no_model_says_so(common: Shop, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no model 'nope'"):
        common.client.ask(ModelExport(ref="nope", path=str(tmp_path / "nope.bundle")))


def test_a_file_that_is_no_bundle_is_told_in_a_sentence(common: Shop, tmp_path: Path) -> None:
    (tmp_path / "odd.bundle").write_text("q\n1\n")
    with pytest.raises(ShopfloorError, match=r"odd\.bundle cannot be unpacked as a model bundle\.") as caught:
        common.client.ask(ModelImport(path=str(tmp_path / "odd.bundle")))
    assert "shopfloor model export" in caught.value.hint


def test_a_recipe_that_is_not_there_is_refused_when_it_is_named(common: Shop) -> None:
    common.write("inbox/cooked", "one.csv", "x,y\n1,a\n2,b\n")
    common.settle()
    wanted = ModelDefinition(
        name="cooked", dataset="cooked", target="y", training=Training(candidates=("linear", "recipes/nope.py:build"))
    )
    with pytest.raises(UsageError, match=r"There is no recipe recipes/nope\.py"):
        common.client.ask(ModelDefine(definition=wanted))
    assert not (common.root / "models" / "cooked.toml").exists()


def test_unknown_names_get_the_nearest(common: Shop) -> None:
    common.write("inbox/flights", "0.csv", rows(0, 20))
    common.settle()
    with pytest.raises(NotFoundError) as caught:
        common.client.ask(DatasetVersions(name="flihgts"))
    assert "flights" in caught.value.hint


def test_a_client_of_another_protocol_is_refused(shop: Shop) -> None:
    class Local(http.client.HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(Layout(shop.root).socket))

    connection = Local("x")
    connection.request("POST", "/v1/status", b"{}", {"X-Shopfloor-Protocol": "999"})
    assert connection.getresponse().status == 409


def test_an_event_wakes_the_waiting_client(shop: Shop) -> None:
    seq = shop.status().seq
    found: list[Event] = []

    def wait() -> None:
        client = EngineClient(shop.root, Layout(shop.root).socket)
        found.extend(client.ask(EventList(after=seq, wait_s=100.0), timeout=200).rows)

    thread = threading.Thread(target=wait)
    thread.start()
    let_pass(0.3, "it asks, and waits")
    shop.client.ask(DatasetDefine(name="x"))
    thread.join(timeout=90)  # it does not wait to the end
    assert {event.subject for event in found} == {"x"}


def test_sigterm_parks_a_running_job_for_the_next_engine(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", rows(0, 3000))
    shop.settle()
    define(shop)
    until(lambda: shop.client.ask(JobList(kind="train", state="running")).rows)
    os.kill(shop.pid(), signal.SIGTERM)
    until(lambda: not engine_running(shop.root))
    with pytest.raises(UnreachableError):
        connect(shop.root, start=False)
    shop.start()
    shop.settle()
    assert shop.client.ask(ModelShow(name="m")).champion == 1
    assert shop.client.ask(DatasetList()).total == 1


def test_the_watcher_switched_off_only_means_later(shop: Shop) -> None:
    from shopfloor.client.setup import config_set

    config_set(shop.root, "intake.watch", "false")
    shop.until(lambda: shop.status().engine.watcher.backend == "scan")
    shop.write("inbox/d", "0.csv", rows(0, 20))
    shop.until(lambda: shop.client.ask(DatasetList()).total == 1)
    assert shop.client.ask(DatasetShow(name="d")).rows == 20


def test_a_job_that_runs_too_long_ends_with_a_sentence(shop: Shop) -> None:
    from shopfloor.client.setup import config_set

    shop.write("inbox/d", "0.csv", rows(0, 200))
    shop.settle()
    config_set(shop.root, "engine.job_timeout_minutes", "0.02")
    (shop.root / "recipes").mkdir(exist_ok=True)
    (shop.root / "recipes" / "slow.py").write_text("import time\n\ndef build():\n    time.sleep(60)\n")
    shop.look()
    define(shop, candidates=("recipes/slow.py:build",))
    shop.settle()
    job = shop.client.ask(JobList(kind="train")).rows[0]
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "longer than 0.02 minutes" in job.error
    assert shop.client.ask(RunList(model="m")).rows[0].state == "failed"
