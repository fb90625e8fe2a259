"""Bearer tokens of the REST endpoint. The secret is shown once; only its sha256 is kept."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.errors import ConflictError, IntegrityError, NotFoundError
from shopfloor.domain.names import check_name, did_you_mean
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe
from shopfloor.workspace.durable import read_regular, replace_file

_PREFIX = "sfk_"
_LIMIT = 4 << 20


class Token(Record, frozen=True, kw_only=True):
    """One issued token. `sha256` is the digest of the secret, `hint` its last four characters.

    Its holder may ask for predictions where `predict`, and add rows to the datasets `append`.
    """

    name: str
    sha256: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None
    predict: bool = True
    append: tuple[str, ...] = ()


def create(name: str, store_path: Path, at: datetime, *, predict: bool = True, append: Iterable[str] = ()) -> str:
    """Issue a token and return its secret, which cannot be read again.

    Raises `ConflictError` when an active token has that name, `UsageError` for a bad name.
    """
    check_name(name, "Token")
    datasets = tuple(dict.fromkeys(check_name(dataset, "Dataset") for dataset in append))
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = Token(name=name, sha256=_digest(secret), hint=secret[-4:], created_at=at, predict=predict, append=datasets)
    with _exclusive(store_path):
        tokens = list_tokens(store_path)
        if any(known.name == name and known.revoked_at is None for known in tokens):
            raise ConflictError(
                f"There is an active token called {name!r}.",
                hint="Revoke it first, or choose another name.",
                code="token_exists",
            )
        _write(store_path, (*tokens, token))
    return secret


def list_tokens(store_path: Path) -> tuple[Token, ...]:
    """All tokens ever issued, oldest first. Raises `IntegrityError` for a damaged file."""
    if not store_path.exists():
        return ()
    data = read_regular(store_path, _LIMIT)
    try:
        return from_json(data or b"", tuple[Token, ...])
    except msgspec.DecodeError as error:
        raise IntegrityError(
            f"The token file {store_path.name} cannot be read: {error}.",
            hint="Restore it from a backup, or delete it and create new tokens.",
            code="tokens_damaged",
        ) from error


def revoke(name: str, store_path: Path, at: datetime) -> Token:
    """Make the active token `name` worthless; running servers notice within 200 ms.

    Revoked again nothing changes. Raises `NotFoundError` for a name that no token ever had.
    """
    with _exclusive(store_path):
        tokens = list_tokens(store_path)
        active = [token for token in tokens if token.revoked_at is None]
        found = next((token for token in active if token.name == name), None)
        past = next((token for token in reversed(tokens) if token.name == name), None)
        if found is None and past is not None:
            return past
        if found is None:
            raise NotFoundError(
                f"There is no active token called {safe(name, 80)!r}.",
                hint=did_you_mean(name, (token.name for token in active)) or "Create one: shopfloor token create NAME",
                code="token_not_found",
            )
        revoked = msgspec.structs.replace(found, revoked_at=at)
        _write(store_path, tuple(revoked if token is found else token for token in tokens))
    return revoked


def verify(secret: str, tokens: Iterable[Token]) -> Token | None:
    """The active token whose secret this is, or None.

    Every stored digest is compared, each in constant time, so the time taken tells nothing about
    which token was close.
    """
    digest = _digest(secret)
    found = None
    for token in tokens:
        same = hmac.compare_digest(token.sha256, digest)
        if same and token.revoked_at is None:
            found = token
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _write(store_path: Path, tokens: tuple[Token, ...]) -> None:
    replace_file(store_path, to_json(tokens), mode=0o600)


@contextmanager
def _exclusive(store_path: Path) -> Iterator[None]:
    """Read, change and write as one step, also between processes."""
    store_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = store_path.with_name(f".{store_path.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
