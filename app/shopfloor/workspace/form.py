"""TOML files of the team, decoded with errors that name file, key and the nearest valid key."""

from __future__ import annotations

import pathlib
import tomllib
import types
from collections.abc import Callable, Sequence
from datetime import date, time
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean, nearest
from shopfloor.workspace.durable import replace_file
from shopfloor.workspace.places import Path, dotted, line_of

T = TypeVar("T")
_SEE = "See `shopfloor config schema`."


def read_form(path: pathlib.Path, kind: type[T]) -> T:
    """The file at `path` as a `kind`; raises `ConfigError` for anything that does not fit."""
    return parse_form(read_text(path), kind, str(path))


def read_text(path: pathlib.Path) -> str:
    """The text of the file at `path`; raises `ConfigError` when it has none."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the file's name and permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from error


def parse_form(text: str, kind: type[T], source: str) -> T:
    """TOML `text` as a `kind`; `source` names it in errors."""
    form = TomlForm(text, source)
    return form.read(form.parse(), kind)


class TomlForm:
    """A TOML text and its file: turns what does not fit into an error with line and key."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source

    def parse(self) -> dict[str, Any]:
        """The text as TOML has it; raises `ConfigError` where it is none."""
        try:
            raw = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                f"{self._source} is not valid TOML: {error}.", hint="Correct that line; strings need quotes."
            ) from error
        return {key: _written(value) for key, value in raw.items()}

    def read(self, raw: Any, kind: type[T]) -> T:
        """`raw` as a `kind`; the first thing that does not fit is named."""
        self._check(raw, kind, ())
        try:
            return msgspec.convert(raw, type=kind)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{self._source}: {_sentence(str(error))}", hint=_SEE) from error

    def wrong(self, path: Path, why: str, hint: str, code: str = "") -> ConfigError:
        """An error about the value at `path`; `why` goes on after the key."""
        return ConfigError(f"{self._source}{self._line(path)}: key {dotted(path)!r} {why}", hint=hint, code=code)

    def _line(self, path: Path) -> str:
        line = line_of(self._text, path)
        return f", line {line}" if line is not None else ""

    def _check(self, raw: Any, kind: Any, path: tuple[str | int, ...]) -> None:
        """Raise for the deepest value that does not fit; what is missing is left to msgspec."""
        struct = _part(kind, lambda part: isinstance(part, type) and issubclass(part, msgspec.Struct))
        if struct is not None and isinstance(raw, dict):
            self._check_struct(raw, struct, path)
            return
        table = _part(kind, lambda part: get_origin(part) is dict)
        if table is not None and isinstance(raw, dict):
            for key, value in raw.items():
                self._check(value, get_args(table)[1], (*path, key))
            return
        items = _part(kind, lambda part: get_origin(part) is tuple)
        if items is not None and isinstance(raw, list):
            for position, value in enumerate(raw):
                self._check(value, get_args(items)[0], (*path, position))
            return
        self._check_value(raw, kind, path)

    def _check_struct(self, raw: dict[str, Any], struct: type[msgspec.Struct], path: tuple[str | int, ...]) -> None:
        kinds = _kinds(struct)
        for key, value in raw.items():
            if key not in kinds:
                where = (*path, key)
                raise ConfigError(
                    f"{self._source}{self._line(where)} has an unknown key {dotted(where)!r}.",
                    hint=did_you_mean(key, kinds),
                    code="unknown_key",
                )
            self._check(value, kinds[key], (*path, key))

    def _check_value(self, raw: Any, kind: Any, path: tuple[str | int, ...]) -> None:
        try:
            msgspec.convert(raw, type=kind)
        except msgspec.ValidationError as error:
            choice = _part(kind, lambda part: isinstance(part, type) and issubclass(part, Enum))
            if choice is None or not isinstance(raw, str):
                raise self.wrong(path, f"is wrong: {error}.".replace(" - at `$`", ""), _SEE) from error
            valid = [str(member.value) for member in choice]
            raise self.wrong(path, f"cannot be {raw!r}.", _choices(raw, valid)) from error


@cache
def _kinds(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What each key of a file may hold."""
    hints = get_type_hints(struct)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)}


def _choices(word: str, valid: Sequence[str]) -> str:
    """All valid words, the nearest first in a question of its own."""
    close = nearest(word, valid)
    listed = ", ".join(repr(each) for each in valid)
    return f"Did you mean {close!r}? Valid: {listed}." if close else f"Valid: {listed}."


def _part(kind: Any, fits: Callable[[Any], bool]) -> Any:
    """The part of a type, or of a union, that fits."""
    parts = get_args(kind) if get_origin(kind) in {Union, types.UnionType} else (kind,)
    return next((part for part in parts if fits(part)), None)


def _written(raw: Any) -> Any:
    """TOML's dates and times as the text that they were written as, in ISO form."""
    if isinstance(raw, dict):
        return {key: _written(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_written(value) for value in raw]
    return raw.isoformat() if isinstance(raw, date | time) else raw


def _sentence(message: str) -> str:
    """msgspec's words with the key in the file's own notation."""
    text, _, where = message.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    return f"key {key!r}: {text}." if key else f"{text}."


def write_text_atomic(path: pathlib.Path, text: str) -> None:
    """Replace the file at `path` as a whole: readers see the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.encode(), 0o666)
