"""What a person reads about a file is ours: a library's words stand in the hint at most, quoted and printable."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from shopfloor.domain.file import Reason
from shopfloor.formats import kinds, reasons
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import FileFormat

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
