"""Rules that hold for every history."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.lineage.factory import START, Factory, data, raised

from shopfloor.domain.job import JobKind
from shopfloor.domain.lineage import LineageEdge, LineageGraph

SETTINGS = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["commit", "replace", "train", "promote", "predict", "actuals", "alert", "drift", "retrain", "drop"]
        ),
        st.integers(0, 2),
    ),
    min_size=6,
    max_size=16,
)


def build(actions: list[tuple[str, int]]) -> Factory:
    """A history: each action picks among what exists."""
    made = Factory()
    versions, registered, alerts = 0, 0, []
    for action, pick in [("commit", 0), *actions]:
        if action in ("commit", "replace"):
            delivered = [made.deliver("flights") for _ in range(pick + 1)]
            versions = made.commit("flights", delivered, replace=action == "replace")
        elif action == "train" or (action == "retrain" and alerts):
            cause = raised(alerts[pick % len(alerts)]) if action == "retrain" else data("flights", versions)
            job = made.job(JobKind.TRAIN, "late", cause).id
            registered = made.register("late", made.train("late", "flights", max(versions - pick, 1), job=job))
        elif action == "promote" and registered:
            made.promote("late", max(registered - pick, 1))
        elif action == "drop" and registered:
            made.promote("late", None)
        elif action in ("predict", "actuals") and registered:
            kind = "predictions" if action == "predict" else "actuals"
            made.log("late", kind, version=max(registered - pick, 1), source=("batch", "rest")[pick % 2])
        elif action in ("alert", "drift") and registered:
            alerts.append(made.alert("late", "performance" if action == "alert" else "feature_drift"))
    return made


@SETTINGS
@given(ACTIONS, st.randoms(use_true_random=False))
def test_up_is_the_mirror_of_down(actions: list[tuple[str, int]], random: Random) -> None:
    made = build(actions)
    down = made.trace("f1", "down")
    for other in random.sample(down.nodes, min(3, len(down.nodes))):
        up = made.trace(other.ref, "up")
        assert "f1" in refs(up)
        for above in random.sample(up.nodes, min(2, len(up.nodes))):
            assert {
                (edge.source, edge.target) for edge in between(made.trace(above.ref, "down"), above.ref, other.ref)
            } == {(edge.source, edge.target) for edge in between(up, above.ref, other.ref)}
    made.connection.close()


def refs(graph: LineageGraph) -> set[str]:
    return {node.ref for node in graph.nodes}


def between(graph: LineageGraph, first: str, last: str) -> list[LineageEdge]:
    """The edges on any path from `first` to `last`."""
    onward = {first}
    for _ in graph.nodes:
        onward |= {edge.target for edge in graph.edges if edge.source in onward}
    back = {last}
    for _ in graph.nodes:
        back |= {edge.source for edge in graph.edges if edge.target in back}
    return [edge for edge in graph.edges if edge.source in onward & back and edge.target in onward & back]


@SETTINGS
@example([*[("commit", 0)] * 8, ("train", 0), ("promote", 0), ("alert", 0), ("actuals", 0)], 23)
@given(ACTIONS, st.integers(1, 40))
def test_the_past_only_grows(actions: list[tuple[str, int]], hours: int) -> None:
    made = build(actions)
    moment = START + timedelta(hours=hours)
    for ref in ("f1", "flights@1"):
        if (START + timedelta(hours=2)) > moment:
            continue
        then, now = made.trace(ref, "down", moment), made.trace(ref, "down")
        assert all(node.at is not None and node.at <= moment for node in then.nodes)
        assert {node.ref for node in then.nodes} <= {node.ref for node in now.nodes}
        kept = {node.ref for node in now.nodes if node.at is not None and node.at <= moment}
        assert {node.ref for node in then.nodes} <= kept
    made.connection.close()


@SETTINGS
@given(ACTIONS, st.integers(1, 12))
def test_a_small_limit_keeps_a_part_of_the_whole(actions: list[tuple[str, int]], limit: int) -> None:
    made = build(actions)
    whole, part = made.trace("f1"), made.trace("f1", limit=limit)
    kept = [node for node in part.nodes if node.kind != "truncated"]
    assert len(kept) == min(limit, len(whole.nodes))
    assert {node.ref for node in kept} <= {node.ref for node in whole.nodes}
    assert (len(kept) < len(whole.nodes)) == any(node.kind == "truncated" for node in part.nodes)
    assert {end for edge in part.edges for end in (edge.source, edge.target)} <= {node.ref for node in part.nodes}
    made.connection.close()
