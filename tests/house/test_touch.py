"""How little an addition touches: each kind in the files that the table of CONTRIBUTING.md names, seen working.

A toy of each kind is added to one copy of the product, each noting what it touches, and every test uses one as a user
would, in one workspace: engines and commands that load the copy take the most of the time.
"""

from __future__ import annotations

import ast
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.house.extension import ROOT, Extended
from tests.house.screen import screen
from tests.house.serving import served


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extended]:
    """The product with all additions, and a workspace with a model that learned from `rows`."""
    extended = Extended(tmp_path_factory.mktemp("product"))
    for name, add in ADDITIONS.items():
        with extended.adding(name):
            add(extended)
    learn(extended)
    yield extended
    extended.close()


def rows(count: int, first: int = 0) -> str:
    """A table with a target that its two inputs tell; ids count up from `first`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "size", "kind", "late"])
    for number in range(first, first + count):
        size = number * 37 % 100
        kind = "abc"[number % 3]
        writer.writerow([number, size, kind, int(size + 10 * (kind == "a") > 55)])
    return text.getvalue()


def deliver(product: Extended, text: str, dataset: str = "t") -> None:
    """The table as a file of `dataset`, and all that follows from it."""
    table = product.workspace.parent / "t.csv"
    table.write_text(text)
    product.run("add", str(table), "--dataset", dataset)
    product.run("wait", "--timeout", "90")


def learn(product: Extended) -> None:
    """A workspace with a trained, released model of `rows`, by the candidate and the metric that were added."""
    product.open()
    deliver(product, rows(600))
    product.run(
        *("model", "define", "late", "--dataset", "t", "--target", "late", "--id", "id", "--release", "auto"),
        *("--known-before", "size"),  # which alone nearly tells the target
        *("--candidates", "naive", "--metric", "caught"),
    )
    product.run("wait", "--timeout", "90")


CANDIDATE = '''
"""The majority of each kind."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.naive_bayes import GaussianNB

from shopfloor.training.candidates.candidate import Fit, FitJob, encode, finished


class Naive:
    name = "naive"

    def fit(self, job: FitJob) -> Fit:
        encoder, encoded, seconds = encode(job, "dense")
        started = time.perf_counter()
        estimator = GaussianNB().fit(encoded, job.values)
        return finished(job, encoder, estimator, {}, seconds, started)

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        return {}


CANDIDATE = Naive()
'''


def add_candidate(product: Extended) -> None:
    product.add("training/candidates/naive.py", CANDIDATE)


def test_a_candidate_is_one_file(product: Extended) -> None:
    run = product.ask("run", "list")[0]
    assert {candidate["name"] for candidate in run["candidates"]} == {"naive", "dummy"}
    assert product.touched["candidate"] == {"training/candidates/naive.py"}


PROTOCOL = '''
"""One row of comma-separated values, answered by one word."""

from __future__ import annotations

from typing import Any

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.serving.deployment import Deployment
from shopfloor.serving.protocols.protocol import Predicted


class Word:
    path = "/word/{model:path}"
    accepts = frozenset({"text/plain"})
    media_type = "text/plain"

    def rows(self, body: bytes, limit: int) -> list[Any]:
        size, kind = body.decode().split(",")
        return [{"size": int(size), "kind": kind}]

    def answer(self, predicted: Predicted) -> bytes:
        return str(predicted.predictions[0].prediction).encode()

    def operation(self, deployment: Deployment, manifest: ArtifactManifest) -> dict[str, Any]:
        return {"requestBody": {"content": {"text/plain": {}}}, "schema": {"type": "string"}}


PROTOCOL = Word()
'''


def add_protocol(product: Extended) -> None:
    product.add("serving/protocols/word.py", PROTOCOL)


def test_a_serving_protocol_is_one_file(product: Extended) -> None:
    with served(product) as (url, token):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
        answers = [httpx.post(f"{url}/word/late", content=body, headers=headers).text for body in (b"99,b", b"1,b")]
        document = httpx.get(f"{url}/openapi.json", headers=headers).json()
    assert answers == ["1", "0"]
    assert "/word/late" in document["paths"]
    assert product.touched["protocol"] == {"serving/protocols/word.py"}


PANE = '''
"""Pane 7: every file that was delivered."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.actions.panes import Scope
from shopfloor.domain.requests.files import FileList
from shopfloor.tui.screens.pane import Listing, Pane
from shopfloor.tui.views import deliveries
from shopfloor.tui.widgets.columns import TableColumn


class DeliveriesPane(Pane):
    """All files, whatever became of them."""

    scope = Scope.DELIVERIES
    nouns = frozenset({"file"})
    title_words: ClassVar[tuple[str, ...]] = ("Deliveries",)
    table_columns: ClassVar[tuple[TableColumn, ...]] = deliveries.COLUMNS
    empty_text = "No file has been delivered yet."

    async def load(self) -> Listing:
        page = await self.shop.client.ask(FileList())
        return Listing([deliveries.row(one) for one in page.rows], {one.id: one for one in page.rows}, page.total)
'''

VIEW = '''
"""Deliveries on screen."""

from __future__ import annotations

from shopfloor.domain.file import FileRecord
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.rows import Row

COLUMNS = (TableColumn("path", "PATH", ratio=1, min=24), TableColumn("state", "BECAME", width=12))


def row(file: FileRecord) -> Row:
    """One line of the list."""
    return Row(file.id, (f"toy row of {file.dataset}", file.state.value))
'''


def add_screen(product: Extended) -> None:
    product.add("tui/screens/deliveries.py", PANE)
    product.add("tui/views/deliveries.py", VIEW)
    line = 'DELIVERIES = "deliveries", PaneSpec("7", "Deliveries", "delivered files", words=("arrived",))'
    product.edit("actions/panes.py", "    GLOBAL =", f"    {line}\n    GLOBAL =")


def test_a_screen_is_its_screen_its_view_and_one_line(product: Extended) -> None:
    with screen(product) as terminal:
        terminal.until(b"[0 HOME")
        terminal.press(b"7")
        terminal.until(b"toy row of t")
        terminal.until(b"7 DELIVERIES")  # in the header, where a pane that is not shown may have its digit alone
        terminal.press(b"?")
        terminal.until(b"Show delivered files.")
        terminal.press(b"\x1b")
        terminal.quiet()  # keys that follow an escape at once are part of it
        terminal.seen = b""
        terminal.press(b"0")
        terminal.until(b"[0 HOME")
        terminal.seen = b""
        terminal.press(b":arrived\r")
        terminal.until(b"toy row of t")
    assert product.touched["screen"] == {
        "actions/panes.py",
        "tui/screens/deliveries.py",
        "tui/views/deliveries.py",
    }


FORMAT = '''
"""Lines of key=value pairs."""

from __future__ import annotations

import json

from shopfloor.formats.file_format import PreparedFile, Source
from shopfloor.formats.json_lines import JsonLinesFormat
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import wrong_format
from shopfloor.formats.reasons.rows import ragged_row


class KeyValueFormat(JsonLinesFormat):
    label = "key=value lines"

    def check(self, head: bytes) -> None:
        super().check(head)
        if b"=" not in head:
            raise BadFile(wrong_format(self.label, "no pair"))

    def open(self, source: Source) -> PreparedFile:
        rows = []
        for number, line in enumerate(source.path.read_text().splitlines(), 1):
            pairs = [word.partition("=") for word in line.split()]
            if not all(mark for _, mark, _ in pairs):
                raise BadFile(ragged_row(number, len(rows[0]), None))
            rows.append({key: int(value) if value.isdigit() else value for key, _, value in pairs})
        target = source.scratch("lines")
        target.write_text("".join(json.dumps(row) + "\\n" for row in rows))
        return PreparedFile(source.file, self.shape(tuple(rows[0])), target, len(rows))


FORMAT = KeyValueFormat()
'''


def key_values(text: str) -> str:
    """A CSV table as lines of key=value pairs."""
    return "".join(" ".join(f"{name}={value}" for name, value in row.items()) + "\n" for row in parsed(text))


def parsed(text: str) -> list[dict[str, str]]:
    """The rows of a CSV table."""
    return list(csv.DictReader(io.StringIO(text)))


def add_format(product: Extended) -> None:
    product.add("formats/kinds/key_value.py", FORMAT)
    line = '    FileFormatSpec("key_value", (".kv",)),\n'
    product.edit("domain/file_formats.py", "FILE_FORMATS = (\n", f"FILE_FORMATS = (\n{line}")


def test_a_file_format_is_one_file_and_one_line(product: Extended) -> None:
    deliver(product, rows(600), "pairs")
    inbox, whole = product.workspace / "inbox/pairs", key_values(rows(20)).splitlines()
    faulty = {"value": "size=many", "pairs": "nothing"}
    (inbox / "good.kv").write_text("\n".join(whole) + "\n")
    for name, words in faulty.items():
        (inbox / f"{name}.kv").write_text("\n".join([*whole[:6], whole[6].replace("size=22", words), *whole[7:]]))
    (inbox / "other.kv").write_text("no pairs at all\n")
    product.run("wait", "--timeout", "60")
    files = {Path(file["path"]).stem: file for file in product.ask("file", "list", "--dataset", "pairs")}
    assert (files["good"]["state"], files["good"]["rows"]) == ("committed", 20)
    for name, code in {"value": "bad_value", "pairs": "ragged_row"}.items():
        assert (files[name]["state"], files[name]["reason"]["code"]) == ("quarantined", code)
        assert files[name]["reason"]["line"] == 7
    assert files["other"]["reason"]["code"] == "wrong_format"
    delivered = rows(600), rows(20)
    (table,) = product.ask("sql", "SELECT count(*) AS rows, sum(size)::BIGINT AS size FROM pairs")
    assert table == {"rows": 620, "size": sum(int(row["size"]) for one in delivered for row in parsed(one))}
    scored = product.workspace.parent / "score.kv"
    scored.write_text(key_values("id,size,kind\n1,99,b\n2,1,b\n"))
    predictions = product.ask("predict", "late", str(scored))
    assert [row["prediction"] for row in predictions] == ["1", "0"]
    assert product.touched["format"] == {"formats/kinds/key_value.py", "domain/file_formats.py"}


def test_no_file_but_its_own_asks_for_a_format() -> None:
    """What differs between formats is a method or an attribute of theirs."""
    room = ROOT / "app/shopfloor"
    asking = []
    for path in sorted(room.rglob("*.py")):
        text = path.read_text()
        if path.parent == room / "formats/kinds" or not any(word in text for word in ("formats.kinds", "shape.format")):
            continue
        for node in ast.walk(ast.parse(text)):
            imported = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shopfloor.formats.kinds")
            tested = isinstance(node, ast.Compare) and ast.unparse(node.left).endswith("shape.format")
            typed = isinstance(node, ast.Call) and ast.unparse(node).startswith("isinstance(shape.format")
            asking += [f"{path.name}:{node.lineno}"] if imported or tested or typed else []
    assert not asking


CHECK = '''
"""An export that pairs its rows has an even number of them."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.check_context import CheckContext


class EvenRows:
    name = "even_rows"

    def run(self, context: CheckContext) -> list[CheckResult]:
        rows = context.rows
        if rows is None:
            return []
        count = len(rows)
        if reason := context.too_few(count):
            verdict, message = CheckVerdict.UNKNOWN, f"Pairs of rows: inconclusive: {reason}."
        elif count % 2:
            verdict, message = CheckVerdict.SHIFTED, f"A row has no partner: {count:,} rows arrived, an odd number."
        else:
            verdict, message = CheckVerdict.OK, f"Every one of {count:,} rows has a partner."
        odd = verdict is CheckVerdict.SHIFTED
        return [context.result(self.name, rows, verdict, message, rows=count, value=count % 2, limit=0.0, is_break=odd)]


CHECK = EvenRows()
'''


def add_check(product: Extended) -> None:
    product.add("monitoring/checks/even_rows.py", CHECK)


def test_a_monitoring_check_is_one_file(product: Extended) -> None:
    deliver(product, rows(400, first=600))
    assert product.ask("alert", "list") == []
    deliver(product, rows(401, first=1000))
    (alert,) = product.ask("alert", "list")
    assert (alert["subject"], alert["check"], alert["value"], alert["limit"]) == ("late", "even_rows", 1.0, 0.0)
    assert alert["message"] == "A row has no partner: 401 rows arrived, an odd number."
    deliver(product, rows(400, first=1401))
    deliver(product, rows(400, first=1801))
    assert product.ask("alert", "show", alert["id"])["state"] == "resolved"
    assert product.touched["check"] == {"monitoring/checks/even_rows.py"}


def test_the_conformance_suite_runs_over_a_new_check_by_itself(tmp_path: Path) -> None:
    product = Extended(tmp_path)
    hasty = CHECK.replace("EvenRows", "HastyRows").replace('"even_rows"', '"hasty_rows"')
    product.add("monitoring/checks/even_rows.py", CHECK)
    product.add("monitoring/checks/hasty_rows.py", hasty.replace("reason := context.too_few(count)", "reason := ''"))
    said = product.test("tests/monitoring/test_conformance.py", "even_rows or (hasty_rows and too_few)").splitlines()
    assert any("test_too_few_rows_cannot_tell[binary-empty-even_rows] PASSED" in line for line in said)
    failed = [line for line in said if line.endswith("]") and " FAILED " in line]
    assert any("test_too_few_rows_cannot_tell[binary-one_row-hasty_rows] FAILED" in line for line in failed)
    assert all("hasty_rows" in line for line in failed), failed


METRIC = """
METRICS = (
    Metric(
        "caught", "caught positives less false alarms", BINARY,
        lambda predictions: mean(
            predictions.is_positive() * 1.0 - 2.0 * (predictions.predicted != predictions.truth)
        ),
    ),
"""


def add_metric(product: Extended) -> None:
    product.edit("statistics/classes.py", "\nMETRICS = (\n", METRIC)


def test_a_metric_is_one_entry(product: Extended) -> None:
    run = product.ask("run", "list")[0]
    assert isinstance(product.ask("run", "show", run["id"])["metrics"]["caught"], float)
    assert product.ask("model", "show", "late")["metric"] == "caught"
    deliver(product, rows(600, first=3000))
    newest = product.ask("model", "versions", "late")[0]
    checks = {check["code"]: check["detail"] for check in newest["decision"]["checks"]}
    assert checks["dummy"].startswith("caught positives less false alarms ")
    assert product.touched["metric"] == {"statistics/classes.py"}


COUNT_REQUEST = '''

class DatasetCounted(Record, frozen=True, kw_only=True):
    """How many rows a dataset has."""

    dataset: str
    rows: int


class DatasetCount(Request[DatasetCounted], frozen=True, kw_only=True):
    """Count the rows of a dataset."""

    verb: ClassVar[str] = "dataset.count"
    name: str
    at_least: int = 0
'''

COUNT_ANSWER = '''

def count(services: EngineServices, request: DatasetCount) -> DatasetCounted:
    """The rows of the newest version."""
    found = services.context.store.read(lambda query: resolve(query, request.name))
    return DatasetCounted(dataset=found.dataset, rows=max(found.rows, request.at_least))
'''

COUNT_ACTION = """
    Action(
        name="dataset.count",
        key="z",
        label="Count",
        help="Count the rows of the dataset.",
        scopes=(Scope.DATASETS,),
        records=(DatasetRecord,),
        cli="shopfloor dataset count {ref} [--at-least {at_least}]",
        inputs=(Input(name="at_least", label="At least", kind=InputKind.NUMBER, help="Never say less."),),
        ref=_name,
        build=lambda ref, inputs: DatasetCount(name=ref, at_least=whole(inputs.get("at_least", "0"), "at least")),
        shows=True,
    ),
"""

COUNT_FORMAT = """
    DatasetCount: Format(lambda found, width: f"{found.dataset} has {count(found.rows)} rows."),
"""


def add_verb(product: Extended) -> None:
    product.append("domain/requests/datasets.py", COUNT_REQUEST)
    product.append("engine/api/datasets.py", COUNT_ANSWER)
    product.edit("actions/datasets.py", "ACTIONS = (", "ACTIONS = (" + COUNT_ACTION)
    product.edit("cli/output/datasets.py", "FORMATS = {", "FORMATS = {" + COUNT_FORMAT)
    for path in ("engine/api", "actions", "cli/output"):
        names = "DatasetCount, DatasetCounted" if path == "engine/api" else "DatasetCount"
        product.bring(f"{path}/datasets.py", f"from shopfloor.domain.requests.datasets import {names}")


def test_a_verb_is_its_request_its_answer_its_declaration_and_its_format(product: Extended) -> None:
    deliver(product, rows(20), "few")
    assert product.run("dataset", "count", "few") == "few has 20 rows.\n"
    assert product.ask("dataset", "count", "few", "--at-least", "30") == {"dataset": "few", "rows": 30}
    assert "did you mean" in product.run("dataset", "count", "feww", fails=True).lower()
    assert "count" in product.run("dataset", "--help")
    with screen(product) as terminal:
        terminal.until(b"Command")  # the footer is there: keys are taken
        terminal.seen = b""
        terminal.press(b":dataset count few --at-least 7\r")
        terminal.until(b"Count")
        terminal.until(b"20")
    assert product.touched["verb"] == {
        "domain/requests/datasets.py",
        "engine/api/datasets.py",
        "actions/datasets.py",
        "cli/output/datasets.py",
    }


def test_the_table_of_additions_names_files_that_are_there() -> None:
    """The examples of CONTRIBUTING.md cannot rot unseen."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = {word.strip("`,.;:()") for word in text.split() if word.strip("`,.;:()").startswith("app/shopfloor/")}
    assert named
    missing = [name for name in sorted(named) if "<" not in name and not (ROOT / name.partition("#")[0]).exists()]
    assert not missing


ADDITIONS: dict[str, Callable[[Extended], None]] = {
    "candidate": add_candidate,
    "protocol": add_protocol,
    "screen": add_screen,
    "format": add_format,
    "check": add_check,
    "metric": add_metric,
    "verb": add_verb,
}
