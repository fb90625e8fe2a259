"""Records as rows and sections: golden lines, and rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui.shop import Shop

from shopfloor.domain.columns import Column as DataColumn
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Condition, Contract, Freshness, Rule, RuleSeverity, Volume
from shopfloor.domain.event import Event
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.reject import Reject
from shopfloor.domain.release import Check
from shopfloor.tui.screens.home import HomePane
from shopfloor.tui.views import activity, alerts, datasets, files, home, lineage, models, runs, words
from shopfloor.tui.widgets.cells import clean, fit
from shopfloor.tui.widgets.columns import Column, fit_columns
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.rows import Cell, Row


def line(columns: tuple[Column, ...], row: Row, width: int) -> str:
    """A row as the table draws it, right end trimmed."""
    text = ""
    for slot in fit_columns(columns, width):
        cell = row.cells[slot.at]
        shown = clean(cell.text if isinstance(cell, Cell) else cell, slot.width)
        text = text.ljust(slot.x) + fit(shown, slot.width, columns[slot.at].align)
    return text.rstrip()


SHOP = Shop()
HOME_COLUMNS = HomePane.table_columns
_DATASET = "warn   flights         v2      36,000   +3,000     1    3m  flights"
_FILE = "quarantined  a message.csv                   3m  a message"
_RUN = "ok        r3      flights        flights@3   flights   0.6300    best    3m"
_MODEL = "approve  flights            v2  0.6487   0.640 (27k)       1      33k    3m"
_ALERT = "CRIT  open        3m  flights           0.31    ×3  a message"
_NODE = "● a message                                             model            3m"
_HOME = "alert       flights        a message                                     3m"


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
def test_row_at_80_columns(columns: tuple[Column, ...], row: Row, golden: str) -> None:
    text = line(columns, row, 75)
    assert text == golden
    assert cell_len(text) <= 75


def test_run_shows_the_score_that_decides() -> None:
    text = line(runs.COLUMNS, runs.row(SHOP.runs()[0], 0.63, metric="roc_auc"), 75)
    assert "0.6300" in text
    assert "best" in text
    assert "0.9000" not in text  # accuracy comes first in the record, but decides nothing


def test_job_line_has_bar_share_and_time_left() -> None:
    job = SHOP.jobs()[0]
    assert job.started_at is not None
    said = activity.job_line(job, job.started_at + timedelta(seconds=62))
    assert " 62%" in said
    assert "38s left" in said


def test_checks_against_a_release_come_first() -> None:
    found = models.check_pairs(
        [
            Check(code="a", passed=True),
            Check(code="b", passed=None),
            Check(code="c", passed=False),
            Check(code="d", passed=True),
        ]
    )
    assert [pair.label.split()[1] for pair in found] == ["c", "b", "a", "d"]
    assert found[0].label_tone == "fail"


def test_the_version_that_waits_is_the_one_explained() -> None:
    versions = SHOP.model_versions()
    found = models.sections(SHOP.model(), versions[::-1], [], [])
    assert any(section.title == "v3 was judged" for section in found)


def event(seq: int, kind: str, subject: str = "x") -> Event:
    return Event(seq=seq, at=datetime.now(UTC), kind=kind, subject=subject, message=f"{kind} {seq}")


def test_home_collapses_what_repeats_and_leaves_steps_out() -> None:
    told = home.told(
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


@given(st.lists(st.tuples(st.sampled_from(["a.b", "a.c", "job.x"]), st.sampled_from("xy")), max_size=30))
def test_home_tells_every_fact_once(kinds: list[tuple[str, str]]) -> None:
    events = [event(seq, kind, subject) for seq, (kind, subject) in enumerate(kinds)]
    told = home.told(events)
    assert sum(times for _, times in told) == sum(not kind.startswith("job.") for kind, _ in kinds)
    pairs = [(one.kind, one.subject) for one, _ in told]
    assert all(left != right for left, right in pairwise(pairs))


@given(st.integers(min_value=0, max_value=10**12))
def test_compact_numbers_fit_five_cells(number: int) -> None:
    assert len(words.compact(number)) <= 5


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
    assert text.startswith("Its files wait for the contract\n")
    for said in ("line 3: key 'mode'", "x min 0, unique  else reject_row", "above x > 1  else quarantine_file"):
        assert said in text
    assert "rows of a file band 0.5" in text
    assert "fresh within 26 hours" in text


def test_a_file_lists_the_rows_at_fault() -> None:
    held = msgspec.structs.replace(SHOP.files()[1], rejected_rows=1200)
    reject = Reject(code="rule", message="Line 7 is wrong.", line=7, column="x", value="9")
    text = _texts(files.sections(held, None, (reject,)))
    assert "Rows at fault" in text
    assert "line 7 Line 7 is wrong." in text
