"""A workspace whose stories say how many rows each of their files has: what is in, or left out, must be those."""

from __future__ import annotations

import csv
import re
import shlex
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.shell import Shell

INPUTS = Path(__file__).parent / "inputs"

_OPTION = r"(?: --[\w-]+(?: (?:'[^']*'|[^\s'(-]\S*?(?=[.,;)]?(?:\s|$))))?)"  # a word of prose is no value of an option

Row = dict[str, str]


class Factory(Shell):
    """Delivers, waits, asks; `rows` and `streamed` are what the stories know of their own files and posts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.rows: dict[str, int] = {}
        self.streamed: Counter[str] = Counter()

    def write(self, name: str, content: str, encoding: str = "utf-8") -> Path:
        """A file outside the workspace, byte for byte."""
        path = self.folder / name
        path.write_bytes(content.encode(encoding))
        return path

    def deliver(self, dataset: str, path: Path, rows: int) -> None:
        """Deliver one file of `rows` rows to `dataset`."""
        self._told(path, rows)
        self("add", str(path), "--dataset", dataset)

    def add(self, dataset: str, path: Path, rows: int) -> Any:
        """`deliver`, and the record of the file once nothing is left to do."""
        self.deliver(dataset, path, rows)
        return self._settled(f"inbox/{dataset}/{path.name}")

    def score(self, model: str, path: Path, rows: int) -> list[Row]:
        """Drop one file for `model`; the predictions that lie in its outbox then."""
        self._told(path, rows)
        folder = self.root / "score" / model
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{path.name}.part"
        partial.write_bytes(path.read_bytes())
        partial.rename(folder / path.name)
        file = self._settled(f"score/{model}/{path.name}")
        assert file["state"] == "committed", file
        (written,) = (self.root / "outbox" / model).glob(f"*-{file['id']}.csv")
        return list(csv.DictReader(written.read_text().splitlines()))

    def actuals(self, model: str, path: Path, rows: int) -> Any:
        self._told(path, rows)
        self("actuals", "add", model, str(path))
        return self._settled(f"actuals/{model}/{path.name}")

    def predict(self, model: str, path: Path) -> list[Row]:
        return list(csv.DictReader(self("predict", model, str(path)).stdout.splitlines()))

    def wait(self) -> None:
        self("wait", "--timeout", "60")

    def file(self, id: str) -> Any:
        return self.json("file", "show", id)

    def hinted(self, file: Any, verb: str) -> Any:
        """Run the command with `verb` that the reason of a held file names, as it stands; the file afterwards."""
        found = re.search(rf"shopfloor (file {verb} \w+{_OPTION}*)", file["reason"]["hint"])
        assert found, file["reason"]["hint"]
        self(*shlex.split(found[1]))
        self.wait()
        return self.file(file["id"])

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.json("sql", statement)]

    def rows_add_up(self) -> None:
        """Rows taken in and rows left out are all the rows of each file, whatever way it came in."""
        streams: Counter[str] = Counter()
        for file in self.json("file", "list"):
            if file["state"] != "committed":
                continue
            if file["derived"] is not None:
                continue  # of rows that are counted already, by a query
            found = file["rows"] + file["rejected_rows"]
            if file["path"].startswith("stream/"):
                streams[file["dataset"]] += found
            else:
                assert found == self.rows[file["sha256"]], file
        assert streams == self.streamed

    def _told(self, path: Path, rows: int) -> None:
        self.rows[sha256(path.read_bytes()).hexdigest()] = rows

    def _settled(self, path: str) -> Any:
        self.wait()
        return next(file for file in self.json("file", "list") if file["path"] == path)
