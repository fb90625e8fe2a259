"""Events that reach the team's own commands: at least once, in order, in one message where many come together.

Every rule of `notify` remembers in the store up to which event its command has been told. What is not told yet is
simply what the event log holds beyond that, so neither a failing command nor the end of an engine loses any.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import NotFoundError, ShopfloorError
from shopfloor.domain.event import Event
from shopfloor.domain.monitor import AlertRecord, Severity
from shopfloor.domain.notice import Notice, NoticedEvent, Undelivered, severity_of, summary
from shopfloor.domain.numbers import duration
from shopfloor.domain.text import safe
from shopfloor.runtime.back_off import pause
from shopfloor.runtime.context import Context
from shopfloor.store import alerts, events
from shopfloor.store.rows import Query
from shopfloor.workspace.settings import NotifyRule

_LOG = logging.getLogger("shopfloor.notify")
_COMMAND_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_STOP_SECONDS = 2.0
_SAID = 4_000
_MOST_SAID = 1_000_000
_MOST_PAUSE = 300.0
_IDLE_SECONDS = 2.0
_PAGE = 1_000
_MOST = 1_000
_SEVERITIES = list(Severity)

Run = Callable[[Sequence[str], bytes], str]
"""Runs a command with this on its standard input; why it failed, empty when it did not."""
Ended = Callable[[], bool]
"""Whether nobody waits for a command any more."""


def matches(rule: NotifyRule, event: Event) -> bool:
    """Whether a rule wants to be told of an event."""
    return (
        any(fnmatchcase(event.kind, kind) for kind in rule.kinds)
        and (not rule.subjects or any(fnmatchcase(event.subject, subject) for subject in rule.subjects))
        and _SEVERITIES.index(severity_of(event)) >= _SEVERITIES.index(rule.severity)
    )


class _Found(NamedTuple):
    """The first of the events that a rule wants, how many there are, and up to which event was looked."""

    events: list[Event]
    number: int
    seq: int


@dataclass
class _RuleProgress:
    """How far a rule's command has been told: of everything up to event `told`. `due` is when it may be run again."""

    rule: NotifyRule
    told: int
    due: float = 0.0
    failed: Undelivered | None = None
    unstored: list[Event] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)


class Notifier:
    """A thread for each rule runs its command: neither the engine nor another rule waits for one that hangs."""

    def __init__(self, context: Context, run: Run | None = None) -> None:
        self._context = context
        self._ended = threading.Event()
        self._run = run or (lambda command, message: run_command(command, message, self._ended.is_set))
        self._deliveries: dict[str, _RuleProgress] = {}
        self._following = threading.Lock()
        self._threads: dict[str, threading.Thread] | None = None
        context.stream.listen(self._on_events)
        context.undelivered = self.undelivered
        context.settings_loaded = self.follow

    def start(self) -> None:
        """Go on where the engine before stopped."""
        self._threads = {}
        self.follow()

    def stop(self) -> None:
        """A message on its way is sent again by the next engine unless it arrives now; its command is ended."""
        self._wake()
        threads = list((self._threads or {}).values())
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        self._ended.set()
        for thread in threads:
            thread.join(timeout=10 * _LOOK_SECONDS)

    def undelivered(self) -> tuple[Undelivered, ...]:
        """What commands would not take, one for each rule."""
        return tuple(each.failed for each in list(self._deliveries.values()) if each.failed is not None)

    def follow(self) -> None:
        """Go by the settings: a new rule begins with the next event, a changed one goes on where it was."""
        with self._following:
            try:
                self._adopt({rule.name: rule for rule in self._context.settings.notify_rules})
            except (ShopfloorError, OSError):
                _LOG.warning("the rules of notify are not followed yet", exc_info=True)
            self._tend()
        self._wake()

    def turn(self, rule: str) -> float:
        """Tell a rule's command what is due; seconds until there may be more."""
        return self._deliver(self._deliveries[rule])

    def _tend(self) -> None:
        """Every rule has its thread, once the engine runs; one whose rule is gone ends by itself."""
        if self._threads is None:
            return
        self._threads = {name: thread for name, thread in self._threads.items() if thread.is_alive()}
        for name, each in self._deliveries.items():
            if name not in self._threads:
                thread = threading.Thread(target=self._loop, args=(name, each), name=f"notify {name}", daemon=True)
                self._threads[name] = thread
                thread.start()

    def _loop(self, name: str, each: _RuleProgress) -> None:
        while not self._context.stopping.is_set() and self._deliveries.get(name) is each:
            each.woken.clear()
            try:
                seconds = self._deliver(each)
            except Exception:  # noqa: BLE001 - the boundary of the thread: what is told later is not lost
                _LOG.exception("notifications wait")
                seconds = _IDLE_SECONDS
            each.woken.wait(seconds)

    def _wake(self) -> None:
        for each in list(self._deliveries.values()):
            each.woken.set()

    def _on_events(self, found: list[Event]) -> None:
        """On the writer's thread. What could not be stored is kept here, since nothing else does."""
        unstored = [event for event in found if not event.seq]
        for each in list(self._deliveries.values()) if unstored else ():
            each.unstored += [event for event in unstored if matches(each.rule, event)]
        self._wake()

    def _adopt(self, rules: dict[str, NotifyRule]) -> None:
        known = self._context.store.read(events.told)
        for name, rule in rules.items():
            if name in self._deliveries:  # the same one, for a message may be on its way
                self._deliveries[name].rule, self._deliveries[name].due = rule, 0.0
                continue
            told = known.get(name, self._context.store.last_seq)
            if name not in known:
                self._keep(name, told)
            self._deliveries[name] = _RuleProgress(rule, told)
        for name in self._deliveries.keys() - rules.keys():
            del self._deliveries[name]
        if gone := known.keys() - rules.keys():
            self._context.store.write(lambda transaction: events.forget_told(transaction, sorted(gone)))

    def _deliver(self, each: _RuleProgress) -> float:
        now = self._context.clock.monotonic()
        if now < each.due:
            return each.due - now
        found = self._context.store.read(lambda query: _after(query, each.rule, each.told))
        unstored = list(each.unstored)
        if not found.number and not unstored:
            each.told = found.seq
            return _IDLE_SECONDS
        chosen = [*found.events, *unstored]
        count = found.number + len(unstored)
        error = self._run(each.rule.command, to_json(self._notice(each.rule, chosen, count, found.seq)))
        now = self._context.clock.monotonic()
        if error:
            self._note_failure(each, chosen[0].seq, count, error)
            each.due = now + pause(each.failed.attempts if each.failed else 1, _MOST_PAUSE)
            return each.due - now
        each.told, each.failed, each.due = found.seq, None, now + each.rule.every_seconds
        del each.unstored[: len(unstored)]
        self._keep(each.rule.name, found.seq)
        return max(0.05, each.rule.every_seconds)

    def _note_failure(self, each: _RuleProgress, first: int, count: int, error: str) -> None:
        attempts = each.failed.attempts + 1 if each.failed else 1
        since: datetime = each.failed.since if each.failed else self._context.clock.now()
        _LOG.warning("notify rule %s: %s; %d events wait", each.rule.name, error, count)
        each.failed = Undelivered(
            rule=each.rule.name, events=count, first_seq=first, attempts=attempts, error=error, since=since
        )

    def _notice(self, rule: NotifyRule, chosen: list[Event], count: int, seq: int) -> Notice:
        wanted = [event.data["alert"] for event in chosen if isinstance(event.data.get("alert"), str)]
        known = self._context.store.read(lambda query: _alerts(query, wanted))
        severities = [severity_of(event) for event in chosen]
        return Notice(
            workspace=str(self._context.layout.root),
            rule=rule.name,
            seq=max((event.seq for event in chosen), default=seq),
            count=count,
            severity=max(severities, key=_SEVERITIES.index),
            text=summary(chosen),
            events=tuple(
                NoticedEvent(
                    **msgspec.structs.asdict(event),
                    severity=severity,
                    alert=known.get(str(event.data.get("alert"))),
                )
                for event, severity in zip(chosen, severities, strict=True)
            ),
            left_out=count - len(chosen),
        )

    def _keep(self, rule: str, seq: int) -> None:
        """Remember it; where nothing can be written the next engine tells it again."""
        try:
            self._context.store.write(lambda transaction: events.put_told(transaction, rule, seq))
        except (ShopfloorError, OSError):
            _LOG.warning("what was told by notify rule %s cannot be stored", rule, exc_info=True)


def _after(query: Query, rule: NotifyRule, seq: int) -> _Found:
    found: list[Event] = []
    count = 0
    while page := events.after(query, seq, _PAGE):
        wanted = [event for event in page if matches(rule, event)]
        found += wanted[: _MOST - len(found)]
        count += len(wanted)
        seq = page[-1].seq
    return _Found(found, count, seq)


def _alerts(query: Query, ids: Sequence[str]) -> dict[str, AlertRecord]:
    known = {}
    for id in dict.fromkeys(ids):
        try:
            known[id] = alerts.get(query, id)
        except NotFoundError:
            continue
    return known


def run_command(command: Sequence[str], message: bytes, ended: Ended = lambda: False) -> str:
    """Run a command; in a session of its own, so that all of it ends when it takes too long or the engine ends.

    What it says about its failure is kept in memory, a little of it: a disk that is full may be what it is to tell of.
    """
    said = os.memfd_create("said")
    fcntl.fcntl(said, fcntl.F_SETFL, os.O_APPEND)
    try:
        process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        if not _ends(process, message, said, ended):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "the engine ended" if ended() else f"the command was stopped after {duration(_COMMAND_SECONDS)}"
        if process.returncode == 0:
            return ""
        words = _newest(said).decode("utf-8", "replace").strip().splitlines()
        return f"the command ended with {process.returncode}" + (f": {safe(words[-1], 200)}" if words else "")
    except OSError as error:
        return f"the command cannot be run: {error.strerror or error}"
    finally:
        os.close(said)


def _ends(process: subprocess.Popen[bytes], message: bytes, said: int, ended: Ended) -> bool:
    """Whether it ends by itself in time; of much that it says only the newest is kept meanwhile."""
    sent: bytes | None = message
    for _ in range(max(1, round(_COMMAND_SECONDS / _LOOK_SECONDS))):
        try:
            process.communicate(sent, timeout=_LOOK_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            sent = None  # it goes on with what it has begun to send
        if ended():
            return False
        if os.fstat(said).st_size > _MOST_SAID:
            newest = _newest(said)
            os.ftruncate(said, 0)
            os.write(said, newest)
    return False


def _newest(said: int) -> bytes:
    return os.pread(said, _SAID, max(0, os.fstat(said).st_size - _SAID))
