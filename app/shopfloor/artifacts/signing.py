"""Signatures over exact bytes: an HMAC-SHA256 that only this workspace can make."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from shopfloor.domain.errors import IntegrityError

_PURPOSE = b"shopfloor artifact manifest v1\n"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A signed document. `manifest` stays raw: the signature holds for its bytes as stored."""

    manifest: msgspec.Raw
    key_id: str
    hmac: str


def key_id(key: bytes) -> str:
    """A short public name of a key, to tell "another workspace's key" from "changed bytes"."""
    return hashlib.sha256(b"shopfloor key id\n" + key).hexdigest()[:16]


def seal(document: bytes, key: bytes) -> bytes:
    """`document` (one JSON value) with its signature, as JSON bytes."""
    envelope = Envelope(manifest=msgspec.Raw(document), key_id=key_id(key), hmac=_sign(document, key))
    return msgspec.json.encode(envelope)


def unseal(data: bytes, key: bytes, what: str) -> bytes:
    """The document inside `data`, after its signature was verified.

    Raises `IntegrityError` naming `what` when the bytes are not exactly those this key signed.
    """
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(f"{what} is not a signed manifest: {error}", "manifest_damaged") from error
    document = bytes(envelope.manifest)
    ours = envelope.key_id == key_id(key)
    if hmac.compare_digest(_sign(document, key).encode(), envelope.hmac.encode()) and ours:
        return document
    if not ours:
        raise _refusal(f"{what} was signed with another workspace's key.", "foreign_signature")
    raise _refusal(f"{what} was changed after it was signed.", "signature_mismatch")


def _sign(document: bytes, key: bytes) -> str:
    return hmac.new(key, _PURPOSE + document, hashlib.sha256).hexdigest()


def _refusal(message: str, code: str) -> IntegrityError:
    return IntegrityError(
        message,
        hint="The model was not opened. Roll back to another version, retrain, or import a bundle.",
        code=code,
    )
