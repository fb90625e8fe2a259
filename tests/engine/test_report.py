"""The page of a report: well formed, on its own, and no place for markup in foreign text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from tests.cli import samples

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.engine.report import pictures
from shopfloor.engine.report.dataset import DatasetCard, dataset_page
from shopfloor.engine.report.model import ModelCard, model_page

_VOID = {"meta", "br"}
_MARKUP = "<script>alert(1)</script>\"'><img src=x>&amp;"


class Outline(HTMLParser):
    """Tags and texts of a page; fails on one that is not closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def checks() -> tuple[CheckResult, ...]:
    """Two deliveries that were measured, and a column that drifted."""
    base = {"model": "late-arrival", "model_version": 3, "rows": 500}
    evidence = {
        "holdout_rows": 900,
        "holdout_interval": [0.79, 0.83],
        "matched": 400,
        "predictions": 800,
        "maturity": 0.5,
    }
    measured = [
        CheckResult(
            **base, check="performance", verdict=CheckVerdict.OK, value=0.8 + day / 100, limit=0.7,
            message="Performance is as expected.", evidence=evidence, at=samples.at(day),
        )
        for day in (3, 2)
    ]  # fmt: skip
    drift = CheckResult(
        **base, check="feature_drift", feature="origin", verdict=CheckVerdict.SHIFTED, value=0.4, limit=0.1,
        message="origin moved.", at=samples.at(3),
    )  # fmt: skip
    return (*measured, drift)


def model_card() -> ModelCard:
    return ModelCard(
        record=samples.MODEL,
        definition=samples.DEFINITION,
        version=samples.MODEL_VERSION,
        run=samples.RUN,
        versions=4,
        moves=(),
        checks=checks(),
        newest_checks=checks()[::2],
        alerts=(samples.ALERT, samples.RESOLVED_ALERT),
        value=samples.VALUE,
        why=samples.EXPLAINED,
        test_score=samples.TEST_SCORE,
        made_at=samples.at(4),
    )


def dataset_card() -> DatasetCard:
    return DatasetCard(
        record=samples.DATASET,
        profile=samples.PROFILE,
        versions=(samples.VERSION, msgspec.structs.replace(samples.VERSION, version=1)),
        files=samples.FILES,
        made_at=samples.at(4),
    )


def hostile(card: ModelCard | DatasetCard, text: str) -> ModelCard | DatasetCard:
    fields = {name: samples.hostile(value, text) for name, value in vars(card).items() if name != "made_at"}
    return type(card)(**fields, made_at=card.made_at)


def render(card: ModelCard | DatasetCard) -> str:
    return model_page(card) if isinstance(card, ModelCard) else dataset_page(card)


@pytest.mark.parametrize("card", [model_card(), dataset_card()], ids=["model", "dataset"])
def test_a_page_is_well_formed_and_refers_to_nothing_outside(card: ModelCard | DatasetCard) -> None:
    page = render(card)
    outline = Outline(page)
    assert page.startswith("<!DOCTYPE html>")
    assert {"svg", "table", "h2"} <= set(outline.tags)
    assert not {"script", "link", "img", "iframe", "a", "object"} & set(outline.tags)
    assert not {"href", "src", "xlink:href", "style"} & {name for name, _ in outline.attributes}
    assert not any(name.startswith("on") for name, _ in outline.attributes)
    assert re.search(r"url\(|@import|://", page) is None


@pytest.mark.parametrize("text", [_MARKUP, samples.HOSTILE])
@pytest.mark.parametrize("card", [model_card(), dataset_card()], ids=["model", "dataset"])
def test_foreign_text_stays_text(card: ModelCard | DatasetCard, text: str) -> None:
    plain, attacked = Outline(render(card)), Outline(render(hostile(card, text)))
    assert set(attacked.tags) <= set(plain.tags)
    words = "".join(attacked.words)
    assert "\x1b" not in words
    assert "\u202e" not in words
    if text == _MARKUP:
        assert "<script>alert(1)</script>" in words  # as words, visible to the reader


def test_the_card_of_a_model_says_promise_rows_maturity_and_decision() -> None:
    words = " ".join(Outline(model_page(model_card())).words)
    for part in ("5,120 of 7,400 known", "on 900 holdout rows", "origin moved.", "r7 trains late-arrival", "Champions"):
        assert part in words


def test_a_promise_is_that_of_the_version_on_the_page() -> None:
    """What was measured of an earlier champion has its interval and rows, which are not this one's."""
    of_another = msgspec.structs.replace(samples.MODEL_VERSION, version=9)
    card = ModelCard(**{**vars(model_card()), "version": of_another})
    words = " ".join(Outline(model_page(card)).words)
    assert "on 900 holdout rows" not in words
    assert "v3: Performance is as expected." in words


def test_a_model_without_anything_has_a_page_that_says_so() -> None:
    card = ModelCard(
        record=samples.NEW_MODEL, definition=samples.DEFINITION, version=None, run=None, versions=0, moves=(),
        checks=(), newest_checks=(), alerts=(), value=None, why=None, test_score=samples.TEST_SCORE,
        made_at=samples.at(4),
    )  # fmt: skip
    words = " ".join(Outline(model_page(card)).words)
    assert "The gate has not evaluated a version yet." in words
    assert "No alert has been opened." in words


@pytest.mark.parametrize("values", [[0.0, 0.0], [1e300, -1e300], [0.5]])
def test_a_picture_is_drawn_of_any_numbers(values: list[float]) -> None:
    points = [(str(place), value) for place, value in enumerate(values)]
    assert (pictures.line(points, 0.1, "t") is None) == (len(values) < 2)
    assert pictures.bars([(name, value, False) for name, value in points], "t") is not None
