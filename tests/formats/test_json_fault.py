"""What is wrong with JSON is said in our own words, and a key that is there twice is seen."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.formats.json_fault import keys_at_most, repeated_key, why_not_json

FAULTS = {
    b"": "it is empty",
    b" \n": "it is empty",
    b'{"a":': "it ends too early",
    b'{"a": "x': "a text has no end (line 1, column 7)",
    b'{"a": 1}}': "something follows its end (line 1, column 9)",
    b'{"a": 1,\n "b" 2}': "a colon is missing (line 2, column 6)",
    b'{"a": 1 "b": 2}': "a comma or the end is missing (line 1, column 9)",
    b"{'a': 1}": "a name in double quotes is missing (line 1, column 2)",
    b'{"a": ,}': "a value is missing (line 1, column 7)",
    b'{"a": NaN}': "NaN and infinity are no JSON; null stands for an unknown value",
    b'{"a": -Infinity}': "NaN and infinity are no JSON; null stands for an unknown value",
    b'{"a": 1e400}': "a number is too large",
    b'{"a": %s}' % (b"9" * 5000): "a number is too large",
    b'{"a": "\\ud800"}': "a text holds half of a surrogate pair",
    b'{"a": "\\x41"}': "there is no such escape (line 1, column 8)",
    b'{"a": "\x01"}': "a text holds a control character, which is written as \\u and four digits (line 1, column 8)",
    b"[" * 100_000: "it is nested too deeply",
    b"\xef\xbb\xbf{}": "it is not plain UTF-8 without a byte order mark",
    "{}".encode("utf-16"): "it is not plain UTF-8 without a byte order mark",
    b'{"a": "\xe9"}': "byte 8 is not UTF-8",
}
DECODERS = (
    "malformed:",
    "truncated",
    "recursion",
    "out of range",
    "Invalid UTF-8",
    "Expecting",
    "Extra data",
    "delimiter",
)


@pytest.mark.parametrize("data", FAULTS)
def test_each_fault_has_its_sentence(data: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)):
        msgspec.json.decode(data)
    assert why_not_json(data) == FAULTS[data]


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(documents.map(lambda one: json.dumps(one).encode()), st.integers(0, 200), st.binary(max_size=3))
def test_whatever_a_decoder_refuses_is_said_without_its_words(data: bytes, place: int, noise: bytes) -> None:
    data = data[:place] + noise + data[place + 1 :]
    try:
        msgspec.json.decode(data)
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        foreign = str(error)
    said = why_not_json(data)
    assert said
    assert not any(word in said for word in (foreign, *DECODERS))


pairs = st.lists(st.tuples(st.sampled_from(["a", "b", 'c":', "d"]), st.integers() | st.just('x": ')), max_size=4)


@given(pairs, st.sampled_from(["", " ", "\n"]))
def test_a_key_that_is_there_twice_is_seen(found: list[tuple[str, Any]], blank: str) -> None:
    written = ",".join(f"{json.dumps(name)}{blank}:{json.dumps(value)}" for name, value in found)
    data = f"[{{{written}}}]".encode()
    names = [name for name, _ in found]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    assert repeated_key(data) == (twice[0] if twice else None)
    assert keys_at_most(data) >= len(names)
