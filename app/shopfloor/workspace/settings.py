"""`workspace.toml`: typed settings with defaults that work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from shopfloor.domain.contract import Originals
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.monitor import Severity
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.notice import FOR_PEOPLE
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.workspace import accounts
from shopfloor.workspace.form import parse_form, read_form, write_text_atomic
from shopfloor.workspace.layout import Layout


class IntakeSettings(Record, frozen=True, kw_only=True):
    """How files are taken in. Times in seconds, sizes in megabytes.

    One delivery claims up to `batch_files` and `batch_mb`; above `queued_batches` or `queued_mb` that are claimed
    and not read yet, and below `reserve_mb` of free space, the files of a dataset wait where they are.
    """

    settle_seconds: float = 2.0
    scan_seconds: float = 5.0
    watch: bool = True
    originals: Originals = Originals.ARCHIVE
    max_file_mb: int = 20_000
    memory_mb: int = 1_000
    batch_files: int = 2_000
    batch_mb: int = 4_000
    queued_batches: int = 8
    queued_mb: int = 10_000
    digest_minutes: float = 10.0
    stalled_minutes: float = 30.0
    reserve_mb: int = 200


class StreamSettings(Record, frozen=True, kw_only=True):
    """How posted rows become versions. A segment is rolled when the first of its limits is reached.

    `idle_seconds` count from the last post, `age_seconds` from the first. Above `backlog_mb` of rows
    that are in no version yet, posts are deferred. Rows that wait for longer than
    `stuck_seconds`, in a stream or at the end of a followed file, are reported as stuck.
    """

    roll_rows: int = 50_000
    roll_mb: float = 16.0
    idle_seconds: float = 5.0
    age_seconds: float = 10.0
    backlog_mb: float = 512.0
    post_mb: float = 8.0
    follow_seconds: float = 1.0
    stuck_seconds: float = 120.0


class EngineSettings(Record, frozen=True, kw_only=True):
    """The engine's own limits. `workers` 0 means one for each core; `scheduler` is the dask cluster's address.

    Below `reserve_mb` of free space every change is refused. Every `scrub_days` all stored objects are read again,
    in idle time, to find what a disk has damaged; 0 never.
    """

    workers: int = 0
    backend: str = "loky"
    scheduler: str = ""
    idle_worker_seconds: float = 60.0
    job_timeout_minutes: float = 240.0
    scrub_days: float = 7.0
    reserve_mb: int = 8


class ServingSettings(Record, frozen=True, kw_only=True):
    """The REST endpoint, started only by `shopfloor serve`, and the files of predictions.

    `raw_csv` leaves text in `outbox/` as it is; else no cell there is run by a spreadsheet. What a model answers over
    REST is checked at most every `check_seconds`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    loaded_models: int = 200
    durability: str = "batch"
    raw_csv: bool = False
    check_seconds: float = 60.0


class RetentionSettings(Record, frozen=True, kw_only=True):
    """How many backups are kept, and for how many days the rejected rows of files that are decided, logs of jobs, and
    what files, contracts, versions, aliases, alerts and settings were before each change.

    0 days keep for ever. What a quarantined file holds against it stays while it waits.
    """

    backups: int = 7
    rejects_days: float = 90.0
    log_days: float = 90.0
    history_days: float = 365.0


class TeamRoles(Record, frozen=True, kw_only=True):
    """Who of the team may do what: names of users, and of groups as `@name`. Empty: every member."""

    approve: tuple[str, ...] = ()
    promote: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()


class TeamSettings(Record, frozen=True, kw_only=True):
    """The Unix group whose members use the workspace; without one it is its owner's alone."""

    group: str = ""
    roles: TeamRoles = TeamRoles()


class NotifyRule(Record, frozen=True, kw_only=True):
    """Which events a command is told of, as JSON on its standard input.

    `kinds` and `subjects` are patterns such as `alert.*`; no subjects mean all. What comes within `every_seconds` of a
    message is one message. A rule without a name is called by its place, from 1.
    """

    command: tuple[str, ...]
    name: str = ""
    kinds: tuple[str, ...] = FOR_PEOPLE
    subjects: tuple[str, ...] = ()
    severity: Severity = Severity.INFO
    every_seconds: float = 60.0


class Settings(Record, frozen=True, kw_only=True):
    """The whole of `workspace.toml`. `notify` are rules, or one command, which is a rule with defaults."""

    name: str = ""
    notify: tuple[str | NotifyRule, ...] = ()
    intake: IntakeSettings = IntakeSettings()
    stream: StreamSettings = StreamSettings()
    engine: EngineSettings = EngineSettings()
    serving: ServingSettings = ServingSettings()
    retention: RetentionSettings = RetentionSettings()
    team: TeamSettings = TeamSettings()

    @property
    def notify_rules(self) -> tuple[NotifyRule, ...]:
        """The rules of `notify`, each with a name."""
        command = tuple(each for each in self.notify if isinstance(each, str))
        rules = [each for each in self.notify if isinstance(each, NotifyRule)]
        if command:
            rules.append(NotifyRule(command=command))
        return tuple(
            rule if rule.name else msgspec.structs.replace(rule, name=str(place)) for place, rule in enumerate(rules, 1)
        )


def load_settings(layout: Layout) -> Settings:
    """The settings of a workspace; raises `ConfigError`."""
    return _check(read_form(layout.settings, Settings), layout)


def _check(settings: Settings, layout: Layout) -> Settings:
    check_team(settings.team, layout)
    return check(settings, str(layout.settings))


def check(settings: Settings, source: str) -> Settings:
    """Refuse numbers that cannot work, by name."""
    positive = {
        "intake.settle_seconds": settings.intake.settle_seconds,
        "intake.scan_seconds": settings.intake.scan_seconds,
        "intake.max_file_mb": settings.intake.max_file_mb,
        "intake.memory_mb": settings.intake.memory_mb,
        "intake.batch_files": settings.intake.batch_files,
        "intake.batch_mb": settings.intake.batch_mb,
        "intake.queued_batches": settings.intake.queued_batches,
        "intake.queued_mb": settings.intake.queued_mb,
        "intake.stalled_minutes": settings.intake.stalled_minutes,
        **{f"stream.{key}": getattr(settings.stream, key) for key in StreamSettings.__struct_fields__},
        "engine.idle_worker_seconds": settings.engine.idle_worker_seconds,
        "serving.check_seconds": settings.serving.check_seconds,
    }
    for key, value in positive.items():
        if not value > 0:
            raise ConfigError(f"{source}: key {key!r} must be above zero, not {value}.", hint="Use a positive number.")
    if settings.engine.reserve_mb < 0:
        raise ConfigError(
            f"{source}: key 'engine.reserve_mb' cannot be {settings.engine.reserve_mb}.",
            hint="8 keeps so many megabytes of disk space for the engine's own writing.",
        )
    for key in ("rejects_days", "log_days", "history_days"):
        days = getattr(settings.retention, key)
        if not 0 <= days < 36_500:
            raise ConfigError(
                f"{source}: key 'retention.{key}' must be 0 or a number of days, not {days}.",
                hint="90 keeps for three months, 0 for ever.",
            )
    if not settings.engine.scrub_days >= 0:
        raise ConfigError(
            f"{source}: key 'engine.scrub_days' cannot be {settings.engine.scrub_days}.",
            hint="7 reads all stored objects once a week, 0 never.",
        )
    _check_notify(settings, source)
    choices = {
        "engine.backend": (settings.engine.backend, ("loky", "dask", "sequential")),
        "serving.durability": (settings.serving.durability, ("batch", "strict")),
    }
    for key, (word, valid) in choices.items():
        if word not in valid:
            raise ConfigError(f"{source}: key {key!r} cannot be {word!r}.", hint=did_you_mean(word, valid))
    if settings.engine.backend == "dask" and not settings.engine.scheduler:
        raise ConfigError(
            f"{source}: key 'engine.scheduler' is empty, and backend 'dask' needs the address of its scheduler.",
            hint="Set it first, for example: shopfloor config set engine.scheduler tcp://10.0.0.5:8786",
        )
    return settings


def _check_notify(settings: Settings, source: str) -> None:
    """Refuse rules that could tell nobody."""
    rules = settings.notify_rules
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    hint = 'Write one [[notify]] for each rule, with command = ["/usr/local/bin/page-me"]. See docs/notify.md.'
    if len({isinstance(each, str) for each in settings.notify}) > 1:
        raise ConfigError(f"{source}: key 'notify' must be a command or a list of rules, not both.", hint=hint)
    if twice is not None:
        raise ConfigError(f"{source}: key 'notify': two rules are named {safe(twice, 60)!r}.", hint=hint)
    for rule in rules:
        if not rule.command or not rule.command[0]:
            raise ConfigError(f"{source}: key 'notify': the rule {safe(rule.name, 60)!r} has no command.", hint=hint)
        if not 0 <= rule.every_seconds < 1e9:
            raise ConfigError(
                f"{source}: key 'notify': every_seconds of the rule {safe(rule.name, 60)!r} cannot be "
                f"{rule.every_seconds}.",
                hint="60 sends at most one message a minute.",
            )


def check_team(team: TeamSettings, layout: Layout) -> None:
    """Refuse a group that cannot have the workspace, and roles that nobody could have.

    An empty group is always right, whatever roles stand beside it: nothing may keep a workspace from being closed.
    """
    source = str(layout.settings)
    if not team.group:
        return
    group = accounts.group_id(team.group)
    if group is None:
        raise ConfigError(
            f"{source}: key 'team.group': there is no group {safe(team.group, 60)!r} on this machine.",
            hint="Name one that exists (getent group), or create it: sudo groupadd NAME",
        )
    if not layout.has_own_socket:
        raise ConfigError(
            f"{source}: key 'team.group': the path of the workspace is too long for a team, "
            "whose members find the engine's socket in it.",
            hint="Move the workspace to a shorter path.",
        )
    _check_membership(team.group, group, accounts.owner(layout), source)
    _check_roles(team.roles, source)


def _check_membership(name: str, group: int, owner: int, source: str) -> None:
    """The owner gives the group its rights, and only a member may. Only the owner's own process knows for certain."""
    if owner != os.geteuid() or owner == accounts.ROOT or group in accounts.own_groups():
        return
    me = accounts.user_name(owner)
    if group in accounts.listed_groups(owner):
        raise ConfigError(
            f"{source}: key 'team.group': {me} was added to the group {name!r} after this login.",
            hint="Log in again, then stop and start the engine: shopfloor down; shopfloor up",
        )
    raise ConfigError(
        f"{source}: key 'team.group': {me}, who runs Shopfloor, is not a member of the group {name!r}.",
        hint=f"Add {me} to it (sudo usermod -aG {name} {me}) and log in again, or name a group of {me}'s: id -Gn",
    )


def _check_roles(roles: TeamRoles, source: str) -> None:
    for role in TeamRoles.__struct_fields__:
        for name in getattr(roles, role):
            if not accounts.is_known(name):
                raise ConfigError(
                    f"{source}: key 'team.roles.{role}': there is no {'group' if name[:1] == '@' else 'user'} "
                    f"{safe(name, 60)!r} on this machine.",
                    hint='Write users by their name and groups with @: ["ann", "@release"].',
                )


def get_setting(layout: Layout, key: str) -> Any:
    """The value of a dotted `key`, defaults included; a table gives a dictionary."""
    value: Any = msgspec.to_builtins(load_settings(layout))
    for word in key.split(".") if key else []:
        if not isinstance(value, dict) or word not in value:
            raise ConfigError(
                f"There is no setting {key!r}.",
                hint=did_you_mean(key, _dotted(msgspec.to_builtins(Settings()))),
                code="unknown_key",
            )
        value = value[word]
    return value


def set_setting(layout: Layout, key: str, text: str) -> None:
    """Write one setting, keeping comments; `text` is a TOML value or a bare word."""
    current = get_setting(layout, key)
    if key.startswith("team.roles.") and text != "[]" and not get_setting(layout, "team.group"):
        raise ConfigError(
            f"{layout.settings}: key {key!r} has no effect without a team: key 'team.group' is empty.",
            hint="Name the group of the team first: shopfloor config set team.group GROUP",
        )
    document = tomlkit.parse(layout.settings.read_text(encoding="utf-8"))
    table: Any = document
    *path, last = key.split(".")
    for word in path:
        table = table.setdefault(word, tomlkit.table())
    table[last] = _value(text, current)
    rendered = tomlkit.dumps(document)
    _check(parse_form(rendered, Settings, str(layout.settings)), layout)
    write_text_atomic(layout.settings, rendered)


def _value(text: str, current: Any) -> Any:
    if isinstance(current, str):
        return text.strip('"')
    try:
        parsed = tomlkit.parse(f"v = {text}")["v"]
    except Exception as error:  # tomlkit raises a family of parse errors without a common documented root
        raise ConfigError(f"{text!r} is not a value.", hint='Write a number, true, false or ["a", "list"].') from error
    if isinstance(current, float) and isinstance(parsed, int) and not isinstance(parsed, bool):
        return float(parsed)
    return parsed


def _dotted(tree: dict[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for key, value in tree.items():
        keys += _dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return keys


def is_workspace(directory: Path) -> bool:
    """True when `directory` holds a `workspace.toml`."""
    return (directory / "workspace.toml").is_file()
