from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.serving.builders import AT

from shopfloor.domain.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from shopfloor.serving.tokens import create, list_tokens, revoke, verify


def test_only_a_digest_is_stored_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    secret = create("ci", path, AT)
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(secret) > 40


def test_a_secret_is_its_holders_until_revoked(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    first, second = create("one", path, AT), create("two", path, AT)
    holder = verify(second, list_tokens(path))
    assert holder is not None
    assert holder.name == "two"
    revoke("two", path, AT)
    assert verify(second, list_tokens(path)) is None
    assert verify(first, list_tokens(path)) is not None
    assert [token.revoked_at for token in list_tokens(path)] == [None, AT]


@pytest.mark.parametrize("wrong", ["", "x", "sfk_", "ÿ", "\udcff", "a" * 10_000])
def test_another_secret_is_nobodys(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "tokens.json"
    secret = create("ci", path, AT)
    tokens = list_tokens(path)
    assert verify(wrong, tokens) is None
    assert verify(secret[:-1], tokens) is None
    assert verify(secret.swapcase(), tokens) is None
    # The digest is no secret that lets one in.
    assert verify(tokens[0].sha256, tokens) is None


def test_names_are_unique_among_active_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    old = create("ci", path, AT)
    with pytest.raises(ConflictError):
        create("ci", path, AT)
    revoke("ci", path, AT)
    new = create("ci", path, AT)
    assert verify(old, list_tokens(path)) is None
    assert verify(new, list_tokens(path)) is not None


def test_revoked_again_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    create("ci", path, AT)
    revoke("ci", path, AT)
    before = path.read_bytes()
    assert revoke("ci", path, AT + timedelta(days=1)).revoked_at == AT
    assert path.read_bytes() == before


def test_unknown_and_bad_names(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    create("reports", path, AT)
    with pytest.raises(NotFoundError, match="reports"):
        revoke("report", path, AT)
    with pytest.raises(NotFoundError) as caught:
        revoke("ci", tmp_path / "none.json", AT)
    assert "shopfloor token create" in caught.value.hint
    with pytest.raises(UsageError):
        create("no spaces", path, AT)


def test_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('[{"name": "x"')
    with pytest.raises(IntegrityError):
        list_tokens(path)
    with pytest.raises(IntegrityError):
        create("ci", path, AT)


def test_racing_creators_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    threads = [threading.Thread(target=create, args=(f"t{place}", path, AT)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {token.name for token in list_tokens(path)} == {f"t{place}" for place in range(12)}
