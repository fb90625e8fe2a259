"""TOML files of the team, decoded with errors that name file, key and the nearest valid key."""

from __future__ import annotations

import os
import tomllib
import types
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean

T = TypeVar("T")


def read_form(path: Path, kind: type[T]) -> T:
    """The file at `path` as a `kind`; raises `ConfigError` for anything that does not fit."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the file's name and rights."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from error
    return parse_form(text, kind, str(path))


def parse_form(text: str, kind: type[T], source: str) -> T:
    """TOML `text` as a `kind`; `source` names it in errors."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{source} is not valid TOML: {error}.", hint="Mend that line; strings need quotes."
        ) from error
    _refuse_unknown(raw, kind, source, "")
    try:
        return msgspec.convert(raw, type=kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_sentence(str(error))}", hint="See `shopfloor config schema`.") from error


def _sentence(message: str) -> str:
    """msgspec's words with the key in the file's own notation."""
    text, _, where = message.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    return f"key {key!r}: {text}." if key else f"{text}."


def _refuse_unknown(raw: Any, kind: Any, source: str, prefix: str) -> None:
    struct = _struct_of(kind)
    if struct is None or not isinstance(raw, dict):
        return
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
    hints = get_type_hints(struct)
    for key, value in raw.items():
        if key not in fields:
            raise ConfigError(
                f"{source} has an unknown key {prefix + key!r}.", hint=did_you_mean(key, fields), code="unknown_key"
            )
        _refuse_unknown(value, hints[fields[key]], source, f"{prefix}{key}.")


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) in {Union, types.UnionType}:
        return next((found for part in get_args(kind) if (found := _struct_of(part))), None)
    return None


def write_text_atomic(path: Path, text: str) -> None:
    """Replace the file at `path` as a whole: readers see the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(partial, "w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)
