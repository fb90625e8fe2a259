"""What a person reads about a file is ours, and a sentence that names some and counts the others is about all."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from shopfloor.domain.file import Reason
from shopfloor.domain.text import listed
from shopfloor.formats import kinds, reasons
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import FileFormat
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.headers import header_below, header_repeated, name_repeated

FOREIGN = "Zork! \x1b[31m failed in frobnicate.cpp"


def _made() -> Iterator[Callable[..., Reason]]:
    for module in pkgutil.iter_modules(reasons.__path__, f"{reasons.__name__}."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            made = inspect.signature(one)
            if one.__module__ == module.name and "said" in made.parameters and made.return_annotation == "Reason":
                yield one


@pytest.mark.parametrize("make", list(_made()))
def test_a_librarys_words_stand_in_the_hint_at_most(make: Callable[..., Reason]) -> None:
    _is_ours(make(said=FOREIGN))
    assert make(said=FOREIGN).message == make().message


@pytest.mark.parametrize("kind", [module.name for module in pkgutil.iter_modules(kinds.__path__)])
@pytest.mark.parametrize("error", [duckdb.Error, duckdb.InternalException, duckdb.InvalidInputException, OSError])
def test_what_duckdb_says_of_a_file_is_no_message(tmp_path: Path, kind: str, error: type[Exception]) -> None:
    format = importlib.import_module(f"{kinds.__name__}.{kind}").FORMAT
    assert isinstance(format, FileFormat)
    path = tmp_path / "a"
    path.write_bytes(b'[{"a": 1}]')
    _is_ours(reason_of(error(FOREIGN), format, path, 100))


def _is_ours(reason: Reason) -> None:
    assert "Zork" not in reason.message
    assert reason.message.isprintable()
    assert reason.message.endswith(".")
    assert reason.hint.isprintable()


@pytest.mark.parametrize(
    ("times", "again", "only"),
    [(1, "again:", "column:"), (2, "1 time more below:", "1 row below:"), (4, "3 times more below:", "3 rows below:")],
)
def test_rows_below_the_first_are_counted(times: int, again: str, only: str) -> None:
    assert again in header_repeated(Place(line=3), times).message
    assert only in name_repeated(Place(line=3), times).message


@pytest.mark.parametrize(("line", "above"), [(2, "The first line is"), (3, "The first 2 lines are")])
def test_lines_above_the_header_are_counted(line: int, above: str) -> None:
    found = header_below(line, ["a", "b"])
    assert found.message.startswith(above)
    assert found.remedies[0].settings == (("skip_lines", str(line - 1)),)


@pytest.mark.parametrize(("count", "said"), [(5, "'5'"), (6, "'5' and 1 more"), (8, "'5' and 3 more")])
def test_columns_beyond_the_first_few_are_counted(count: int, said: str) -> None:
    assert listed([str(number + 1) for number in range(count)]).endswith(said)


def test_words_and_columns_beyond_the_first_few_are_counted() -> None:
    words = {f"w{number}": 9 - number for number in range(7)}
    (notice,) = Inferred((), missing={"a": words}).notices_about("d")
    assert notice.startswith("Read as missing: 'w0' in 'a' (9 values); 'w1' in 'a' (8 values);")
    assert notice.endswith("'w4' in 'a' (5 values) and 2 more.")
    (notice,) = Inferred((), kept={f"c{number}": {"?": 1} for number in range(8)}).notices_about("d", unless=["c0"])
    assert "'c5' (1 value) and 2 more. If that means missing" in notice
