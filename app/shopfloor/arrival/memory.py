"""What the ledger says of the paths that lie in the drop folders, so that a quiet scan asks the database nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from shopfloor.arrival.scan import Found, Observation, identity_of
from shopfloor.domain.file import FileState
from shopfloor.store import files
from shopfloor.store.store import Store

Identity = tuple[int, int, int, int, int]


class Known(NamedTuple):
    """The newest record of a path; `open` while the watch still has to do with it."""

    id: str
    identity: Identity
    open: bool


class Memory:
    """Records of the paths that are there, and of no others: the ledger only grows, drop folders do not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, Known] = {}

    def load(self) -> None:
        """Files that an earlier engine left unsettled, so that it is noticed when one went away."""
        unsettled = [FileState.SETTLING, FileState.WAITING]
        for row in self._store.read(lambda query: files.in_states(query, unsettled)):
            if row.staged is None:  # a claimed one waits for its contract, and is nobody's here
                held = row.identity
                identity = (held.dev, held.ino, held.size, held.mtime_ns, held.ctime_ns)
                self._known[held.raw_path] = Known(row.file.id, identity, open=True)

    def get(self, raw: bytes) -> Known | None:
        """The record of a path."""
        return self._known.get(raw)

    def below(self, prefix: bytes) -> list[bytes]:
        """The remembered paths that begin so."""
        return [raw for raw in self._known if raw.startswith(prefix)]

    def unfinished(self, found: Sequence[Found]) -> list[Found]:
        """Those of `found` that the watch has not done with."""
        known = self._known.get
        return [one for one in found if (it := known(one[2])) is None or it.open or it.identity != identity_of(one[1])]

    def fresh(self, found: Sequence[Found]) -> list[Found]:
        """Those of `found` that are not recorded, or not as what lies there now."""
        known = self._known.get
        return [one for one in found if (it := known(one[2])) is None or not it.open]

    def note(self, found: Sequence[Found], ids: Sequence[str]) -> None:
        """Remember files that were seen for the first time and have these ids now; a refused one is done with."""
        for (_, seen, raw), id in zip(found, ids, strict=True):
            self._known[raw] = Known(id, identity_of(seen), seen.reason is None)

    def close(self, raw: bytes, id: str, seen: Observation) -> None:
        """The watch has done with what was `seen` at a path."""
        self._known[raw] = Known(id, identity_of(seen), open=False)

    def recall(self, paths: Sequence[bytes]) -> bool:
        """Ask the ledger for paths that are not remembered: an earlier engine, or an earlier scan, may know them.

        False when it knows none of them.
        """
        unknown = [raw for raw in paths if raw not in self._known]
        found = self._store.read(lambda query: files.known(query, unknown)) if unknown else []
        for id, raw, dev, ino, size, mtime_ns, ctime_ns in found:
            self._known[bytes(raw)] = Known(id, (dev, ino, size, mtime_ns, ctime_ns), open=False)
        return bool(found)

    def forget_but(self, present: Collection[bytes]) -> dict[bytes, str]:
        """Forget what is not there any more; the open ones among it, by path, went away too early."""
        gone = [raw for raw in self._known if raw not in present]
        left = [(raw, self._known.pop(raw)) for raw in gone]
        return {raw: known.id for raw, known in left if known.open}
