"""What the bytes of a terminal mean as keys, however the network cut them into packets."""

from __future__ import annotations

from collections.abc import Iterable

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key

_BEGINS_A_SEQUENCE = "[O\x1b"


class Keyboard(XTermParser):
    """Reads escape and a letter as these two keys, also when both came in one packet.

    Textual makes alt and the letter of it, or loses the escape; over a slow link that is a matter of
    luck. What some keyboards send for an arrow or backspace with alt stays what it is.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        if (
            len(sequence) == 2
            and sequence[0] == "\x1b"
            and sequence[1] not in _BEGINS_A_SEQUENCE
            and not isinstance(ANSI_SEQUENCES_KEYS.get(sequence), tuple)
        ):
            yield Key("escape", "\x1b")
            sequence = sequence[1]
        yield from super()._sequence_to_key_events(sequence, alt)


def use_keyboard() -> None:
    """Let Textual's driver read with this; it has no other place to say so."""
    from textual.drivers import linux_driver

    linux_driver.XTermParser = Keyboard  # type: ignore[attr-defined]
