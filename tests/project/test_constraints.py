"""constraints.txt names every package that `make` installs, exactly, and no place to get it from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = dict(line.split("==") for line in LINES)


def _declared() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"], *(x for e in extras for x in e)]
    return [one for one in map(Requirement, lines) if one.name != PROJECT["project"]["name"]]


def _needed(requirement: Requirement, seen: set[tuple[str, str]]) -> Iterator[str]:
    """The package and what it needs in turn on this machine."""
    for extra in {"", *requirement.extras}:
        if (requirement.name, extra) in seen:
            continue
        seen.add((requirement.name, extra))
        yield canonicalize_name(requirement.name)
        try:
            further = requires(requirement.name) or []
        except PackageNotFoundError:  # the build backend of an environment that another tool made
            continue
        for one in map(Requirement, further):
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                yield from _needed(one, seen)


def test_each_line_is_one_exact_version_and_nothing_else() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in LINES)
    assert sorted(PINS) == list(PINS)


def test_all_that_the_project_needs_is_pinned() -> None:
    seen: set[tuple[str, str]] = set()
    needed = {name for one in _declared() for name in _needed(one, seen)}
    assert needed - PINS.keys() == set()


def test_the_pins_keep_to_what_the_project_declares() -> None:
    assert [str(one) for one in _declared() if not one.specifier.contains(PINS[canonicalize_name(one.name)])] == []
