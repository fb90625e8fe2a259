"""One whole line, from a file to the job that an alert started."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from tests.lineage.factory import START, Factory, data, digest, raised

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.file import FilePurpose, FileState, Reason
from shopfloor.domain.job import JobKind
from shopfloor.domain.lineage import LineageGraph, LineageNode
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.lineage.key import NodeKind
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.checks import checks


class Line:
    """flights@1 → r1 → late@1 → champion → predictions → actuals → alert a1 → job → r2 → late@2 → champion."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.moments: dict[str, datetime] = {}
        for name in ("data", "model", "live", "alerted", "retrained"):
            getattr(self, name)()
            self.moments[name] = factory.now

    def data(self) -> None:
        made = self.factory
        self.file = made.deliver("flights")
        intake = made.job(JobKind.INTAKE, "flights", payload={"files": [self.file], "accept": False})
        self.intake = intake.id
        made.finish(intake, {"version": made.commit("flights", [self.file], cause="a1 r1.csv"), "committed": 1})

    def model(self) -> None:
        made = self.factory
        self.training = made.job(JobKind.TRAIN, "late", data("flights", 1)).id
        self.run = made.train("late", "flights", 1, job=self.training, pooled=True)
        made.register("late", self.run)
        self.first = made.promote("late", 1)

    def live(self) -> None:
        made = self.factory
        self.scored = made.deliver("late", purpose=FilePurpose.SCORE)
        self.scoring = made.job(JobKind.SCORE, "late", payload={"files": [self.scored], "accept": False}).id
        made.log("late", "predictions", version=1, origin=self.scoring)
        made.log("late", "predictions", version=1, source="rest", origin="01segment")
        self.truth = made.deliver("late", purpose=FilePurpose.ACTUALS)
        made.log("late", "actuals", source="batch", origin=self.truth)

    def alerted(self) -> None:
        self.alert = self.factory.alert("late", "performance")
        self.drift = self.factory.alert("late", "feature_drift", "distance", version=1)

    def retrained(self) -> None:
        made = self.factory
        self.retraining = made.job(JobKind.TRAIN, "late", raised(self.alert)).id
        self.second_run = made.train("late", "flights", 1, job=self.retraining)
        made.register("late", self.second_run)
        self.second = made.promote("late", 2)


@pytest.fixture(scope="module")
def shared() -> Line:
    """For tests that only look."""
    return Line(Factory())


@pytest.fixture
def line(factory: Factory) -> Line:
    return Line(factory)


def refs(graph: LineageGraph) -> set[str]:
    return {node.ref for node in graph.nodes}


def edges(graph: LineageGraph) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in graph.edges}


def node(graph: LineageGraph, ref: str) -> LineageNode:
    return next(found for found in graph.nodes if found.ref == ref)


def chain(line: Line) -> list[str]:
    part = digest("flights", 1)[:16]
    return [
        line.file,
        part,
        "flights@1",
        line.run,
        "late@1",
        f"late:champion#{line.first}",
        "late@1:batch",
        "late:actuals",
        line.alert,
        line.retraining,
        line.second_run,
        "late@2",
        f"late:champion#{line.second}",
    ]


def test_whole_chain_downwards(shared: Line) -> None:
    graph = shared.factory.trace(shared.file, "down")
    found = chain(shared)
    assert set(found) <= refs(graph)
    assert set(itertools.pairwise(found)) <= edges(graph)
    assert (graph.root, graph.nodes[0].ref) == (shared.file, shared.file)


def test_whole_chain_upwards(shared: Line) -> None:
    graph = shared.factory.trace(f"late:champion#{shared.second}", "up")
    found = chain(shared)
    assert set(found) <= refs(graph)
    assert set(itertools.pairwise(found)) <= edges(graph)


def test_files_of_the_live_side(shared: Line) -> None:
    graph = shared.factory.trace(shared.alert, "up")
    assert {(shared.scored, shared.scoring), (shared.scoring, "late@1:batch")} <= edges(graph)
    assert (shared.truth, "late:actuals") in edges(graph)
    assert (shared.scoring, "late@1:rest") not in edges(graph)


def test_drift_alert_is_about_predictions_not_actuals(shared: Line) -> None:
    sources = {edge.source for edge in shared.factory.trace(shared.drift, "up").edges if edge.target == shared.drift}
    assert sources == {"late@1:batch", "late@1:rest"}


def test_both_directions_meet_in_the_root_only(shared: Line) -> None:
    graph = shared.factory.trace("late@1", "both")
    assert refs(graph) == refs(shared.factory.trace("late@1", "up")) | refs(shared.factory.trace("late@1", "down"))
    assert shared.file in refs(graph)
    assert shared.alert in refs(graph)


def test_intake_job_made_the_version(shared: Line) -> None:
    assert {(shared.file, shared.intake), (shared.intake, "flights@1")} <= edges(
        shared.factory.trace("flights@1", "up")
    )


def test_node_data_tells_why(shared: Line) -> None:
    graph = shared.factory.trace(shared.file, "down")
    assert node(graph, shared.run).data["pooled"] == [{"segment": "north", "rows": 4, "reason": "4 rows, 40 needed"}]
    assert node(graph, "late@2").data["outcome"] == "promote"
    assert node(graph, "late@2").state == "champion"
    first, second = (node(graph, f"late:champion#{seq}") for seq in (shared.first, shared.second))
    assert (first.state, second.state) == ("ended", "active")
    assert first.data["until"] == second.data["since"]
    assert second.data["previous"] == 1
    assert node(graph, "late@1:batch").data["rows"] == 5


@pytest.mark.parametrize(
    ("moment", "present", "absent"),
    [
        ("data", ["flights@1"], ["late@1"]),
        ("model", ["late@1"], ["late@1:batch", "late:actuals"]),
        ("live", ["late@1:rest", "late:actuals"], ["a1"]),
        ("alerted", ["a1", "a2"], ["late@2"]),
        ("retrained", ["late@2"], []),
    ],
)
def test_as_of_shows_only_what_existed(shared: Line, moment: str, present: list[str], absent: list[str]) -> None:
    found = refs(shared.factory.trace(shared.file, "down", shared.moments[moment]))
    assert found >= set(present)
    assert not found & set(absent)


def test_nothing_exists_before_its_time(shared: Line) -> None:
    nodes = shared.factory.trace("late@1").nodes
    assert {node.kind for node in nodes} == set(NodeKind)
    for node in nodes:
        assert node.at is not None
        assert shared.factory.trace(node.ref, "up", node.at).root == node.ref
        with pytest.raises(NotFoundError):
            shared.factory.trace(node.ref, "up", node.at - timedelta(seconds=1))


def test_as_of_shows_states_of_then(shared: Line) -> None:
    then = shared.factory.trace("late@1", "down", shared.moments["alerted"])
    assert node(then, f"late:champion#{shared.first}").state == "active"
    assert "until" not in node(then, f"late:champion#{shared.first}").data
    assert node(then, "late@1").state == "champion"
    assert node(shared.factory.trace("late@1", "down"), "late@1").state == ""


def test_a_withdrawn_file_is_withdrawn_only_since_then(factory: Factory) -> None:
    file = factory.deliver("flights")
    factory.commit("flights", [file])
    in_use = factory.now
    factory.withdraw(file)
    withdrawn = factory.now
    factory.deliver("flights")
    states = [node(factory.trace(file, "up", at), file).state for at in (in_use, withdrawn, factory.now)]
    assert states == ["committed", "withdrawn", "withdrawn"]
    assert node(factory.trace(file, "up"), file).state == "withdrawn"


def test_a_file_withdrawn_before_the_history_begins_had_come(factory: Factory) -> None:
    file = factory.deliver("flights")
    in_use = factory.now
    factory.withdraw(file)
    factory.connection.execute("UPDATE events SET images = NULL")
    assert node(factory.trace(file, "up", in_use), file).state == "committed"
    assert node(factory.trace(file, "up"), file).state == "withdrawn"


def test_a_run_that_ended_later_shows_no_result(shared: Line) -> None:
    started = shared.factory.trace(shared.run, "up").nodes[0]
    assert started.at is not None
    then = shared.factory.trace(shared.run, "up", started.at).nodes[0]
    assert (then.state, "metrics" in then.data) == ("running", False)
    assert (started.state, started.data["metrics"]) == ("succeeded", {"roc_auc": 0.7})


def test_quarantined_file_tells_its_reason(factory: Factory) -> None:
    file = factory.deliver(
        "flights", state=FileState.QUARANTINED, reason=Reason(code="bad_type", message="'x' is no number", line=3)
    )
    graph = factory.trace(file)
    assert [found.ref for found in graph.nodes] == [file]
    assert graph.nodes[0].state == "quarantined"
    assert graph.nodes[0].data["reason"]["line"] == 3


def test_duplicate_leads_to_its_original(factory: Factory) -> None:
    original = factory.deliver("flights")
    factory.commit("flights", [original])
    twin = factory.deliver("flights", state=FileState.DUPLICATE, duplicate_of=original)
    assert "flights@1" in refs(factory.trace(twin, "down"))
    assert twin not in refs(factory.trace("flights@1", "up"))


def test_removed_part_belongs_to_old_versions_only(factory: Factory) -> None:
    old, new = factory.deliver("prices"), factory.deliver("prices")
    factory.commit("prices", [old])
    factory.commit("prices", [new], replace=True)
    assert old not in refs(factory.trace("prices@2", "up"))
    assert "prices@2" not in refs(factory.trace(old, "down"))
    part = node(factory.trace("prices@1", "up"), digest("prices", 1)[:16])
    assert part.state == "removed"
    assert node(factory.trace("prices@1", "up", factory.now.replace(hour=factory.now.hour - 1)), part.ref).state == ""


def test_a_rollback_is_a_second_reign(line: Line) -> None:
    made = line.factory
    back = made.promote("late", 1, reason="rolled back")
    made.log("late", "predictions", version=1, source="rest")
    reigns = {edge.source for edge in made.trace("late@1:rest", "up").edges if edge.target == "late@1:rest"}
    assert reigns == {f"late:champion#{line.first}", f"late:champion#{back}"}
    made.log("late", "predictions", version=1, source="third")
    made.promote("late", 2)
    assert [edge.source for edge in made.trace("late@1:third", "up").edges if edge.target == "late@1:third"] == [
        f"late:champion#{back}"
    ]


def test_a_log_collected_after_the_next_release_belongs_to_the_deployment_before(line: Line) -> None:
    line.factory.log("late", "predictions", version=1, source="late")
    assert (f"late:champion#{line.first}", "late@1:late") in edges(line.factory.trace("late@1:late", "up"))


def test_predictions_of_a_version_that_was_never_champion(line: Line) -> None:
    line.factory.register("late", line.second_run)
    line.factory.log("late", "predictions", version=3)
    assert ("late@3", "late@3:batch") in edges(line.factory.trace("late@3:batch", "up"))
    assert "late@3:batch" in refs(line.factory.trace("late@3", "down"))


def test_alert_without_predictions_points_at_the_deployment_of_then(line: Line) -> None:
    made = line.factory
    made.promote("quiet", made.register("quiet", line.run))
    alert = made.alert("quiet", "feature_drift", "distance")
    deployment = made.trace("quiet:champion").root
    assert (deployment, alert) in edges(made.trace(alert, "up"))
    assert alert in refs(made.trace("quiet", "down"))


def test_alert_on_a_dataset_points_at_the_version_of_then(factory: Factory) -> None:
    factory.commit("flights", [factory.deliver("flights")])
    alert = factory.alert("flights", "volume")
    factory.commit("flights", [factory.deliver("flights")])
    graph = factory.trace(alert, "up")
    assert ("flights@1", alert) in edges(graph)
    assert "flights@2" not in refs(graph)


def test_the_job_that_raised_an_alert_leads_to_its_data(line: Line) -> None:
    made = line.factory
    job = made.job(JobKind.MONITOR, "late", data("flights", 1))
    alert = made.alert("late", "feature_drift", symptoms=[["feature_drift", "distance", "data"]])
    made.finish(job, {"opened": [alert], "checks": 3})
    graph = made.trace(alert, "up")
    assert {("flights@1", job.id), (job.id, alert), (f"late:champion#{line.second}", alert)} <= edges(graph)
    assert "late@1:batch" not in {edge.source for edge in graph.edges if edge.target == alert}
    assert alert in refs(made.trace(job.id, "down"))


def test_an_alert_of_several_symptoms_has_several_sources(line: Line) -> None:
    symptoms = [["performance", "", "inference"], ["prediction_drift", "", "inference"], ["missing_share", "x", "data"]]
    alert = line.factory.alert("late", "performance", symptoms=symptoms, version=1)
    sources = {edge.source for edge in line.factory.trace(alert, "up").edges if edge.target == alert}
    assert sources == {"late:actuals", "late@1:batch", "late@1:rest"}


@pytest.mark.parametrize(
    ("source", "labelled", "expected"),
    [
        ("data", True, {"flights@1"}),
        ("data", False, {"flights@1"}),
        ("inference", True, {"late:actuals"}),
        ("inference", False, {"late@1:batch", "late@1:rest"}),
    ],
)
def test_an_alert_comes_from_the_rows_that_its_check_looked_at(
    line: Line, source: str, labelled: bool, expected: set[str]
) -> None:
    definition = ModelDefinition(name="late", dataset="flights", target="late")
    delivery = {"dataset": "flights", "version": 1, "files": [line.file]}
    evidence = {"source": source, "break": True, **({"labelled": True} if labelled else {})}
    for check in [*(one.name for one in checks()), "a_check_of_tomorrow"]:
        found = CheckResult(
            model="late", model_version=1, check=check, verdict=CheckVerdict.SHIFTED, at=START, evidence=evidence
        )
        (alert,) = fold([], [found], [], definition, START, delivery).opened
        id = line.factory.alert("late", alert.check, **alert.evidence)
        sources = {edge.source for edge in line.factory.trace(id, "up").edges if edge.target == id}
        assert sources == expected, check
    assert all(id in refs(line.factory.trace(ref, "down")) for ref in expected)


def test_an_older_alert_about_delivered_rows_is_not_about_actuals(line: Line) -> None:
    alert = line.factory.alert("late", "performance", symptoms=[["performance", "", "data"]], version=1)
    sources = {edge.source for edge in line.factory.trace(alert, "up").edges if edge.target == alert}
    assert sources == {f"late:champion#{line.second}"}


def test_what_an_alert_says_of_its_cause_is_no_reference(line: Line) -> None:
    """Monitoring writes prose there, with names of features and what was started because of it."""
    alert = line.factory.alert(
        "late", "performance", cause=f"{line.file} changed. A retraining was started ({line.retraining})."
    )
    sources = {edge.source for edge in line.factory.trace(alert, "up").edges if edge.target == alert}
    assert sources == {"late:actuals"}


def test_dataset_rollback_names_the_version_it_came_from(factory: Factory) -> None:
    factory.commit("flights", [factory.deliver("flights")])
    factory.commit("flights", [], cause="rollback to flights@1 by you: bad rows in f1", restored=1)
    assert ("flights@1", "flights@2") in edges(factory.trace("flights@1", "down"))
    assert ("flights@1", "flights@2") in edges(factory.trace("flights@2", "up"))


def test_a_cause_that_only_reads_like_a_rollback_is_none(factory: Factory) -> None:
    factory.commit("flights", [factory.deliver("flights")])
    factory.commit("flights", [factory.deliver("flights")], cause="rollback to flights@1.csv")
    assert ("flights@1", "flights@2") not in edges(factory.trace("flights@1", "down"))


@pytest.mark.parametrize("words", ["requested by a1: as f1 said, see flights@1 and j1", "alert a1", "flights@1"])
def test_words_are_no_references(line: Line, words: str) -> None:
    """What people write, and what files are called, names nothing; only what is stored as a cause does."""
    job = line.factory.job(JobKind.MONITOR, "late", trigger=words, payload={"path": "f1", "actor": line.drift}).id
    line.factory.promote("late", 1, cause=f"alert {line.drift}")
    assert not {edge for edge in edges(line.factory.trace(job, "up")) if edge[1] == job}
    assert not {edge for edge in edges(line.factory.trace(line.drift, "down")) if edge[0] == line.drift}


def test_a_withdrawal_comes_of_its_files_and_of_the_one_that_replaces_them(factory: Factory) -> None:
    old, new = factory.deliver("flights"), factory.deliver("flights")
    job = factory.job(JobKind.INTAKE, "flights", payload={"files": [], "withdraw": [old], "by": new}).id
    assert {(old, job), (new, job)} <= edges(factory.trace(job, "up"))
    assert job in refs(factory.trace(new, "down"))


def test_hostile_names_stay_printable(factory: Factory) -> None:
    file = factory.deliver("flights", path="inbox/flights/a\x1b]52;c;x\x07[bold].csv")
    found = factory.trace(file).nodes[0]
    assert found.label.isprintable()
    assert str(found.data["path"]).isprintable()
