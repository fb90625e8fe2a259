"""Foreign text never reaches a terminal as anything but printable characters."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.text import counted, safe


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_unprintable_is_left(text: str) -> None:
    shown = safe(text)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in shown)
    assert "\n" not in shown


@given(st.text(), st.integers(1, 50))
def test_the_limit_holds(text: str, limit: int) -> None:
    assert len(safe(text, limit)) <= limit


def test_escapes_are_visible() -> None:
    assert safe("\x1b]0;owned\x07a\n\u202eb") == "\\e]0;owned\\x07a\\n\\u202eb"
    assert safe(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\\xe9"


def test_plain_text_stays_as_it_is() -> None:
    assert safe("Größe 漢字 [/x] [@click=app.quit()]") == "Größe 漢字 [/x] [@click=app.quit()]"


def test_one_is_one_and_more_are_many() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]
