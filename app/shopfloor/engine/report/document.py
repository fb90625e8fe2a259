"""A page of HTML: elements are built, never pasted, so foreign text cannot become markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from shopfloor.domain.numbers import NOTHING
from shopfloor.domain.text import safe

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
h1 { margin-bottom: 0; } h2 { border-bottom: 1px solid #ccc; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem; vertical-align: top; }
tr { border-bottom: 1px solid #eee; } th { color: #555; font-weight: 600; }
pre { white-space: pre-wrap; font-size: 13px; } .muted { color: #666; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } }
"""


class HtmlPage:
    """Grows by sections; `html` is the whole, without script and without a reference to anything outside."""

    def __init__(self, title: str, note: str, made_at: datetime) -> None:
        self._root = Element("html", lang="en")
        head = SubElement(self._root, "head")
        SubElement(head, "meta", charset="utf-8")
        SubElement(head, "title").text = safe(title)
        SubElement(head, "style").text = _STYLE
        self._body = SubElement(self._root, "body")
        SubElement(self._body, "h1").text = safe(title)
        self.muted(f"{note} As of {moment(made_at)}.")

    def section(self, title: str) -> None:
        """A heading."""
        SubElement(self._body, "h2").text = safe(title)

    def text(self, words: str) -> None:
        """A paragraph."""
        SubElement(self._body, "p").text = safe(words)

    def muted(self, words: str) -> None:
        """A paragraph that steps back."""
        SubElement(self._body, "p", {"class": "muted"}).text = safe(words)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines as they stand, for a tree."""
        SubElement(self._body, "pre").text = "\n".join(map(safe, lines))

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Labels and values; those without a value are left out."""
        known = [(label, value) for label, value in rows if value not in ("", NOTHING)]
        if known:
            self._rows((), known, head=True)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str = "") -> None:
        """Rows under their titles; the sentence `empty` where there are none."""
        found = list(rows)
        if found:
            self._rows(titles, found, head=False)
        elif empty:
            self.text(empty)

    def _rows(self, titles: Sequence[str], rows: Sequence[Sequence[str]], *, head: bool) -> None:
        table = SubElement(self._body, "table")
        if titles:
            line = SubElement(table, "tr")
            for title in titles:
                SubElement(line, "th").text = title
        for row in rows:
            line = SubElement(table, "tr")
            for place, cell in enumerate(row):
                SubElement(line, "th" if head and not place else "td").text = safe(cell)

    def picture(self, picture: Element | None) -> None:
        """An SVG picture under its caption, where there is one."""
        if picture is not None:
            figure = SubElement(self._body, "figure")
            SubElement(figure, "figcaption", {"class": "muted"}).text = picture.get("aria-label")
            figure.append(picture)

    def html(self) -> str:
        """The page as text."""
        return "<!DOCTYPE html>\n" + tostring(self._root, encoding="unicode", method="html") + "\n"


def moment(at: datetime | None) -> str:
    """A time to the minute, UTC."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
