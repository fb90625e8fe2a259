"""What a monitoring job did, line by line: its checks with their results, and what it could not join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, exact, figure, significant
from shopfloor.domain.text import counted
from shopfloor.monitoring.tasks import CheckOutcome

_SHOWN = 200


def lines(outcome: CheckOutcome) -> Iterator[str]:
    """A line for each result that is not plainly good, and the others by their number."""
    report = outcome.report
    verdicts = Counter(result.verdict for result in report.results)
    found = ", ".join(f"{count(verdicts[verdict])} {verdict.value}" for verdict in CheckVerdict if verdicts[verdict])
    source = f" ({report.source})" if report.source else ""
    yield (
        f"{report.model}@{report.model_version}: {counted(len(report.results), 'check')} "
        f"of {counted(report.rows, 'row')}{source}" + (f": {found}" if found else "")
    )
    yield from map(_result, report.results[:_SHOWN])
    if outcome.truth is not None:
        yield f"{counted(outcome.truth.rows, 'actual')} arrived with the delivery"
    if report.live_rows:
        yield f"Live score {figure(report.live_score)} on {counted(report.live_rows, report.live_on)} with truth"
    yield from report.notes


def _result(result: CheckResult) -> str:
    about = f"{result.check} of {result.feature}" if result.feature else result.check
    value = "" if result.value is None else f" {exact(significant(result.value, 4))}"
    limit = "" if result.limit is None else f" (limit {exact(significant(result.limit, 4))})"
    return f"{about}: {result.verdict.value}{value}{limit}" + (f"; {result.message}" if result.message else "")
