"""`shopfloor predict`: score a file now."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import click

from shopfloor.cli.output import stream
from shopfloor.cli.output.cells import joined, text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, raw_option, session
from shopfloor.domain import csv_text
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.requests.models import Predict, PredictReport
from shopfloor.domain.text import counted, safe

_TIMEOUT = 3600.0
_PROBABILITY = "probability_"


@click.command(cls=Verb)
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the predictions go: .csv or .parquet. Without it, CSV to stdout.",
)
@raw_option
@json_option
@session
def command(session: Session, model: str, file: Path, output: Path | None, raw: bool, as_json: bool) -> None:
    """Score every row of FILE with the champion of MODEL.

    With --json the predictions are one list of objects, and with -o a report about that file.
    """
    if not file.is_file():
        raise NotFoundError(f"There is no file {safe(file)}.", hint="Check the path.")
    if output is not None:
        _report(_predict(session, model, file, output, raw=raw), as_json=as_json)
        return
    # The engine writes files, so that half a result is never seen; stdout gets a copy.
    with tempfile.TemporaryDirectory(prefix="shopfloor-predict-") as folder:
        target = Path(folder) / "predictions.csv"
        report = _predict(session, model, file, target, raw=raw or as_json)
        if as_json:
            stream.document(_objects(target))
        else:
            with target.open("rb") as lines:
                stream.table_bytes(lines)
    stream.narrate(_words(report))
    for notice in report.notices:
        stream.narrate(text(notice))


def _predict(session: Session, model: str, file: Path, output: Path, *, raw: bool) -> PredictReport:
    request = Predict(model=model, path=str(file.absolute()), output=str(output.absolute()), raw=raw)
    return session.ask(request, timeout=_TIMEOUT)


def _report(report: PredictReport, *, as_json: bool) -> None:
    if as_json:
        stream.document(report)
    else:
        stream.data(text(report.output))
    stream.narrate(_words(report))
    for notice in report.notices:
        stream.narrate(text(notice))


def _words(report: PredictReport) -> str:
    words = f"{counted(report.rows, 'row')} scored by {text(report.model)} v{report.model_version}."
    if report.absent_columns:
        words += f" Columns missing from the file, treated as missing values: {joined(report.absent_columns)}."
    if report.ignored_columns:
        words += f" Ignored columns: {joined(report.ignored_columns)}."
    return f"{words} {csv_text.words(report.changed_cells, '--raw')}".rstrip()


def _objects(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV file of predictions; what is missing is None.

    A class stays text whatever it looks like; without classes the prediction is a number.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        names = reader.fieldnames or ()
        classes = any(name.startswith(_PROBABILITY) for name in names)
        return [{name: _value(name, row[name], classes=classes) for name in names} for row in reader]


def _value(name: str, text: str, *, classes: bool) -> str | int | float | None:
    if not text:
        return None
    if name == "model_version":
        return int(text)
    if name.startswith(_PROBABILITY) or (name == "prediction" and not classes):
        return float(text)
    return text
