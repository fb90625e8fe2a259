"""The page about a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from shopfloor.domain.dataset import ColumnProfile, DatasetRecord, DatasetVersion
from shopfloor.domain.file import FileRecord
from shopfloor.domain.numbers import NOTHING, count, figure, percent, size
from shopfloor.domain.requests.datasets import DatasetProfile
from shopfloor.engine.report import pictures
from shopfloor.engine.report.document import HtmlPage, moment

_TOP = 8


@dataclass(frozen=True)
class DatasetCard:
    """What the page is made from; versions and files are newest first."""

    record: DatasetRecord
    profile: DatasetProfile | None
    versions: Sequence[DatasetVersion]
    files: Sequence[FileRecord]
    made_at: datetime


def dataset_page(card: DatasetCard) -> str:
    """The page as HTML."""
    page = HtmlPage(f"Dataset {card.record.name}", "Report of a Shopfloor workspace.", card.made_at)
    _about(page, card.record)
    _versions(page, card.versions)
    _files(page, card.files)
    page.section("Profile")
    if card.profile is None:
        page.text("It has no rows yet.")
        return page.html()
    page.table(
        ("Column", "Type", "Missing", "Distinct", "Least", "Greatest", "Mean"), map(_column, card.profile.columns)
    )
    for column in card.profile.columns:
        page.picture(_picture(column))
    return page.html()


def _about(page: HtmlPage, record: DatasetRecord) -> None:
    page.section("What it is")
    page.facts(
        [
            ("mode", record.mode),
            ("version", f"{record.version}, {moment(record.updated_at)}"),
            ("rows", f"{count(record.rows)} in {count(record.columns)} columns"),
            ("size", size(record.bytes)),
            ("files", f"{count(record.files)}, {count(record.quarantined)} in quarantine"),
            ("used by", ", ".join(record.used_by)),
            ("problem", record.problem),
        ]
    )


def _versions(page: HtmlPage, versions: Sequence[DatasetVersion]) -> None:
    page.section("Versions")
    points = [(f"v{one.version}", float(one.rows)) for one in reversed(versions)]
    page.picture(pictures.line(points, None, "Rows by version"))
    page.table(
        ("Version", "Committed", "Rows", "Cause", "Notices"),
        [
            (f"v{one.version}", moment(one.created_at), count(one.rows), one.cause, " ".join(one.notices))
            for one in versions
        ],
        empty="It has no version yet.",
    )


def _files(page: HtmlPage, files: Sequence[FileRecord]) -> None:
    page.section("Files")
    page.table(
        ("File", "Path", "State", "Rows", "Rejected", "Reason"),
        [
            (
                one.id,
                one.path,
                one.state,
                _count(one.rows),
                count(one.rejected_rows),
                one.reason.message if one.reason else "",
            )
            for one in files
        ],
        empty="No file has been delivered yet.",
    )


def _count(number: int | None) -> str:
    return NOTHING if number is None else count(number)


def _column(column: ColumnProfile) -> tuple[str, ...]:
    missing = percent(column.missing / column.rows) if column.rows else NOTHING
    ends = (column.min or NOTHING, column.max or NOTHING)
    return (column.name, column.type, missing, _count(column.distinct), *ends, figure(column.mean))


def _picture(column: ColumnProfile) -> Element | None:
    if column.histogram:
        ends = (column.min or "", column.max or "")
        return pictures.histogram(column.histogram, *ends, f"{column.name}: rows by value")
    top = [(value, float(number), False) for value, number in column.top[:_TOP]]
    return pictures.bars(top, f"{column.name}: the most frequent values")
