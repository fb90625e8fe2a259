"""The workspace's directories: rights, lock, disk space, drop folders, leftovers."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from shopfloor.domain.dropped import ignored
from shopfloor.domain.numbers import size
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted, safe
from shopfloor.upkeep.checks.doctor_context import DoctorContext, failed, passed, summed
from shopfloor.upkeep.gc import discard, waste
from shopfloor.workspace.folders import fault
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.team import is_shared

_OTHERS = 0o077
_PASS = 0o010  # what a team needs to reach the socket
_MB = 1 << 20


def settings(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """The engine goes by what `workspace.toml` says now: one that cannot be used leaves what was in force before."""
    if doctor.context.read_settings():
        yield passed("settings", "workspace.toml is in force")
    else:
        yield failed("settings", doctor.context.settings_fault)


def definitions(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """A model whose definition cannot be read is neither listed nor trained."""
    readable, unreadable = doctor.context.readable_models()
    for message in unreadable.values():
        yield failed("definitions", message)
    if not unreadable:
        yield passed("definitions", f"{counted(len(readable), 'model')} can be read")


def notify(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """The commands of `notify` take what they are told."""
    failing = doctor.context.undelivered()
    for each in failing:
        yield failed(
            "notify",
            f"rule {safe(each.rule, 60)} has not delivered {counted(each.events, 'event')} since event "
            f"{each.first_seq}: {each.error}",
        )
    if not failing:
        yield passed("notify", f"{counted(len(doctor.context.settings.notify_rules), 'rule')}, nothing undelivered")


def rights(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Nobody else reads what is the engine's, a team only passes through it; all of it is this user's."""
    problems: list[DoctorFinding] = []
    passed_by = {doctor.layout.private, doctor.layout.run} if doctor.context.settings.team.group else set()
    for path in _private(doctor.layout):
        status = path.lstat()
        mode = stat.S_IMODE(status.st_mode)
        shown = safe(doctor.layout.relative(path), 120)
        if status.st_uid != os.geteuid():
            problems.append(failed("rights", f"{shown} belongs to another user (uid {status.st_uid}): chown it"))
        elif closed := mode & _OTHERS & ~(_PASS if path in passed_by else 0):
            repaired = doctor.apply_repair(lambda path=path, mode=mode & ~closed: path.chmod(mode))  # type: ignore[misc]
            problems.append(failed("rights", f"{shown} is open to others (mode {mode:04o})", repaired=repaired))
    if doctor.context.settings.team.group and not is_shared(doctor.layout):
        problems.append(failed("rights", "the group of the team has not got its rights: the engine's log says why"))
    root = doctor.layout.root.stat()
    if root.st_mode & stat.S_IWOTH and not root.st_mode & stat.S_ISVTX:
        problems.append(failed("rights", "everyone can write to the workspace: chmod o-w"))
    yield from problems
    if not problems:
        note = "; the engine runs as root, an account of its own is safer" if os.geteuid() == 0 else ""
        group = doctor.context.settings.team.group
        team = f", and shared with the group {safe(group, 60)}" if group else ""
        yield passed("rights", f"private to this user{team}{note}")


def _private(layout: Layout) -> Iterator[Path]:
    """The engine's directories and its secret files. Their metadata is read, never their content."""
    secret = (layout.journal, layout.serving, layout.backups, layout.segments)
    for folder in (layout.private, layout.run, layout.objects, layout.inference, layout.staging, *secret):
        if folder.is_dir():
            yield folder
    files = [layout.signing_key, layout.lock, *layout.private.glob(f"{layout.database.name}*")]
    files += [path for folder in secret if folder.is_dir() for path in folder.iterdir()]
    yield from (path for path in sorted(files) if path.exists() and stat.S_ISREG(path.lstat().st_mode))


def lock(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """The workspace has an owner."""
    path = doctor.layout.lock
    if not path.exists():
        yield failed(
            "lock", "the owner's lock file was removed while the engine is running; restart it: shopfloor down"
        )
        return
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        yield passed("lock", "held")
    else:
        yield failed(
            "lock", "the owner's lock is not held, so another engine could start; restart this one: shopfloor down"
        )
    finally:
        os.close(handle)


def engine(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Nothing degrades the running engine."""
    found = [f"degraded since {one.since:%Y-%m-%d %H:%M} UTC: {one.message}" for one in doctor.context.degraded.look()]
    yield from summed("engine", found, "not degraded")


def disk(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """There is room for the next backup and for the files that come."""
    free = shutil.disk_usage(doctor.layout.private).free
    needed = doctor.context.settings.intake.reserve_mb * _MB + 2 * doctor.layout.database.stat().st_size
    if free < needed:
        yield failed("disk", f"{size(free)} are free, {size(needed)} are needed: shopfloor gc, or a larger disk")
    else:
        yield passed("disk", f"{size(free)} are free")


def folders(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """The engine may read, write and enter every folder that people use."""
    layout = doctor.layout
    problems: list[str] = []
    for root in (layout.inbox, layout.score, layout.actuals, layout.quarantine, layout.outbox, layout.archive):
        if not root.is_dir():
            repaired = doctor.apply_repair(root.mkdir)
            yield failed("folders", f"{layout.relative(root)}/ is missing", repaired=repaired)
            continue
        if (found := fault(root, layout.root)) is not None:
            problems.append(str(found))
            continue
        inner = (path for path in sorted(root.iterdir()) if path.is_dir() and not ignored(path.name))
        problems += [str(found) for folder in inner if (found := fault(folder, layout.root)) is not None]
    yield from summed("folders", problems, "drop folders can be read and written")


def leftovers(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """Everything in staging belongs to a job."""
    found = waste(doctor.context, only_staging=True)
    if not found:
        yield passed("staging", "no leftovers")
        return
    repaired = doctor.apply_repair(lambda: [discard(doctor.layout, item) for item in found])
    yield failed(
        "staging",
        f"{counted(len(found), 'leftover')}, {size(sum(item.bytes for item in found))}: shopfloor gc",
        repaired=repaired,
    )
