"""Long chains: bounded answers, few queries."""

from __future__ import annotations

from tests.lineage.factory import Factory


def test_the_number_of_queries_does_not_grow_with_the_width(factory: Factory) -> None:
    def queries(ref: str) -> int:
        factory.reader.count = 0
        factory.trace(ref)
        return factory.reader.count

    factory.commit("small", [factory.deliver("small")])
    factory.register("m", factory.train("m", "small", 1))
    few = queries("small@1")
    factory.commit("wide", [factory.deliver("wide") for _ in range(60)])
    for _ in range(30):
        factory.register("w", factory.train("w", "wide", 1))
    assert queries("wide@1") == few
    assert len(factory.trace("wide@1").nodes) > 100


def test_a_burst_of_files_is_cut_with_a_note(factory: Factory) -> None:
    factory.commit("burst", [factory.deliver("burst") for _ in range(40)])
    graph = factory.trace("burst@1", "up", limit=12)
    note = graph.nodes[-1]
    assert (note.kind, note.data["dropped"]) == ("truncated", 30)
    assert graph.edges[-1].target == "burst@1"
    shown = [node.ref for node in graph.nodes if node.kind == "file"]
    assert shown == [f"f{number}" for number in range(40, 30, -1)]
