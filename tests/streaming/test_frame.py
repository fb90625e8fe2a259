"""The segment format: a kill anywhere leaves whole frames, and damage is never read as rows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.intake.streaming.frame import MAGIC, Frame, encode, scan

# JSON text holds no control characters, so neither do headers and payloads.
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40).map(str.encode)
frames = st.lists(st.builds(Frame, texts, texts), min_size=1, max_size=6)


def log(written: list[Frame]) -> bytes:
    return b"".join(encode(*frame) for frame in written)


@given(frames)
def test_what_was_written_is_read(written: list[Frame]) -> None:
    found = scan(log(written))
    assert (found.frames, found.damaged, found.torn) == (written, 0, 0)


@settings(max_examples=40, deadline=None)
@given(frames)
def test_a_torn_tail_at_every_offset(written: list[Frame]) -> None:
    data = log(written)
    ends = [len(log(written[:count])) for count in range(len(written) + 1)]
    for cut in range(len(data) + 1):
        found = scan(data[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert found.frames == written[:whole]
        assert found.damaged == 0, "what nobody finished is not damage"
        assert found.torn == cut - ends[whole]


@settings(max_examples=40, deadline=None)
@given(frames, st.data())
def test_a_flipped_bit_costs_one_frame_and_is_told(written: list[Frame], data: st.DataObject) -> None:
    intact = bytearray(log(written))
    bit = data.draw(st.integers(0, 8 * len(intact) - 1))
    intact[bit // 8] ^= 1 << (bit % 8)
    found = scan(bytes(intact))
    assert len(found.frames) >= len(written) - 1
    assert all(frame in written for frame in found.frames), "no frame is made up"
    assert found.damaged + found.torn > 0


def test_room_that_a_power_cut_left_without_bytes_is_no_damage() -> None:
    data = log([Frame(b"{}", b'{"a":1}\n')]) + bytes(4096)
    found = scan(data)
    assert (len(found.frames), found.damaged, found.torn) == (1, 0, 4096)


def test_a_damaged_last_frame_is_damage_and_not_a_torn_tail() -> None:
    data = bytearray(log([Frame(b"{}", b"first"), Frame(b"{}", b"second")]))
    data[-1] ^= 1
    found = scan(bytes(data))
    assert [frame.payload for frame in found.frames] == [b"first"]
    assert found.damaged
    assert not found.torn


def test_no_json_text_holds_the_magic() -> None:
    assert MAGIC[0] < 32
