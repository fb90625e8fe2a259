"""What a person types to find runs: words, `state:failed`, `auc>0.9`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.store.rows import Filter

MetricAliases = Mapping[str, tuple[str, bool]]
"""What people call a metric: its name, and whether they mean the error that is kept as its negative."""

_EXPRESSION = re.compile(r"([A-Za-z_][\w.]*)(>=|<=|!=|>|<|=)(.*)", re.DOTALL)
_KEY = re.compile(r"(!?)(\w+):(.+)", re.DOTALL)
_NUMBERS = {
    "score": "score",
    "seconds": "duration_s",
    "time": "duration_s",
    "duration_s": "duration_s",
    "version": "dataset_version",
    "data": "dataset_version",
    "seed": "TRY_CAST(record ->> '$.seed' AS DOUBLE)",
}
_TEXTS = {"state": "state", "status": "state", "model": "model", "dataset": "dataset", "id": "id", "run": "id"}
_PARAM = "param."
_METRIC = "metric."
# To DuckDB NaN is greater than any number; what is no number holds in no comparison and is sorted last.
_MEASURED = "nullif(TRY_CAST(variant_extract(metrics, ?) AS DOUBLE), 'nan'::DOUBLE)"
_ORDERS = {"created_at": "number", "model": "model", "state": "state", "id": "number"}


def narrow(where: Filter, text: str, metrics: MetricAliases) -> Filter:
    """Keep runs for which every word of `text` holds.

    A word is a part of id, model, state, dataset, recipe or trigger; `!word` is the opposite. `state:failed` asks
    one of them alone. `auc>0.9`, `rmse<=3`, `metric.mine>2`, `seconds<10`, `version=7`, `param.depth=4` compare what
    was measured, set or used; a run that has no such figure does not hold. An expression without its number, as it is
    being typed, asks nothing. Raises `UsageError` for a figure or field that runs do not have.
    """
    for word in text.split():
        expression, key = _EXPRESSION.fullmatch(word), _KEY.fullmatch(word)
        if expression is not None:
            _compare(where, expression[1], expression[2], expression[3], metrics)
        elif key is not None and key[2].lower() in _TEXTS:
            where.contains(f"coalesce({_TEXTS[key[2].lower()]}, '')", key[1] + key[3])
        elif word != "!":
            where.contains("words", word)
    return where


def order(sort: str, metrics: MetricAliases) -> tuple[str, list[Any]]:
    """The ORDER BY of a column or of anything that `narrow` compares, `-` for descending; with its parameters."""
    name = sort.removeprefix("-")
    column, parameters = (_ORDERS[name], []) if name in _ORDERS else _figure(name, metrics)
    return f"{column} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST, number DESC", parameters


def _compare(where: Filter, name: str, sign: str, literal: str, metrics: MetricAliases) -> None:
    value, parameters = _figure(name, metrics)
    if not literal:
        return
    try:
        number = float(literal)
    except ValueError:
        number = None
    if number is None and not name.startswith(_PARAM):
        raise UsageError(
            f"{safe(literal, 40)!r} is not a number, so {safe(name, 40)} cannot be compared with it.", code="bad_value"
        )
    if name.startswith(_PARAM) and (number is None or sign in {"=", "!="}):
        value = f"({value})"
        where.holds(f"{value} {sign} ?", [*parameters, literal])
        return
    where.holds(f"TRY_CAST({value} AS DOUBLE) {sign} ?", [*parameters, number])


def _figure(name: str, metrics: MetricAliases) -> tuple[str, list[Any]]:
    """The value that a name stands for, as SQL with its parameters. Errors and losses count with their usual sign."""
    known = name.lower()
    if known.startswith(_PARAM):
        return "variant_extract(params, ?)::VARCHAR", [name[len(_PARAM) :]]
    if known.startswith(_METRIC):
        return _MEASURED, [name[len(_METRIC) :]]
    if known in _NUMBERS:
        return _NUMBERS[known], []
    if known in metrics:
        metric, error = metrics[known]
        # rmse<3 compares the error, which is kept as its negative: greater is better.
        return (f"-{_MEASURED}" if error else _MEASURED), [metric]
    raise UsageError(
        f"Runs have no field {safe(name, 40)!r}.",
        hint=did_you_mean(name, [*_NUMBERS, *_ORDERS, *metrics])
        + " For values logged by a notebook: metric.NAME>1, param.NAME=VALUE.",
        code="unknown_figure",
    )
