"""Predictions of a file are in the outbox once they are in the log, and not before, whatever kills the engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.harness import Shop

from shopfloor.client.start import engine_running
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.models import ModelDefine, ModelShow


def rows(count: int, *, truth: bool) -> str:
    cells = [f"{n % 17},{'yes' if n % 17 > 8 else 'no'}" if truth else str(n % 17) for n in range(count)]
    return "\n".join(["x,y" if truth else "x", *cells, ""])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A model without an id column, whose engine has ended."""
    made = Shop(tmp_path / "w")
    made.write("inbox/d", "train.csv", rows(300, truth=True))
    made.settle()
    made.client.ask(ModelDefine(definition=ModelDefinition(name="m", dataset="d", target="y", task=Task.BINARY)))
    made.settle()
    assert made.client.ask(ModelShow(name="m")).champion == 1
    made.close()
    return made


def visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


@pytest.mark.parametrize("step", ["score.published", "score.committed"])
def test_a_kill_around_the_commit_leaves_one_file_of_the_logged_predictions(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    outbox = shop.root / "outbox" / "m"
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
    shop.start()
    shop.write("score/m", "ask.csv", rows(20, truth=False))
    shop.until(lambda: not engine_running(shop.root), 90)
    assert visible(outbox) == []
    [waiting] = outbox.iterdir()
    monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
    made = waiting.read_text()
    shop.start()
    shop.settle()
    [written] = outbox.iterdir()
    assert written.name == waiting.name.partition("-")[2]
    assert written.read_text() == made
    [file] = [row for row in shop.client.ask(FileList()).rows if row.path.startswith("score/")]
    assert file.state == "committed"
    assert f'"{(file.sha256 or "")[:16]}-20","m",1,' in made
    assert shop.client.ask(ModelShow(name="m")).predictions == 20
    shop.close()
