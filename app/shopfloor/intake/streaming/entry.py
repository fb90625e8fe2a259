"""The header of a frame: what is known about the rows behind it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shopfloor.domain.codec import to_json
from shopfloor.domain.record import Record
from shopfloor.domain.streaming import RowReject, RowsReceipt


class StreamSource(Record, frozen=True, kw_only=True):
    """A followed file and how far it was read. `offset` and `rows` are in the same frame as the
    rows themselves, so that neither a kill nor a power cut can part them.

    `head` is a digest of the first `head_bytes`, `crc` of all bytes before `offset`: a file is known
    by them and not by its name, which a rotation changes, nor by its inode, which is used again. `born`
    (nanoseconds) is when its reading began; a truncated file begins again.
    """

    path: str
    dev: int
    ino: int
    born: int = 0
    offset: int = 0
    head: str = ""
    head_bytes: int = 0
    crc: int = 0
    lines: int = 0
    rows: int = 0
    rejected: int = 0


class StreamEntry(Record, frozen=True, kw_only=True):
    """Rows that were accepted together. `digest` is that of the posted bytes, so that a key is not
    used for other rows; `position` counts all rows of the stream up to and including these."""

    key: str = ""
    digest: str = ""
    rows: int = 0
    rejected: int = 0
    rejects: tuple[RowReject, ...] = ()
    notices: tuple[str, ...] = ()
    position: int = 0
    at: datetime
    sources: tuple[StreamSource, ...] = ()

    def receipt(self, dataset: str, *, duplicate: bool = False) -> RowsReceipt:
        """The answer that the sender gets, now and when it asks again."""
        return RowsReceipt(
            dataset=dataset,
            key=self.key,
            accepted=self.rows,
            rejected=self.rejected,
            rejects=self.rejects,
            notices=self.notices,
            position=self.position,
            duplicate=duplicate,
        )


_decoder = msgspec.json.Decoder(StreamEntry)


def pack(entry: StreamEntry) -> bytes:
    """The entry as a header."""
    return to_json(entry)


def unpack(header: bytes) -> StreamEntry:
    """The entry of a header whose checksum was right."""
    return _decoder.decode(header)
