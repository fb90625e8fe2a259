"""From text to the one thing that is meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lineage.factory import START, Factory, digest

from shopfloor.cli.output.lineage import as_tree
from shopfloor.domain.errors import NotFoundError, UsageError


def _filled(factory: Factory) -> Factory:
    factory.commit("flights", [factory.deliver("flights")])
    factory.commit("flights", [factory.deliver("flights")])
    run = factory.train("late", "flights", 1)
    factory.register("late", run)
    factory.register("late", run)
    factory.seq = factory.promote("late", 1)  # type: ignore[attr-defined]
    factory.log("late", "predictions", version=1)
    factory.log("late", "actuals")
    factory.alert("late", "performance")
    return factory


@pytest.fixture(scope="module")
def shared() -> Factory:
    """For tests that only look."""
    return _filled(Factory())


@pytest.fixture
def factory(factory: Factory) -> Factory:
    return _filled(factory)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("f1", "f1"),
        ("flights@1", "flights@1"),
        ("flights@v1", "flights@1"),
        ("flights", "flights@2"),
        (" flights@latest ", "flights@2"),
        ("dataset:flights", "flights@2"),
        ("late", "late@1"),
        ("late@2", "late@2"),
        ("late@champion", "late@1"),
        ("late@latest", "late@2"),
        ("model:late@2", "late@2"),
        ("r1", "r1"),
        ("run:r1", "r1"),
        ("a1", "a1"),
        (digest("flights", 1)[:8], digest("flights", 1)[:16]),
        (digest("flights", 1), digest("flights", 1)[:16]),
        (f"part:{digest('flights', 2)[:12]}", digest("flights", 2)[:16]),
        (digest("f1"), "f1"),
        (digest("f1")[:10], "f1"),
        (digest(2), "flights@2"),
        (digest("late", 2), "late@2"),
        (f"model:{digest('late', 2)[:12]}", "late@2"),
        ("late@1:batch", "late@1:batch"),
        ("late:actuals", "late:actuals"),
    ],
)
def test_references(shared: Factory, text: str, root: str) -> None:
    assert shared.trace(text, "up").root == root


def test_deployment_by_number_or_as_the_current_one(shared: Factory) -> None:
    seq = shared.seq  # type: ignore[attr-defined]
    assert shared.trace(f"late:champion#{seq}", "up").root == shared.trace("late:champion", "up").root


def test_every_node_can_be_looked_up_again(shared: Factory) -> None:
    for node in shared.trace("f1").nodes:
        again = shared.trace(node.ref).nodes[0]
        assert (again.kind, again.ref, again.data) == (node.kind, node.ref, node.data)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("f99", "f2"),
        ("r99", "r1"),
        ("j1", "no job yet"),
        ("fligts@1", "flights@1"),
        ("dataset:fligts", "flights"),
        ("flights@99", "flights@2"),
        ("laet", "late"),
        ("ffffffff", "Write a file"),
        ("", "Write a file"),
        ("late:champion#999", "late@2"),
    ],
)
def test_unknown_references_get_the_nearest(shared: Factory, text: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        shared.trace(text)
    assert hint in caught.value.hint


def test_wrong_kind_is_not_found(shared: Factory) -> None:
    with pytest.raises(NotFoundError):
        shared.trace("model:flights")
    with pytest.raises(NotFoundError):
        shared.trace("run:f1")


def test_same_name_for_dataset_and_model(factory: Factory) -> None:
    factory.commit("churn", [factory.deliver("churn")])
    factory.register("churn", factory.train("churn", "churn", 1))
    both = factory.trace("churn@1")
    assert (both.root, both.also) == ("dataset:churn@1", ("model:churn@1",))
    assert factory.trace("dataset:churn", "up").root == "dataset:churn@1"
    assert factory.trace("model:churn", "up").root == "model:churn@1"
    refs = [node.ref for node in factory.trace("dataset:churn@1").nodes]
    assert len(refs) == len(set(refs))
    assert {"dataset:churn@1", "model:churn@1"} <= set(refs)


@pytest.mark.parametrize("direction", ["up", "down", "both"])
def test_a_shared_name_shows_what_each_meaning_would(factory: Factory, direction: str) -> None:
    factory.commit("churn", [factory.deliver("churn")])
    factory.commit("churn", [factory.deliver("churn")])
    factory.register("churn", factory.train("churn", "churn", 2))
    refs = {node.ref for node in factory.trace("churn@1", direction).nodes}
    assert refs == {
        node.ref for meant in ("dataset:churn@1", "model:churn@1") for node in factory.trace(meant, direction).nodes
    }
    tree = as_tree(factory.trace("churn@1", direction))
    assert all(ref in tree for ref in refs)


def test_a_version_that_only_one_of_them_has_is_not_ambiguous(factory: Factory) -> None:
    factory.commit("churn", [factory.deliver("churn")])
    factory.commit("churn", [factory.deliver("churn")])
    factory.register("churn", factory.train("churn", "churn", 1))
    assert factory.trace("churn@2", "up").root == "dataset:churn@2"


def test_a_dataset_may_look_like_an_id(factory: Factory) -> None:
    factory.commit("f1", [factory.deliver("f1")])
    with pytest.raises(UsageError):
        factory.trace("f1")
    assert factory.trace("file:f1", "up").root == "f1"
    assert factory.trace("dataset:f1", "up").root == "f1@1"


def test_ambiguous_digest(factory: Factory) -> None:
    first, second = "ab" * 8 + "0" * 48, "ab" * 8 + "1" * 48
    factory.commit("flights", [factory.deliver("flights")], part=first)
    factory.commit("flights", [factory.deliver("flights")], part=second)
    with pytest.raises(UsageError) as caught:
        factory.trace("abababab")
    assert first[:16] in caught.value.hint
    assert factory.trace("ab" * 8 + "0", "up").nodes[0].data["sha256"] == first


def test_not_by_that_time(shared: Factory) -> None:
    with pytest.raises(NotFoundError) as caught:
        shared.trace("flights@2", as_of=START + timedelta(hours=2))
    assert "by that time" in caught.value.message
    with pytest.raises(NotFoundError) as caught:
        shared.trace("late", as_of=START)
    assert "came at" in caught.value.hint


def test_champion_of_then(factory: Factory) -> None:
    before = factory.now
    factory.promote("late", 2)
    assert factory.trace("late", "up").root == "late@2"
    assert factory.trace("late", "up", before).root == "late@1"


def test_bad_direction(shared: Factory) -> None:
    with pytest.raises(UsageError):
        shared.trace("f1", "sideways")


_MADE = Factory()


@given(st.text(max_size=40))
def test_no_text_breaks_the_lookup(text: str) -> None:
    with pytest.raises((NotFoundError, UsageError)):
        _MADE.trace(text)
