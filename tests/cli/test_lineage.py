"""Lineage as text, DOT and OpenLineage."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from tests.cli import samples

from shopfloor.cli.output.lineage import as_dot, as_tree
from shopfloor.cli.output.openlineage import as_events
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode


def graph(edges: list[tuple[str, str]], root: str, direction: str = "both", kind: str = "file") -> LineageGraph:
    refs = dict.fromkeys([root, *(ref for edge in edges for ref in edge)])
    return LineageGraph(
        root=root,
        direction=direction,
        nodes=tuple(LineageNode(kind=kind, ref=ref, label=ref) for ref in refs),
        edges=tuple(LineageEdge(source=source, target=target, relation="made") for source, target in edges),
    )


def test_only_the_side_that_was_asked_for() -> None:
    both = [("a", "b"), ("b", "c")]
    assert "upstream" in as_tree(graph(both, "b", "up"))
    assert "downstream" not in as_tree(graph(both, "b", "up"))
    assert "upstream" not in as_tree(graph(both, "b", "down"))
    assert "no lineage" in as_tree(graph(both, "a", "up"))


def test_a_thing_with_two_ways_is_unfolded_once() -> None:
    shown = as_tree(graph([("d", "c"), ("c", "a"), ("c", "b"), ("a", "r"), ("b", "r")], "r", "up"))
    assert shown.count("file  d") == 1
    assert shown.count("(shown above)") == 1


def test_a_circle_ends() -> None:
    shown = as_tree(graph([("a", "b"), ("b", "a")], "a", "down"))
    assert "(shown above)" in shown


def test_a_thousand_files_are_summed_up() -> None:
    shown = as_tree(graph([(f"f{number}", "d@1") for number in range(1000)], "d@1", "up"))
    assert len(shown.splitlines()) < 20
    assert "988 more of file" in shown


def test_dot_quotes_what_would_end_a_string() -> None:
    shown = as_dot(graph([('a"b', "c\\d")], "c\\d"))
    assert '"a\\"b" -> "c\\\\d"' in shown
    assert re.fullmatch(r'digraph lineage \{\n(  ([^"\n]|"(\\.|[^"\\])*")*;\n)+\}', shown)


@pytest.fixture
def events() -> list[dict[str, object]]:
    return json.loads(json.dumps(as_events(samples.LINEAGE, "shopfloor://ws", "urn:shopfloor:0")))


def test_events_have_what_the_specification_requires(events: list[dict[str, object]]) -> None:
    """RunEvent of specification 2-0-2: eventTime, producer, schemaURL, run.runId, job namespace and name."""
    assert events
    for event in events:
        assert {"eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs", "eventType"} <= set(event)
        uuid.UUID(event["run"]["runId"])  # type: ignore[index]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(event["eventTime"]))
        for dataset in (*event["inputs"], *event["outputs"]):  # type: ignore[misc]
            assert {"namespace", "name"} <= set(dataset)
            for facet in dataset.get("facets", {}).values():
                assert {"_producer", "_schemaURL", "datasetVersion"} == set(facet)


def test_every_edge_is_an_input_or_an_output(events: list[dict[str, object]]) -> None:
    named = {each["name"] for event in events for each in (*event["inputs"], *event["outputs"])}  # type: ignore[misc]
    assert named == {"file.f1", "part.3f3f3f3f", "dataset.flights", "model.late-arrival", "alert.a2"}
    run = next(event for event in events if event["job"]["name"] == "run.boosting")  # type: ignore[index]
    assert [each["name"] for each in run["inputs"]] == ["dataset.flights"]  # type: ignore[attr-defined]
    assert [each["name"] for each in run["outputs"]] == ["model.late-arrival"]  # type: ignore[attr-defined]


def test_events_are_in_order_and_the_same_every_time(events: list[dict[str, object]]) -> None:
    assert [event["eventTime"] for event in events] == sorted(str(event["eventTime"]) for event in events)
    assert events == as_events(samples.LINEAGE, "shopfloor://ws", "urn:shopfloor:0")
    assert events != as_events(samples.LINEAGE, "shopfloor://other", "urn:shopfloor:0")


def test_a_dataset_and_a_model_of_one_name_stay_apart() -> None:
    found = as_events(
        LineageGraph(
            root="model:churn@3",
            direction="up",
            nodes=(
                LineageNode(kind="dataset_version", ref="dataset:churn@3", label=""),
                LineageNode(kind="model_version", ref="model:churn@3", label=""),
            ),
            edges=(LineageEdge(source="dataset:churn@3", target="model:churn@3", relation="trained"),),
        ),
        "ns",
        "urn:x",
    )
    assert (found[0]["inputs"][0]["name"], found[0]["outputs"][0]["name"]) == ("dataset.churn", "model.churn")


def test_a_failed_run_says_so() -> None:
    failed = LineageGraph(
        root="r1", direction="up", nodes=(LineageNode(kind="run", ref="r1", label="", state="failed"),), edges=()
    )
    assert as_events(failed, "ns", "urn:x")[0]["eventType"] == "FAIL"
