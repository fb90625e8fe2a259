"""Two people must approve, in a workspace that has one account only. With two: tests/engine/test_team.py."""

from __future__ import annotations

from tests.line.factory import Factory


def test_two_approvals_are_refused_where_all_share_one_account(factory: Factory) -> None:
    """By the engine when they are asked for, by `config validate` when a file asks for them; both say the way out."""
    asked = ("model", "define", "kredit", "--dataset", "none", "--target", "y", "--approvals", "2")
    file = factory.root / "models" / "kredit.toml"
    told = [factory(*asked, expect=2).stderr]
    assert not file.exists()
    file.write_text('dataset = "none"\ntarget = "y"\n[release]\npolicy = "approval"\napprovals = 2\n')
    try:
        told.append(factory("config", "validate", expect=2).stdout)
    finally:
        file.unlink()
    for words in told:
        assert "models/kredit.toml: key 'release.approvals' is 2, but whoever approves here uses the same" in words
        assert "shopfloor config set team.group GROUP" in " ".join(words.split())
