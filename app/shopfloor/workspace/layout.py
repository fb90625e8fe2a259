"""Every path of a workspace, in one place."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# A Unix socket path is limited to 107 bytes plus the terminating zero on Linux.
_SOCKET_LIMIT = 107


@dataclass(frozen=True)
class Layout:
    """Paths below a workspace's `root`."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "workspace.toml"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def recipes(self) -> Path:
        return self.root / "recipes"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def score(self) -> Path:
        return self.root / "score"

    @property
    def actuals(self) -> Path:
        return self.root / "actuals"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def private(self) -> Path:
        """The engine's own directory, mode 0700; a team may pass through it to the socket."""
        return self.root / ".shopfloor"

    @property
    def run(self) -> Path:
        return self.private / "run"

    @property
    def degraded(self) -> Path:
        """What degrades the engine, for the serving process: a JSON list of codes."""
        return self.run / "degraded.json"

    @property
    def lock(self) -> Path:
        return self.run / "owner.lock"

    @property
    def stop_mark(self) -> Path:
        """Who stopped the engine on purpose."""
        return self.run / "stopped.json"

    @property
    def log(self) -> Path:
        return self.run / "engine.log"

    @property
    def job_logs(self) -> Path:
        return self.run / "jobs"

    @property
    def socket(self) -> Path:
        """The engine's socket; in the user's runtime directory when the path would be too long."""
        if self.has_own_socket:
            return self._own_socket
        tag = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:16]
        base = os.environ.get("XDG_RUNTIME_DIR") or f"{tempfile.gettempdir()}/shopfloor-{os.getuid()}"
        return Path(base) / f"shopfloor-{tag}" / "engine.sock"

    @property
    def has_own_socket(self) -> bool:
        """Whether the socket lies in the workspace, where others find it, too."""
        return len(os.fsencode(self._own_socket)) <= _SOCKET_LIMIT

    @property
    def _own_socket(self) -> Path:
        return self.run / "engine.sock"

    @property
    def database(self) -> Path:
        return self.private / "metadata.duckdb"

    @property
    def journal(self) -> Path:
        return self.private / "journal"

    @property
    def objects(self) -> Path:
        return self.private / "objects"

    @property
    def statistics(self) -> Path:
        """Statistics of parts, named like them; only a cache."""
        return self.objects / "statistics"

    @property
    def inference(self) -> Path:
        return self.private / "inference"

    @property
    def segments(self) -> Path:
        """Append-only logs of the serving process."""
        return self.inference / "segments"

    @property
    def recordings(self) -> Path:
        """Append-only logs of the runs that notebooks and scripts record."""
        return self.private / "recordings"

    @property
    def serving(self) -> Path:
        """What the serving process reads: one deployment file a model, and tokens."""
        return self.private / "serving"

    @property
    def tokens(self) -> Path:
        return self.serving / ".tokens.json"

    @property
    def staging(self) -> Path:
        return self.private / "staging"

    @property
    def streams(self) -> Path:
        """Posted rows that are safe but not in a version yet, a directory a dataset."""
        return self.private / "streams"

    @property
    def backups(self) -> Path:
        return self.private / "backups"

    @property
    def signing_key(self) -> Path:
        return self.private / "signing.key"

    def contract(self, dataset: str) -> Path:
        return self.datasets / f"{dataset}.toml"

    def definition(self, model: str) -> Path:
        return self.models / f"{model}.toml"

    def relative(self, path: Path) -> str:
        """`path` relative to the root where it lies below it, else as it is."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def create(self) -> None:
        """Make every directory; the engine's own with mode 0700, the socket's too.

        A team that has been let through to the socket (`workspace/team`) stays so.
        """
        for folder in (
            self.datasets,
            self.models,
            self.inbox,
            self.score,
            self.actuals,
            self.quarantine,
            self.outbox,
            self.archive,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        self.private.mkdir(mode=0o700, exist_ok=True)
        if self.private.stat().st_mode & ~0o710 & 0o777:
            self.private.chmod(0o700)
        for folder in (
            self.run,
            self.job_logs,
            self.journal,
            self.objects,
            self.inference,
            self.segments,
            self.recordings,
            self.serving,
            self.staging,
            self.streams,
            self.backups,
            self.socket.parent,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
