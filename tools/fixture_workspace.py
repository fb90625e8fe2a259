"""Build the workspace that every later version must open, serve, roll back and explain.

    python tools/fixture_workspace.py            # writes tests/fixtures/workspaces/schema-NNNN.tar.xz

It is made by the command line as it is now, and named by the schema of its metadata store. Archives of earlier
schemas stay beside it: `tests/project/test_earlier_workspaces.py` opens all of them. A new one is made when the
schema or the format of artifacts changes, before that is released, and when a newer scikit-learn no longer reads
its own estimators of the archive.

`expected.json` in the archive says what the workspace answered when it was made.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import sys
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "app"), str(ROOT)]

from tests.line.factory import Factory  # noqa: E402
from tests.serving.running import running  # noqa: E402

from shopfloor.store import migrate  # noqa: E402
from shopfloor.workspace.layout import Layout  # noqa: E402

ARCHIVES = ROOT / "tests" / "fixtures" / "workspaces"
MODELS = {"late": ("late", "--positive", "yes", "--exclude", "hours"), "hours": ("hours", "--exclude", "late")}
CANDIDATES = {"late": "boosting", "hours": "linear"}
START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(first: int, count: int, factor: float = 1.0) -> list[dict[str, Any]]:
    """Orders: dear ones and those of the north are late, and take more hours. `factor` makes all of them dearer."""
    source = random.Random(first)
    found = []
    for number in range(first, first + count):
        amount, region = round(factor * source.uniform(1, 100), 2), source.choice(["north", "south", "east"])
        hours = round(5 + amount / 10 + 8 * (region == "north") + source.gauss(0, 2), 1)
        found.append(
            {
                "nr": number,
                "ordered": (START + timedelta(hours=3 * number)).isoformat(),
                "region": region if source.random() > 0.03 else None,
                "product": f"p{source.randrange(60)}",
                "amount": amount,
                "gift": source.random() < 0.3,
                "hours": hours,
                "late": "yes" if hours > 14 else "no",
            }
        )
    return found


def csv(found: list[dict[str, Any]], *columns: str) -> str:
    """The rows as a file, with some of their columns."""
    names = columns or tuple(found[0])
    cells = [["" if row[name] is None else str(row[name]).lower() for name in names] for row in found]
    return "\n".join([",".join(names), *map(",".join, cells), ""])


INPUTS = ("nr", "ordered", "region", "product", "amount", "gift")


def questions() -> list[dict[str, Any]]:
    """What every version of both models is asked."""
    asked = [{name: row[name] for name in INPUTS} for row in rows(9000, 6)]
    return [*asked, {**asked[0], "nr": 9100, "region": None, "product": "never seen"}]


def build(folder: Path) -> dict[str, Any]:
    """Fill the workspace `folder/ws`; what it answers then."""
    factory = Factory(folder)
    keep = {f"retention__{name}_days": "0" for name in ("history", "log", "rejects")}
    pid = factory.open(intake__settle_seconds="0.2", engine__workers="1", engine__scrub_days="0", **keep)
    try:
        return _live(factory)
    finally:
        factory.close(pid)


def _live(factory: Factory) -> dict[str, Any]:
    factory.add("orders", factory.write("orders-1.csv", csv(rows(1, 400))), 400)
    for model, (target, *options) in MODELS.items():
        factory(
            "model", "define", model, "--dataset", "orders", "--target", target, "--id", "nr", "--time", "ordered",
            "--candidates", CANDIDATES[model], "--min-new-rows", "300", "--cooldown", "0", "--seed", "7", *options,
        )  # fmt: skip
    factory.wait()
    with running(Layout(factory.root)) as server:
        answers = {f"{model}@1": server.predictions(model, 1, questions()) for model in MODELS}
        factory.add("orders", factory.write("orders-2.csv", csv(rows(401, 400))), 400)
        for model in MODELS:
            if factory.json("model", "show", model)["champion"] != 2:
                factory("model", "promote", f"{model}@2", "--reason", "more rows")
            answers[f"{model}@2"] = server.predictions(model, 2, questions())
    drifted = rows(2001, 200, factor=5.0)
    factory.score("late", factory.write("march.csv", csv(drifted, *INPUTS)), 200)
    factory.actuals("late", factory.write("truth.csv", csv(drifted, "nr", "late")), 200)
    factory.wait()
    factory.add("orders", factory.write("orders-3.csv", csv(rows(801, 30))), 30)
    held = factory.add("orders", factory.write("broken.csv", "no,such,columns\n1,2,3\n"), 1)
    alerts = factory.json("alert", "list")
    factory("alert", "ack", alerts[0]["id"], "--note", "spring prices")
    for model in MODELS:  # what is asked of it later starts no training
        factory("model", "define", model, "--cooldown", "50000000", "--no-train")
    factory.wait()
    return {
        "questions": questions(),
        "answers": answers,
        "held": held["id"],
        "alert": alerts[0]["id"],
        "versions": [version["digest"] for version in factory.json("dataset", "versions", "orders")],
        "models": {model: factory.json("model", "show", model) for model in MODELS},
        "logged": factory.sql("SELECT count(*) FROM predictions_late")[0][0],
        "truth": factory.sql("SELECT count(*) FROM actuals_late")[0][0],
    }


def clean(layout: Layout) -> None:
    """Take away what belongs to the machine and the moment."""
    for folder in (layout.run, layout.staging):
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    layout.tokens.unlink(missing_ok=True)


def pack(root: Path, expected: dict[str, Any], target: Path) -> None:
    """The workspace and what it answers, with nobody's name and no time of the machine's."""

    def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w:xz", preset=9) as archive:
        answer = json.dumps(expected, indent=1).encode()
        entry = tarfile.TarInfo("expected.json")
        entry.size = len(answer)
        archive.addfile(nobodys(entry), io.BytesIO(answer))
        archive.add(root, "ws", filter=nobodys)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="fixture-") as folder:
        expected = build(Path(folder))
        layout = Layout(Path(folder) / "ws")
        clean(layout)
        target = ARCHIVES / f"schema-{migrate.newest():04d}.tar.xz"
        pack(layout.root, expected, target)
        print(target, target.stat().st_size)


if __name__ == "__main__":
    main()
