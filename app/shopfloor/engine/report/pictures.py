"""Small pictures as inline SVG; every one has its numbers as a title for people who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from shopfloor.domain.numbers import figure
from shopfloor.domain.text import safe

_WIDTH, _HEIGHT, _LEFT, _LABEL, _BAR = 720, 200, 60, 200, 18
_INK, _LIMIT, _QUIET, _ALARM = "#2563a8", "#b4532a", "#9db8d6", "#c0392b"


def line(points: Sequence[tuple[str, float]], limit: float | None, title: str) -> Element | None:
    """Values in order, with the limit as a dashed line; None for fewer than two."""
    if len(points) < 2:
        return None
    values = [value for _, value in points]
    low, high = _span([*values, *([limit] if limit is not None else [])])
    picture = _picture(_HEIGHT, title)
    step = (_WIDTH - _LEFT - 10) / (len(points) - 1)
    places = [(_LEFT + step * place, _y(value, low, high)) for place, value in enumerate(values)]
    if limit is not None:
        level = _number(_y(limit, low, high))
        SubElement(
            picture,
            "line",
            {
                "x1": str(_LEFT),
                "x2": str(_WIDTH),
                "y1": level,
                "y2": level,
                "stroke": _LIMIT,
                "stroke-dasharray": "6 4",
            },
        )
    path = " ".join(f"{_number(x)},{_number(y)}" for x, y in places)
    SubElement(picture, "polyline", {"points": path, "fill": "none", "stroke": _INK, "stroke-width": "2"})
    for (x, y), (label, value) in zip(places, points, strict=True):
        dot = SubElement(picture, "circle", {"cx": _number(x), "cy": _number(y), "r": "3", "fill": _INK})
        SubElement(dot, "title").text = f"{safe(label)}: {figure(value)}"
    for value in (low, high):
        _text(picture, 0, _y(value, low, high) + 4, figure(value))
    _text(picture, _LEFT, _HEIGHT - 4, points[0][0])
    _text(picture, _WIDTH, _HEIGHT - 4, points[-1][0], anchor="end")
    return picture


def bars(rows: Sequence[tuple[str, float, bool]], title: str, mark: float | None = None) -> Element | None:
    """A bar a row, with its name and figure; the rows that are `True` stand out, `mark` is a line over all."""
    if not rows:
        return None
    most = max([*(abs(value) for _, value, _ in rows), mark or 0.0]) or 1.0
    picture = _picture(len(rows) * (_BAR + 6) + 8, title)
    room = _WIDTH - _LABEL - 80
    for place, (name, value, loud) in enumerate(rows):
        y = place * (_BAR + 6) + 4
        _text(picture, 0, y + 13, safe(name, 28))
        long = {"x": str(_LABEL), "y": str(y), "width": _number(room * abs(value) / most), "height": str(_BAR)}
        SubElement(picture, "rect", {**long, "fill": _ALARM if loud else _QUIET})
        _text(picture, _LABEL + room * abs(value) / most + 6, y + 13, figure(value))
    if mark is not None:
        x = _number(_LABEL + room * mark / most)
        last = str(len(rows) * (_BAR + 6) + 4)
        SubElement(
            picture, "line", {"x1": x, "x2": x, "y1": "0", "y2": last, "stroke": _LIMIT, "stroke-dasharray": "6 4"}
        )
    return picture


def histogram(counts: Sequence[float], first: str, last: str, title: str) -> Element | None:
    """Counts of neighbouring bins, with what lies at the ends."""
    if not counts or not max(counts):
        return None
    picture = _picture(_HEIGHT // 2, title)
    width, most, room = _WIDTH / len(counts), max(counts), _HEIGHT // 2 - 20
    for place, number in enumerate(counts):
        tall = room * number / most
        corner = {"x": _number(place * width), "y": _number(room - tall)}
        SubElement(picture, "rect", {**corner, "width": _number(width * 0.9), "height": _number(tall), "fill": _QUIET})
    _text(picture, 0, _HEIGHT // 2 - 4, first)
    _text(picture, _WIDTH, _HEIGHT // 2 - 4, last, anchor="end")
    return picture


def _picture(height: int, title: str) -> Element:
    picture = Element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "aria-label": safe(title)})
    SubElement(picture, "title").text = safe(title)
    return picture


def _text(picture: Element, x: float, y: float, words: str, anchor: str = "start") -> None:
    place = {"x": _number(x), "y": _number(y), "font-size": "12", "fill": "#444", "text-anchor": anchor}
    SubElement(picture, "text", place).text = safe(words, 60)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _y(value: float, low: float, high: float) -> float:
    return 10 + (_HEIGHT - 45) * (high - value) / (high - low)


def _number(value: float) -> str:
    return str(round(value, 1))
