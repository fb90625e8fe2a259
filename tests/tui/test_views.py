"""Records as rows and sections: golden lines, and rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui.shop import Shop

from shopfloor.actions.panes import PANES, Scope
from shopfloor.domain.columns import Column as DataColumn
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Condition, Contract, Freshness, Rule, RuleSeverity, Volume
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileRecord
from shopfloor.domain.job import JobState
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult, CheckVerdict
from shopfloor.domain.reject import Reject
from shopfloor.domain.release import GateCheck
from shopfloor.domain.requests.datasets import DatasetPreview
from shopfloor.domain.requests.runs import RunComparison
from shopfloor.domain.run import Confusion, Residuals, SegmentScore
from shopfloor.domain.status import FileCounts, JobCounts, WatcherStatus
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.tui.screens import chrome
from shopfloor.tui.screens.home import HomePane
from shopfloor.tui.views import (
    activity,
    alerts,
    datasets,
    equivalents,
    event_words,
    files,
    home,
    lineage,
    models,
    runs,
    streams,
    words,
)
from shopfloor.tui.widgets.cells import clean, fit
from shopfloor.tui.widgets.columns import TableColumn, fit_columns
from shopfloor.tui.widgets.detail_pane import Chart, Histogram, Section
from shopfloor.tui.widgets.rows import Cell, Row


def line(columns: tuple[TableColumn, ...], row: Row, width: int) -> str:
    """A row as the table draws it, right end trimmed."""
    text = ""
    for slot in fit_columns(columns, width):
        cell = row.cells[slot.at]
        shown = clean(cell.text if isinstance(cell, Cell) else cell, slot.width)
        text = text.ljust(slot.x) + fit(shown, slot.width, columns[slot.at].align)
    return text.rstrip()


SHOP = Shop()
HOME_COLUMNS = HomePane.table_columns
_DATASET = "warn   flights                       v2      36,000   +3,000   1 held    3m"
_FILE = "quarantined  a message.csv                   3m  a message"
_RUN = "ok        r3       flights      flights@3   flights   0.6300     best    3m"
_MODEL = "approve  flights            v2  0.6487    0.6400 (27k)      –       1    3m"
_ALERT = "CRIT  open        3m  flights           0.31    ×3  a message"
_NODE = "● a message                                             model            3m"
_HOME = "alert        flights        a message                                    3m"


@pytest.mark.parametrize(
    ("columns", "row", "golden"),
    [
        (datasets.COLUMNS, datasets.row(SHOP.datasets()[0]), _DATASET),
        (files.COLUMNS, files.row(SHOP.files()[1]), _FILE),
        (runs.COLUMNS, runs.row(SHOP.runs()[0], 0.63, metric="roc_auc"), _RUN),
        (models.COLUMNS, models.row(SHOP.model()), _MODEL),
        (alerts.COLUMNS, alerts.row(SHOP.alerts()[0]), _ALERT),
        (lineage.COLUMNS, lineage.row(lineage.tree(SHOP.graph("n3"))[3]), _NODE),
        (HOME_COLUMNS, home.alert_row(SHOP.alerts()[0]), _HOME),
    ],
    ids=["dataset", "file", "run", "model", "alert", "node", "home"],
)
def test_row_at_80_columns(columns: tuple[TableColumn, ...], row: Row, golden: str) -> None:
    text = line(columns, row, 75)
    assert text == golden
    assert cell_len(text) <= 75


def test_run_shows_the_score_that_decides() -> None:
    text = line(runs.COLUMNS, runs.row(SHOP.runs()[0], 0.63, metric="roc_auc"), 75)
    assert "0.6300" in text
    assert "best" in text
    assert "0.9000" not in text  # accuracy comes first in the record, but decides nothing


def test_a_lost_job_and_one_that_is_retried_are_told_apart() -> None:
    job = msgspec.structs.replace(SHOP.jobs()[0], error="the worker was killed")
    lost = line(HOME_COLUMNS, home.failed_row(msgspec.structs.replace(job, state=JobState.LOST)), 110)
    failed = line(HOME_COLUMNS, home.failed_row(msgspec.structs.replace(job, state=JobState.FAILED)), 110)
    retried = line(HOME_COLUMNS, home.retried_row(msgspec.structs.replace(job, state=JobState.QUEUED)), 110)
    assert [text.split()[0] for text in (lost, failed, retried)] == ["lost", "FAIL", "retry"]
    assert all("the worker was killed" in text for text in (lost, failed, retried))


def test_a_delivery_in_doubt_waits_on_the_home_screen() -> None:
    verdict = DeliveryTrust(
        dataset="flights", version=13, trust=Trust.BROKEN, reason="distance × 1.61", decided_at=datetime.now(UTC)
    )
    shown = line(HOME_COLUMNS, home.doubt_row(verdict), 110)
    assert shown.split()[:2] == ["broken", "flights@13"]
    assert "distance × 1.61" in shown
    data = home.stations(msgspec.structs.replace(SHOP.status(), files=FileCounts(), in_doubt=(verdict,)), [])[0]
    assert (data.state.word, data.facts[2].text) == ("warn", "1 in doubt")


def test_a_live_score_says_how_many_actuals_are_known() -> None:
    model = msgspec.structs.replace(SHOP.model(), live_known=1539, live_of=7379)
    (live,) = [pair.value for pair in models.sections(model, (), (), ())[0].body if pair.label == "live"]
    assert "1,539 of 7,379 known (21 %)" in live
    assert models.row(model).cells[5] == "21 %"


def test_failures_and_held_files_stand_in_the_header() -> None:
    status = msgspec.structs.replace(
        SHOP.status(), jobs=JobCounts(failed=2), files=FileCounts(quarantined=3), approvals=0
    )
    assert {"failed 2", "held 3"} <= {item.text for item in chrome.items_of(status)}
    assert PANES[Scope.ACTIVITY].urgent(status) == 2


def test_job_line_has_bar_share_and_time_left() -> None:
    job = SHOP.jobs()[0]
    assert job.started_at is not None
    said = activity.job_line(job, job.started_at + timedelta(seconds=62))
    assert " 62 %" in said
    assert "38s left" in said


def test_checks_against_a_release_come_first() -> None:
    found = models.check_pairs(
        [
            GateCheck(code="a", passed=True),
            GateCheck(code="b", passed=None),
            GateCheck(code="c", passed=False),
            GateCheck(code="d", passed=True),
        ]
    )
    assert [pair.label.split()[1] for pair in found] == ["c", "b", "a", "d"]
    assert found[0].label_tone == "fail"


def test_the_version_that_waits_is_the_one_explained() -> None:
    versions = SHOP.model_versions()
    found = models.sections(SHOP.model(), versions[::-1], [], [])
    assert [section.note for section in found if section.title == "The gate on v3"] == ["approve?"]
    decided = msgspec.structs.replace(SHOP.model(), awaiting_approval=None)
    found = models.sections(decided, [one for one in versions if one.version == 3], [], [])
    assert [section.note for section in found if section.title == "The gate on v3"] == ["decided"]


def event(seq: int, kind: str, subject: str = "x") -> Event:
    return Event(seq=seq, at=datetime.now(UTC), kind=kind, subject=subject, message=f"{kind} {seq}")


def test_home_collapses_what_repeats_and_leaves_steps_out() -> None:
    told = home.recent_events(
        [
            event(9, "job.started"),
            event(8, "file.duplicate"),
            event(7, "file.duplicate"),
            event(6, "file.arrived"),
            event(5, "file.duplicate"),
            event(4, "release.hold"),
            event(3, "file.duplicate", "y"),
        ]
    )
    assert [(one.seq, times) for one, times in told] == [(8, 3), (4, 1), (3, 1)]


@pytest.mark.parametrize(("verdict", "news"), [("ok", False), ("unknown", False), ("shifted", True)])
def test_home_leaves_routine_measurements_to_activity(verdict: str, news: bool) -> None:
    measured = msgspec.structs.replace(event(1, "model.measured"), data={"verdict": verdict})
    assert bool(home.recent_events([measured])) is news


@given(st.lists(st.tuples(st.sampled_from(["a.b", "a.c", "job.x"]), st.sampled_from("xy")), max_size=30))
def test_home_tells_every_fact_once(kinds: list[tuple[str, str]]) -> None:
    events = [event(seq, kind, subject) for seq, (kind, subject) in enumerate(kinds)]
    told = home.recent_events(events)
    assert sum(times for _, times in told) == sum(not kind.startswith("job.") for kind, _ in kinds)
    pairs = [(one.kind, one.subject) for one, _ in told]
    assert all(left != right for left, right in pairwise(pairs))


@given(
    st.integers(0, 99_999), st.integers(0, 99_999), st.integers(0, 9_999), st.integers(0, 999), st.integers(0, 10**9)
)
def test_station_facts_fit_80_columns(
    committed: int, duplicate: int, held: int, approvals: int, predictions: int
) -> None:
    import msgspec

    status = SHOP.status()
    counts = msgspec.structs.replace(status.files, committed=committed, duplicate=duplicate, quarantined=held)
    status = msgspec.structs.replace(status, files=counts, approvals=approvals, predictions=predictions)
    status = msgspec.structs.replace(status, models=committed)
    for station in home.stations(status, [SHOP.model()]):
        for fact in station.facts:
            assert len(fact.text) <= 12, fact


node_refs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@given(node_refs)
def test_lineage_shows_every_reachable_node_once_and_never_loops(pairs: list[tuple[int, int]]) -> None:
    nodes = tuple(LineageNode(kind="run", ref=str(n), label=str(n)) for n in range(10))
    edges = tuple(LineageEdge(source=str(a), target=str(b), relation="made") for a, b in pairs)
    found = lineage.tree(LineageGraph(root="0", direction="both", nodes=nodes, edges=edges))
    for side in "ud":
        refs = [branch.node.ref for branch in found if branch.key.startswith(side)]
        assert sorted(refs) == sorted(reachable("0", pairs, up=side == "u"))
    assert sum(branch.guides == "" for branch in found) == 1
    assert len({branch.key for branch in found}) == len(found)


def reachable(root: str, pairs: list[tuple[int, int]], *, up: bool) -> set[str]:
    seen, todo = set(), [root]
    while todo:
        here = todo.pop()
        for a, b in pairs:
            start, end = (str(b), str(a)) if up else (str(a), str(b))
            if start == here and end not in seen and end != root:
                seen.add(end)
                todo.append(end)
    return seen


def test_lineage_tree_golden() -> None:
    graph = LineageGraph(
        root="m",
        direction="both",
        nodes=tuple(LineageNode(kind="file" if ref in "ab" else "run", ref=ref, label=f"in/{ref}") for ref in "abrmpq"),
        edges=tuple(LineageEdge(source=a, target=b, relation="") for a, b in ("ar", "br", "rm", "mp", "mq")),
    )
    drawn = [branch.guides + lineage.label(branch.node) for branch in lineage.tree(graph)]
    assert drawn == ["   ┌─ b", "   ├─ a", "┌─ in/r", "in/m", "├─ in/p", "└─ in/q"]


def look(
    value: float | None, data: str, source: str, *, minutes: int, shifted: bool = False, rows: int = 1000
) -> CheckResult:
    return CheckResult(
        model="m",
        check="feature_drift",
        feature="f",
        verdict=CheckVerdict.SHIFTED if shifted else CheckVerdict.OK,
        value=value,
        limit=0.6,
        rows=rows,
        evidence={
            "source": source,
            "data": data,
            "labels": ["low", "mid", "high", "top"],
            "reference": [0, 80, 20, 0],
            "recent": [0, 60, 40, 0],
            "current": [0, 10, 90, 0],
        },
        at=datetime.now(UTC) - timedelta(minutes=minutes),
    )


def alert(**changes: Any) -> AlertRecord:
    now = datetime.now(UTC)
    return AlertRecord(
        id="a1", subject="m", check="feature_drift", feature="f", opened_at=now, updated_at=now, limit=0.6, **changes
    )


def test_an_alerts_line_is_of_one_kind_of_data_with_one_look_at_each_delivery() -> None:
    newest_first = [
        look(0.7, "p2", "inference", minutes=1, shifted=True),
        look(0.1, "d2", "data", minutes=2),
        look(0.5, "p2", "inference", minutes=3, rows=3000),
        look(0.4, "p1", "inference", minutes=9),
    ]
    trend = next(one for one in alerts.sections(alert(), newest_first) if one.key == "trend")
    assert isinstance(trend.body, Chart)
    assert list(trend.body.series[0].values) == [0.4, 0.7]
    assert trend.body.x_labels == ("9m ago", "1m ago")
    assert trend.note == "n=1,000"


def test_an_alerts_picture_compares_with_what_its_words_compare_with() -> None:
    found = alerts.sections(alert(), [look(0.7, "p2", "inference", minutes=1, shifted=True)])
    bins = next(one for one in found if isinstance(one.body, Histogram))
    assert isinstance(bins.body, Histogram)
    assert [(one.label, one.reference) for one in bins.body.bins] == [("mid", 60), ("high", 40)]
    assert "recent data" in bins.title


def test_an_alert_has_no_picture_of_what_shifted_at_another_time() -> None:
    looks = [look(0.5, "d3", "data", minutes=1), look(0.7, "d2", "data", minutes=9, shifted=True)]
    assert not any(isinstance(one.body, Histogram) for one in alerts.sections(alert(), looks))


def test_an_alert_names_the_keys_that_the_engine_advises() -> None:
    found = alerts.sections(alert(actions=("retrain", "ack", "unheard of")), [])
    todo = next(one for one in found if one.key == "do")
    assert [pair[0] for pair in todo.body] == ["a", "d", "r"]  # type: ignore[union-attr]
    over = alerts.sections(alert(actions=("ack",), state=AlertState.RESOLVED), [])
    assert all(one.key != "do" for one in over)


def test_an_age_counts_only_what_has_gone_by() -> None:
    now = datetime.now(UTC)
    assert words.ago(now - timedelta(seconds=119), now) == "1m"
    assert words.ago(now - timedelta(hours=47), now) == "1d"


def test_every_word_for_an_event_fits_its_column() -> None:
    for kind in event_words._WORDS:
        assert len(event_words.event_word(event(1, kind)).word) <= event_words.WIDTH, kind
    assert event_words.event_word(event(1, "model.frozen")).word == "frozen"
    assert event_words.event_word(event(1, "x.y_z")).word == "x y z"


def test_every_command_of_an_event_is_one_of_the_command_line() -> None:
    import click

    from shopfloor.cli.main import shopfloor as cli

    for kind, command in equivalents._COMMANDS.items():
        words_, group, name = command.split()[1:], cli, "shopfloor"
        while isinstance(group, click.Group):
            context, name = click.Context(group, info_name=name), words_.pop(0)
            found = group.get_command(context, name)
            assert found is not None, (kind, command)
            group = found  # type: ignore[assignment]
        flags = {flag for param in group.params for flag in param.opts}  # type: ignore[attr-defined]
        assert {word for word in words_ if word.startswith("--")} <= flags, (kind, command)


def test_a_command_quotes_what_came_from_outside_and_is_left_out_where_a_part_is_missing() -> None:
    found = Event(seq=1, at=datetime.now(UTC), kind="model.defined", subject="a; rm -rf /", message="m")
    assert equivalents.command_for(found) == "shopfloor model show 'a; rm -rf /'"
    assert equivalents.command_for(event(1, "run.finished")) == ""
    assert equivalents.command_for(event(1, "nobody.knows")) == ""


def test_a_moment_says_the_day_when_it_is_not_today() -> None:
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert words.moment(now - timedelta(seconds=1), now) == "11:59:59"
    assert words.moment(now - timedelta(days=21), now) == "9 Jun"
    assert words.moment(now - timedelta(days=300), now) == "2025-09"


def test_home_says_what_to_do_first() -> None:
    import msgspec

    status = msgspec.structs.replace(SHOP.status(), datasets=0, models=0)
    row = home.next_row(status)
    assert row is not None
    assert "inbox/NAME/" in line(HomePane.table_columns, row, 75), "at 80 columns it says where"
    row = home.next_row(msgspec.structs.replace(status, datasets=1))
    assert row is not None
    assert "Press n and choose the column to predict" in line(HomePane.table_columns, row, 75)
    assert home.next_row(msgspec.structs.replace(status, datasets=1, models=1)) is None


def test_values_of_a_record_are_said_without_brackets_and_long_fractions() -> None:
    found = words.value_text(["demo", 0.030354901960784275, 27_000, None, True, {"n": 1.5}])
    assert found == "demo, 0.03035, 27,000, –, yes, n 1.5"


def test_a_profile_stands_in_columns() -> None:
    columns = [
        ColumnProfile(
            name="a", type="integer", rows=1000, missing=4, distinct=36_000, histogram=(1, 2, 3), min="1", max="9"
        ),
        ColumnProfile(name="key", type="text", rows=1000, missing=0, distinct=1000, top=(("x", 1),)),
        ColumnProfile(name="id", type="text", rows=9000, missing=0, distinct=8900, approximate=("distinct",)),
    ]
    section, _ = datasets.profile_sections(columns, "t")
    head, first, key, rough = (pair.value for pair in section.body)  # type: ignore[union-attr]
    assert head.index("columns") == first.index("▁") == key.index("all different")
    assert key.index("all different") == rough.index("no frequent value")
    assert "< 1 %" in first
    assert "36k" in first


def test_a_run_is_held_against_the_best_of_its_model() -> None:
    import msgspec

    known = SHOP.runs()  # r3 is the best by roc_auc, all have the same accuracy
    worse = msgspec.structs.replace(known[1], params={"C": 0.3, "depth": 4}, seed=known[0].seed)
    assert runs.best_of(worse, known, "roc_auc") is None  # it was scored on rows of another version
    assert runs.best_scores(known, {}) == {}
    compared = RunComparison(runs=(known[0], worse), rows=(("metric", "roc_auc", ("0.63", "0.62")),))
    assert [cell.text for cell in runs.comparison_rows(compared)[0].cells[:2] if isinstance(cell, Cell)] == [
        "rows", "not comparable",
    ]  # fmt: skip
    assert "best" not in str(runs.comparison_rows(compared)[1].cells)
    worse = msgspec.structs.replace(worse, dataset_version=known[0].dataset_version)
    assert runs.best_scores([*known, worse], {worse.model: "roc_auc"}) == {runs.scored_on(worse): 0.63}
    best = runs.best_of(worse, known, "roc_auc")
    assert best is not None
    assert best.id == "r3"
    assert runs.best_of(known[0], known, "roc_auc") is None
    pairs = {pair.label: pair.value for pair in runs._against(worse, best, "roc_auc")}
    assert pairs["roc_auc"] == "0.6200 against 0.6300  (-0.0100)"
    assert pairs["C"] == "0.3  (best: –)"
    assert "seed" not in pairs


def test_a_comparison_marks_the_best_of_a_metric_in_words() -> None:
    found = runs._side_by_side("metric", ["-0.4933", "-0.4232", ""])
    assert [one.text if isinstance(one, Cell) else one for one in found] == ["-0.4933", "-0.4232 best", "–"]
    assert runs._side_by_side("param", ["1", "2"]) == ["1", "2"]
    assert runs._side_by_side("metric", ["1", "1"]) == ["1.0000", "1.0000"]


def test_a_dataset_version_behind_the_newest_is_called_older() -> None:
    node = LineageNode(kind="dataset_version", ref="d@3", label="d v3", data={"dataset": "d", "version": 3})
    graph = LineageGraph(root="d@3", direction="both", nodes=(node,), edges=())
    assert lineage.aged(graph, {"d": 3}).nodes[0].state == ""
    old = lineage.aged(graph, {"d": 5}).nodes[0]
    assert old.state == "older"
    assert old.data["newer data"] == "d@5"


def test_who_leaves_during_a_training_reads_that_it_goes_on() -> None:
    import msgspec

    from shopfloor.domain.status import JobCounts
    from shopfloor.tui.start import farewell

    status = msgspec.structs.replace(SHOP.status(), jobs=JobCounts(running=1), running=("train \x1b[31mx",))
    said = farewell(status)
    assert said.startswith("1 job keeps running (engine pid ")
    assert "\x1b" not in said
    assert farewell(msgspec.structs.replace(status, jobs=JobCounts())) == ""
    assert farewell(None) == ""


def _texts(sections: list[Section]) -> str:
    lines = [section.title for section in sections]
    for section in sections:
        assert isinstance(section.body, list)
        lines += [f"{pair.label} {pair.value}" for pair in section.body]
    return "\n".join(lines)


def test_a_dataset_says_why_its_files_wait_and_what_is_asked_of_them() -> None:
    contract = Contract(
        name="d",
        columns=(DataColumn(name="x", type=ColumnType.NUMBER),),
        rules=(Rule(column="x", min=0, unique=True, severity=RuleSeverity.REJECT_ROW),),
        conditions=(Condition(sql="x > 1", name="above"),),
        volume=Volume(band=0.5),
        freshness=Freshness(hours=26),
    )
    dataset = msgspec.structs.replace(SHOP.datasets()[0], problem="line 3: key 'mode' cannot be 'x'.")
    text = _texts(datasets.sections(dataset, (), (), contract))
    assert text.startswith("The contract cannot be used\n")
    for said in ("line 3: key 'mode'", "x min 0, unique  else reject_row", "above x > 1  else quarantine_file"):
        assert said in text
    assert "rows of a file band 0.5" in text
    assert "max age 26 hours" in text


def test_a_dataset_says_how_its_files_are_noticed_and_what_is_on_its_way() -> None:
    seen = datetime.now(UTC) - timedelta(seconds=8.5)
    healthy = WatcherStatus(backend="inotify", healthy=True, scan_seconds=5, last_scan_at=seen)
    lame = msgspec.structs.replace(healthy, healthy=False, detail="a network drive")
    dataset = msgspec.structs.replace(SHOP.datasets()[0], quarantined=0, waiting=3)
    assert "watch on (inotify) · scanned 8s ago" in _texts(datasets.sections(dataset, (), (), None, healthy))
    assert "scanning every 5s · scanned 8s ago: a network drive" in _texts(
        datasets.sections(dataset, (), (), None, lame)
    )
    assert "3 wait" in line(datasets.COLUMNS, datasets.row(dataset), 75)


def test_runs_keep_what_tells_them_apart_beside_the_detail() -> None:
    shown = {runs.COLUMNS[slot.at].key for slot in fit_columns(runs.COLUMNS, 60)}
    assert {"state", "id", "data", "recipe", "score", "gain"} <= shown


def test_a_file_lists_the_rows_at_fault() -> None:
    held = msgspec.structs.replace(SHOP.files()[1], rejected_rows=1200)
    reject = Reject(code="rule", message="Line 7 is wrong.", line=7, column="x", value="9")
    text = _texts(files.sections(held, None, (reject,)))
    assert "Rows with errors" in text
    assert "line 7 Line 7 is wrong." in text


def test_a_stream_says_what_is_accepted_how_late_it_is_and_what_holds_it_up() -> None:
    now = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    at = now - timedelta(seconds=200)
    (stuck,) = Shop(said="the disk is full").streams()
    stuck = msgspec.structs.replace(stuck, last_at=at, waits_since=at, part_at=at)
    text = _texts(streams.sections(stuck, now))
    assert text.startswith("The stream is stuck\nStream\nFollowed files\nwhat the disk is full")
    for said in (
        "accepted 12,000 rows in total, the last 3m ago",
        "uncommitted 3 rows, the oldest for 3m",
        "last part 5,000 rows in v2, 3m ago",
        "stuck the disk is full.log",
        "3 rows · byte 5 of 9",
    ):
        assert said in text
    well = msgspec.structs.replace(stuck, problem="", hint="", followed=(), open_rows=0, waits_since=None)
    assert "none: all rows are in a version" in _texts(streams.sections(well, now))
    dataset = msgspec.structs.replace(SHOP.datasets()[0], quarantined=0)
    assert line(datasets.COLUMNS, datasets.row(dataset, stuck), 75).split()[0] == "warn"
    assert " stuck " in line(datasets.COLUMNS, datasets.row(dataset, stuck), 75)
    assert " stream " in line(datasets.COLUMNS, datasets.row(dataset, well), 75)


def test_a_run_shows_what_it_mixes_up_and_how_far_it_is_off() -> None:
    run = msgspec.structs.replace(
        SHOP.runs()[0],
        confusion=Confusion(labels=("no", "yes"), counts=((90, 10), (5, 15))),
        residuals=Residuals(
            edges=(-1.0, 0.0, 1.0), counts=(30, 10), mean=-0.25, median_absolute=0.5, p90_absolute=0.9
        ),
        segments=tuple(
            SegmentScore(segment=name, rows=9, score=score) for name, score in zip("abc", (0.7, 0.9, 0.8), strict=True)
        ),
        error=None,
    )  # fmt: skip
    found = {section.key: section for section in runs.sections(run, "roc_auc")}
    assert found["confusion"].note == "88 % of 120 holdout rows correct"
    assert _texts([found["confusion"]]).splitlines() == [
        "Confusion matrix",
        "actual \\ pred.     no   yes  recall",
        "no     90    10    90 %",
        "yes      5    15    75 %",
    ]
    said = _texts([found["residuals"]])
    assert "off by 0.5 (median), 90 % within 0.9" in said
    assert "-0.25: predictions are too high on average" in said
    assert found["segments"].note == "0.7000 to 0.9000, median 0.8000"


def test_a_model_shows_when_it_predicted_last_and_how_much_on_each_day() -> None:
    asked = datetime.now(UTC) - timedelta(minutes=5)
    model = msgspec.structs.replace(SHOP.model(), predicted_at=asked, volume=(0,) * 12 + (500, 1000))
    text = _texts([section for section in models.sections(model, (), (), ()) if section.key == "model"])
    assert "predictions 33,000 rows predicted, the last 5m ago" in text
    assert "1,000 today, maximum 1,000" in text
    cells = [cell.text if isinstance(cell, Cell) else cell for cell in models.row(model).cells]
    assert "5m" in cells
    assert any(len(cell) == 14 and cell.endswith("█") for cell in cells)
    quiet = msgspec.structs.replace(model, predictions=0, predicted_at=None, volume=())
    assert "predictions none yet" in _texts([models.sections(quiet, (), (), ())[0]])


def test_home_tells_many_held_files_of_a_dataset_as_one() -> None:
    held = SHOP.files()[1]

    def of(dataset: str, count: int) -> list[FileRecord]:
        return [msgspec.structs.replace(held, id=f"{dataset}{n}", dataset=dataset) for n in range(count)]

    found = home.held_files([*of("flood", 300), *of("pair", 2), *of("one", 1)])
    assert [(file.id, times) for file, times in found] == [("flood0", 300), ("pair0", 1), ("pair1", 1), ("one0", 1)]
    assert "300 files, the newest a message.csv: a message" in line(
        HomePane.table_columns, home.file_row(*found[0]), 110
    )


def test_columns_of_a_preview_are_as_wide_as_what_they_hold() -> None:
    rows = (("20130101-0600-AA707", None, "x" * 90), ("1", "2", "3"))
    preview = DatasetPreview(dataset="d", version=1, columns=("id", "n", "note"), rows=rows, total=2)
    assert [column.width for column in datasets.preview_columns(preview)] == [19, 6, 24]
    empty = msgspec.structs.replace(preview, rows=(), total=0)
    assert [column.width for column in datasets.preview_columns(empty)] == [6, 6, 6]
