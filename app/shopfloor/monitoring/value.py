"""Realised value: what the decisions that were served are worth, now that their truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from shopfloor.domain.codec import utc
from shopfloor.domain.definition import Task, Value
from shopfloor.domain.errors import DataError
from shopfloor.domain.numbers import count, percent
from shopfloor.domain.text import counted, safe
from shopfloor.domain.value import ComparedWith, ValueComparison, ValueGroup, ValuePoint, ValueReport
from shopfloor.duck.sql import text
from shopfloor.monitoring.decided import SERVED, DecidedRows, decided_rows
from shopfloor.monitoring.records import Outcomes, ValueSpec
from shopfloor.monitoring.samples import read_reference
from shopfloor.statistics.arrays import Floats
from shopfloor.statistics.blocks import choose
from shopfloor.statistics.business_value import outcome_gains
from shopfloor.statistics.paired import Comparison, from_influence

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ALPHA = 0.025
_PACE_DAYS = 30
_FAR_DAYS = 3650
_PERIOD = {
    ValueGroup.DAY: "strftime(moment, '%Y-%m-%d')",
    ValueGroup.MONTH: "strftime(moment, '%Y-%m')",
    ValueGroup.SEGMENT: "coalesce(segment, '')",
}


def no_table(model: str) -> str:
    """What to write for a value."""
    return (
        f"models/{model}.toml has no [value] table. Add the gain or cost of each outcome, for example: "
        'true_positive = 40.0, false_positive = -15.0, unit = "USD"; for a target of numbers per_absolute_error = -1.0.'
    )


def realised_value(spec: ValueSpec) -> ValueReport:
    """The value of all decisions whose truth is known, in periods of the time of prediction and by model version.

    Each is valued by the terms that held when it was made. Binary targets: the gain of each outcome. Regression:
    `per_absolute_error` times the error. Every association id counts once, with its last prediction and the actual
    that arrived last. `baseline` is the value of always answering the reference's commonest class (or its mean) on the
    same rows, `planned_per_row` what the holdout of the reference promised. Without a value in the definition, or where
    it cannot be computed, the report is empty and `note` says why.
    """
    value = spec.definition.value
    if value is None or not spec.terms:
        return _empty(spec, no_table(spec.definition.name))
    if spec.task is Task.MULTICLASS:
        return _empty(spec, "A value is defined for two classes and for numbers, not for more classes.")
    if not spec.inference:
        return _empty(spec, "There are no predictions yet.")
    holdout = None if spec.reference_path is None else read_reference(spec.reference_path).outcomes
    try:
        with decided_rows(spec) as decided:
            return _Valuation(spec, value, decided, holdout).report()
    except DataError as error:
        return _empty(spec, f"{error.message} {error.hint}")


def planned_per_row(value: Value, task: Task, outcomes: Outcomes | None) -> float | None:
    """The value of one prediction on the holdout; None when that is not known.

    The threshold is met to half a percent, the width of the holdout's bins of chance.
    """
    if outcomes is None or not outcomes.rows or not value.constant:
        return None
    if task is Task.REGRESSION:
        error = outcomes.absolute_error
        return None if error is None else float(value.per_absolute_error) * error
    if not outcomes.positives:
        return None
    curve = by_threshold(value, outcomes)
    return float(curve[min(max(round(value.threshold * len(outcomes.positives)), 0), len(outcomes.positives))])


def by_threshold(value: Value, outcomes: Outcomes) -> Floats:
    """The value of one prediction on the holdout at every edge of its bins of chance from 0 to 1, (bins + 1,)."""
    gains = outcome_gains(value)
    positives = np.concatenate([[0], np.cumsum(outcomes.positives)]).astype(np.float64)
    negatives = np.concatenate([[0], np.cumsum(outcomes.negatives)]).astype(np.float64)
    total: Floats = (
        gains[1, 1] * (positives[-1] - positives)
        + gains[1, 0] * positives
        + gains[0, 1] * (negatives[-1] - negatives)
        + gains[0, 0] * negatives
    )
    return total / outcomes.rows


@dataclass
class _Valuation:
    """One report in the making: every alternative decision is a column of values beside that of what was served."""

    spec: ValueSpec
    value: Value
    decided: DecidedRows
    holdout: Outcomes | None
    note: str = ""

    @property
    def duck(self) -> DuckDBPyConnection:
        return self.decided.connection

    def report(self) -> ValueReport:
        planned = self._planned()
        if not self.decided.rows:
            report = _empty(self.spec, f"None of {count(self.decided.predictions)} predictions has actuals yet.")
            return self._with_costs(msgspec.structs.replace(report, planned_per_row=planned))
        constants = self._constants()
        ruled = self._ruled()
        columns = {"value": self.decided.value_of(SERVED)}
        columns |= {f"constant_{place}": self.decided.value_of(each) for place, (_, each) in enumerate(constants)}
        columns |= {"baseline": self.decided.value_of(usual) if (usual := self._usual()) else "NULL::DOUBLE"}
        columns |= {"ruled": self.decided.value_of("rule")} if ruled else {}
        if rival := self.decided.add_rival():
            worth = self.decided.value_of(f"coalesce(rival, {SERVED})")
            columns |= {"rival": f"CASE WHEN rival IS NOT NULL THEN {worth} END"}
        listed = ", ".join(f"{body} AS {name}" for name, body in columns.items())
        self.duck.execute(f"CREATE TABLE valued AS SELECT place, moment, model_version, segment, {listed} FROM known")
        total, baseline = self._row("SELECT sum(value), sum(baseline) FROM valued")
        at, values = self._arrays("true", "value")
        return self._with_costs(
            ValueReport(
                model=self.spec.definition.name,
                unit=self.value.unit,
                rows=self.decided.rows,
                total=total,
                per_row=float(values.mean()),
                interval=_finite(_mean(values, at)),
                baseline=baseline,
                planned_per_row=planned,
                champion=self.spec.champion,
                champion_rows=self._row(f"SELECT count(*) FROM valued WHERE {self._of_champion}")[0],
                compared=tuple(self._compared(planned, constants, ruled=ruled, rival=rival)),
                terms=self.spec.terms,
                entries=self.spec.costs,
                points=self._points(),
                note=self._notes(),
            )
        )

    def _planned(self) -> float | None:
        served = msgspec.structs.replace(self.spec.terms[-1].value, threshold=self.spec.threshold)
        return planned_per_row(served, self.spec.task, self.holdout)

    @property
    def _of_champion(self) -> str:
        return "true" if self.spec.champion is None else f"model_version = {self.spec.champion}"

    def _usual(self) -> str:
        """SQL of the constant answer that the reference suggests; empty where it is not known."""
        if self.holdout is None:
            return ""
        if self.spec.task.classification:
            known = self.holdout.commonest in self.spec.classes
            return text(self.holdout.commonest) if known and self.holdout.commonest is not None else ""
        return "" if self.holdout.mean is None else f"{self.holdout.mean!r}::DOUBLE"

    def _constants(self) -> list[tuple[str, str]]:
        """Names and SQL of the answers that are the same for every row."""
        if self.spec.task.classification:
            return [
                (f"always {label}", text(label)) for label in (self.decided.negative, self.decided.positive) if label
            ]
        usual = self._usual()
        return [("always the mean", usual)] if usual else []

    def _ruled(self) -> bool:
        """Whether the rule of the definition has answers."""
        if not self.value.rule:
            return False
        try:
            self.decided.add_rule(self.value.rule)
        except DataError as error:
            self.note = error.message
            return False
        return True

    def _compared(
        self, planned: float | None, constants: list[tuple[str, str]], *, ruled: bool, rival: bool
    ) -> list[ValueComparison]:
        at, values = self._arrays(self._of_champion, "value")
        if len(values) < 2:
            return []
        found = []
        if planned is not None:  # by the terms of now, and so are the rows that it is compared with
            then, own = self._arrays(f"{self._of_champion} AND {self.decided.by_newest_terms}", "value")
            if len(own) > 1:
                found.append(_comparison(ComparedWith.PLAN, "holdout", len(own), planned, _mean(own, then, planned)))
        previous = self._against_rival() if rival else self._against_previous(values, at)
        found += [previous] if previous is not None else []
        others = [(ComparedWith.CONSTANT, name, f"constant_{place}") for place, (name, _) in enumerate(constants)]
        others += [(ComparedWith.RULE, self.value.rule, "ruled")] if ruled else []
        for against, name, column in others:
            _, other = self._arrays(self._of_champion, column)
            found.append(_comparison(against, name, len(values), float(other.mean()), _mean(values - other, at)))
        return found

    def _against_rival(self) -> ValueComparison | None:
        """Against what the champion before would have decided of the same rows."""
        where = f"{self._of_champion} AND rival IS NOT NULL"
        at, values = self._arrays(where, "value")
        _, other = self._arrays(where, "rival")
        if len(values) < 2:
            return None
        name = f"v{self.spec.previous} on the same rows"
        return _comparison(ComparedWith.PREVIOUS, name, len(values), float(other.mean()), _mean(values - other, at))

    def _against_previous(self, values: Floats, at: Any) -> ValueComparison | None:
        """Against what the champion before decided, which is other rows."""
        if self.spec.previous is None or self.spec.champion is None:
            return None
        then, before = self._arrays(f"model_version = {self.spec.previous}", "value")
        if len(before) < 2:
            return None
        gain, rows = float(values.mean() - before.mean()), len(values) + len(before)
        influence = np.concatenate(
            [(values - values.mean()) * rows / len(values), (before.mean() - before) * rows / len(before)]
        )
        moments = np.concatenate([at, then])
        compared = from_influence(gain, influence, choose(moments, None, rows), _ALPHA, "difference of means")
        name = f"v{self.spec.previous} on its own rows"
        return _comparison(ComparedWith.PREVIOUS, name, len(before), float(before.mean()), compared)

    def _arrays(self, where: str, column: str) -> tuple[Any, Floats]:
        """Times in microseconds, and one column of values, (n,) each."""
        found = self.duck.execute(
            f"SELECT epoch_us(moment) AS micros, {column} AS value FROM valued WHERE {where} ORDER BY place"
        ).fetchnumpy()
        return np.asarray(found["micros"], dtype=np.intp), np.ma.filled(found["value"], np.nan).astype(np.float64)

    def _points(self) -> tuple[ValuePoint, ...]:
        rows = self.duck.execute(
            f"SELECT {_PERIOD[self.spec.by]}, coalesce(model_version, 0), count(*), sum(value), sum(baseline) "
            "FROM valued GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return tuple(
            ValuePoint(period=period, model_version=version, rows=number, value=total, baseline=baseline)
            for period, version, number, total, baseline in rows
        )

    def _with_costs(self, report: ValueReport) -> ValueReport:
        """With what was spent, and when the decisions have paid for it."""
        spent = sum(entry.amount for entry in self.spec.costs)
        report = msgspec.structs.replace(report, costs=spent, net=report.total - spent)
        if not self.spec.costs or not report.rows:
            return report
        self.duck.execute("CREATE TABLE spent (day DATE, amount DOUBLE)")
        entries = [[utc(entry.spent_at).date(), entry.amount] for entry in self.spec.costs]
        self.duck.executemany("INSERT INTO spent VALUES (?, ?)", entries)
        self.duck.execute(
            "CREATE TABLE balance AS SELECT day, sum(amount) OVER (ORDER BY day) AS total, earned FROM "
            "(SELECT day, sum(amount) AS amount, sum(earned) AS earned FROM "
            "(SELECT moment::DATE AS day, value AS amount, value AS earned FROM valued "
            "UNION ALL SELECT day, -amount, 0 FROM spent) GROUP BY day)"
        )
        paid = self._row(
            "SELECT min(day) FROM balance WHERE day > coalesce("
            "(SELECT max(day) FROM balance WHERE total < -0.005), DATE '0001-01-01')"
        )[0]
        expected = None if paid is not None else self._expected()
        return msgspec.structs.replace(report, payback_on=paid, payback_expected=expected)

    def _expected(self) -> date | None:
        """When the balance will be even at the pace of the newest days; None where it never will."""
        last, total, pace = self._row(
            "SELECT max(day), arg_max(total, day), sum(earned) FILTER (day > (SELECT max(day) FROM balance) - "
            f"{_PACE_DAYS}) / least({_PACE_DAYS}, 1 + max(day) - min(day) FILTER (earned <> 0)) FROM balance"
        )
        if not pace or pace <= 0:
            return None
        days = int(np.ceil(-total / pace))
        return last + timedelta(days=days) if days <= _FAR_DAYS else None

    def _row(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.duck.execute(query).fetchone()
        assert row is not None
        return row

    def _notes(self) -> str:
        notes = [self.note] if self.note else []
        if self.decided.rows < self.decided.predictions:
            share = percent(self.decided.rows / self.decided.predictions)
            notes.append(f"{share} of {count(self.decided.predictions)} predictions have actuals.")
        for column, rows in self.decided.without_amount().items():
            notes.append(f"{counted(rows, 'actual')} came without {safe(column, 60)!r}, which counts as 0 there.")
        if self.holdout is None:
            notes.append("There is no holdout, so neither the expected value nor a constant prediction is known.")
        return " ".join(notes)


def _mean(values: Floats, at: Any, against: float = 0.0) -> Comparison:
    """The mean of `values` minus a known number, with its interval: days are blocks where there are enough."""
    gain = float(values.mean())
    return from_influence(gain - against, values - gain, choose(at, None, len(values)), _ALPHA, "mean")


def _finite(found: Comparison) -> tuple[float, float] | None:
    return found.interval if found.known else None


def _comparison(against: ComparedWith, name: str, rows: int, per_row: float, found: Comparison) -> ValueComparison:
    return ValueComparison(
        against=against, name=name, rows=rows, per_row=per_row, gain=found.gain, interval=_finite(found),
        p_worse=found.p_worse if found.known else None,
    )  # fmt: skip


def _empty(spec: ValueSpec, note: str) -> ValueReport:
    unit = spec.definition.value.unit if spec.definition.value is not None else ""
    return ValueReport(
        model=spec.definition.name, unit=unit, rows=0, total=0.0, note=note, terms=spec.terms, entries=spec.costs
    )
