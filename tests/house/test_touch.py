"""How little an addition touches: each kind in the files that the table of CONTRIBUTING.md names, seen working.

Every test adds a toy to a copy of the product and uses it as a user would.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.house.extension import ROOT, Extended
from tests.house.serving import served


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Extended]:
    extended = Extended(tmp_path)
    yield extended
    extended.close()


def rows(count: int) -> str:
    """A table with a target that its two inputs tell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "size", "kind", "late"])
    for number in range(count):
        size = number * 37 % 100
        kind = "abc"[number % 3]
        writer.writerow([number, size, kind, int(size + 10 * (kind == "a") > 55)])
    return text.getvalue()


def learn(product: Extended, **training: str) -> None:
    """A workspace with a trained, released model of `rows`."""
    product.open()
    table = product.workspace.parent / "t.csv"
    table.write_text(rows(600))
    product.run("add", str(table), "--dataset", "t")
    product.run("wait", "--timeout", "60")
    product.run(
        *("model", "define", "late", "--dataset", "t", "--target", "late", "--id", "id", "--release", "auto"),
        *(word for name, value in training.items() for word in (f"--{name}", value)),
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


def test_a_candidate_is_one_file(product: Extended) -> None:
    product.add("training/candidates/naive.py", CANDIDATE)
    learn(product)
    definition = product.workspace / "models/late.toml"
    definition.write_text(definition.read_text() + '\n[training]\ncandidates = ["naive"]\n')
    product.run("model", "train", "late")
    product.run("wait", "--timeout", "90")
    run = product.ask("run", "list")[0]
    assert {candidate["name"] for candidate in run["candidates"]} == {"naive", "dummy"}
    assert product.touched == {"training/candidates/naive.py"}


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


def test_a_serving_protocol_is_one_file(product: Extended) -> None:
    product.add("serving/protocols/word.py", PROTOCOL)
    learn(product)
    with served(product) as (url, token):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
        answers = [httpx.post(f"{url}/word/late", content=body, headers=headers).text for body in (b"99,b", b"1,b")]
        document = httpx.get(f"{url}/openapi.json", headers=headers).json()
    assert answers == ["1", "0"]
    assert "/word/late" in document["paths"]
    assert product.touched == {"serving/protocols/word.py"}


def test_the_table_of_additions_names_files_that_are_there() -> None:
    """The examples of CONTRIBUTING.md cannot rot unseen."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = {word.strip("`,.;:()") for word in text.split() if word.strip("`,.;:()").startswith("app/shopfloor/")}
    assert named
    missing = [name for name in sorted(named) if "<" not in name and not (ROOT / name.partition("#")[0]).exists()]
    assert not missing
