"""A sentence names some and counts the others: together they are all."""

from __future__ import annotations

import pytest

from shopfloor.formats import reasons
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.reasons import Place


@pytest.mark.parametrize(
    ("times", "again", "only"),
    [(1, "again:", "column:"), (2, "1 time more below:", "1 row below:"), (4, "3 times more below:", "3 rows below:")],
)
def test_rows_below_the_first_are_counted(times: int, again: str, only: str) -> None:
    assert again in reasons.header_repeated(Place(line=3), times).message
    assert only in reasons.name_repeated(Place(line=3), times).message


@pytest.mark.parametrize(("line", "above"), [(2, "The first line is"), (3, "The first 2 lines are")])
def test_lines_above_the_header_are_counted(line: int, above: str) -> None:
    found = reasons.header_below(line, ["a", "b"])
    assert found.message.startswith(above)
    assert f"--skip-lines {line - 1} " in found.hint


@pytest.mark.parametrize(("count", "said"), [(5, "'5'"), (6, "'5' and 1 more"), (8, "'5' and 3 more")])
def test_columns_beyond_the_first_few_are_counted(count: int, said: str) -> None:
    assert reasons.listed([str(number + 1) for number in range(count)]).endswith(said)


def test_words_and_columns_beyond_the_first_few_are_counted() -> None:
    words = {f"w{number}": 9 - number for number in range(7)}
    (notice,) = Inferred((), missing={"a": words}).notices_about("d")
    assert notice.startswith("Read as missing: 'w0' in 'a' (9 values); 'w1' in 'a' (8 values);")
    assert notice.endswith("'w4' in 'a' (5 values); 2 more words.")
    (notice,) = Inferred((), kept={f"c{number}": {"?": 1} for number in range(8)}).notices_about("d", unless=["c0"])
    assert "'c5' (1 value) and 2 more columns. If that means missing" in notice
