from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.names import did_you_mean, nearest

NAMES = st.lists(st.text("abc", min_size=1, max_size=5), max_size=8)


def test_the_nearest_word_is_guessed() -> None:
    assert nearest("gate", ["late", "gaet"]) in {"late", "gaet"}
    assert nearest("gate", ["unlike"]) == ""
    assert did_you_mean("gate", ["late"]) == "Did you mean 'late'?"


def test_a_taken_word_is_neither_guessed_nor_listed() -> None:
    assert nearest("gate", ["late", "gaet"], {"late"}) == "gaet"
    assert did_you_mean("gate", ["late", "xyz"], {"late"}) == "Valid: xyz."


@given(word=st.text("abc", min_size=1, max_size=5), valid=NAMES, taken=NAMES)
def test_no_guess_ever_is_a_taken_word(word: str, valid: list[str], taken: list[str]) -> None:
    guess = nearest(word, valid, taken)
    assert guess == "" or (guess in valid and guess not in taken)
