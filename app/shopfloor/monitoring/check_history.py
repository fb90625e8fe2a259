"""Results of checks, run after run: which fire, which are in order again. Pure and light."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.records import FEATURE_DRIFT, MISSING_SHARE, OUTGROWN, PERFORMANCE

_BY_MANY = 0.1
LITTLE = 0.02
"""Features that carry less of all importance hardly matter to the model."""

CheckKey = tuple[str, str, str]
"""Which question a result answers: check, feature (empty for none) and source."""


def _run_with(check: str) -> str:
    """Missing values and being outgrown are checked whenever feature drift is."""
    return FEATURE_DRIFT if check in (MISSING_SHARE, OUTGROWN) else check


def key_of(result: CheckResult) -> CheckKey:
    """Which question a result answers."""
    return result.check, result.feature or "", result.source


def _data_of(result: CheckResult) -> str:
    return str(result.evidence.get("data") or result.at.isoformat())


def is_break(result: CheckResult) -> bool:
    """A change so great that it needs no second run."""
    return bool(result.evidence.get("break"))


def _is_aside(result: CheckResult) -> bool:
    """Of a column that the model does not use although it could have learned it: only a break is news."""
    return result.evidence.get("used") is False and result.importance is not None


def is_still_moving(result: CheckResult) -> bool:
    """A change that moves on from the delivery before, as a season does."""
    return bool(result.evidence.get("still_moving", result.evidence.get("onward")))  # as older results call it


@dataclass(frozen=True)
class CheckHistory:
    """The newest result of every check, and its earlier ones: known verdicts, oldest first."""

    current: Mapping[CheckKey, CheckResult]
    known: Mapping[CheckKey, tuple[CheckResult, ...]]
    needed: int
    among: int

    @staticmethod
    def of(
        results: Sequence[CheckResult], history: Sequence[CheckResult], persistence: tuple[int, int]
    ) -> CheckHistory:
        now = {key_of(result): result for result in results}
        newest = max(result.at for result in results)
        earlier = sorted((result for result in history if result.at < newest), key=lambda result: result.at)
        lines: dict[CheckKey, dict[str, CheckResult]] = {}
        for result in [*earlier, *results]:
            if result.verdict is CheckVerdict.UNKNOWN:
                continue
            line = lines.setdefault(key_of(result), {})
            data = _data_of(result)
            line.pop(data, None)  # a later run on the same data replaces the earlier one
            line[data] = result
        needed, among = max(persistence[0], 1), max(*persistence, 1)
        return CheckHistory(now, {key: tuple(line.values()) for key, line in lines.items()}, needed, among)

    def firing(self) -> tuple[CheckResult, ...]:
        """Checks that are SHIFTED now and either a break or SHIFTED often enough."""
        return tuple(
            result
            for key, result in self.current.items()
            if result.verdict is CheckVerdict.SHIFTED and (is_break(result) or self._often(key))
        )

    def _often(self, key: CheckKey) -> bool:
        """The same change seen M times. A version that has learned from the data sees another change, and
        one that is still moving is not confirmed by the delivery before."""
        line = self.known.get(key, ())[-self.among :]
        newest = line[-1]
        if is_still_moving(newest) or _is_aside(newest):
            return False
        same = [
            result for result in line if result.check == PERFORMANCE or result.model_version == newest.model_version
        ]
        confirmed = [one for one in same if one.verdict is CheckVerdict.SHIFTED and not is_still_moving(one)]
        return len(confirmed) >= self.needed

    def began(self, key: CheckKey) -> datetime:
        """When the change that is confirmed now was found first, for a check that is SHIFTED."""
        line = self.known[key][-self.among :]
        return next(result.at for result in line if result.verdict is CheckVerdict.SHIFTED)

    def shifted(self, *checks: str) -> tuple[CheckResult, ...]:
        """Checks of these kinds that are SHIFTED now, often or not."""
        return tuple(
            result
            for result in self.current.values()
            if result.check in checks and result.verdict is CheckVerdict.SHIFTED
        )

    def shifted_again(self, members: Iterable[CheckKey]) -> tuple[CheckResult, ...]:
        """Checks of an open alert that are SHIFTED now: once open, once more is enough."""
        found = [self.current[key] for key in members if key in self.current]
        return tuple(result for result in found if result.verdict is CheckVerdict.SHIFTED)

    def outgrown(self) -> tuple[CheckResult, ...]:
        """Features that have moved step by step out of what training saw, for as long as M of N
        asks, when no performance is known that would show whether the model got worse."""
        if any(result.verdict is CheckVerdict.OK for result in self._last(PERFORMANCE)):
            return ()
        found = [
            result
            for key, result in self.current.items()
            if result.check == FEATURE_DRIFT and result.evidence.get("gradual") and self._gradual(key)
        ]
        weights = [result.importance for result in found if result.importance is not None]
        if found and len(weights) == len(found) and sum(weights) < _BY_MANY:
            return ()
        return tuple(found)

    def _gradual(self, key: CheckKey) -> bool:
        """A version that is retrained along with the season does not outgrow its training."""
        line = self.known.get(key, ())[-self.among :]
        same = [result for result in line if result.model_version == line[-1].model_version]
        return sum(bool(result.evidence.get("gradual")) for result in same) >= self.needed

    def _last(self, check: str) -> list[CheckResult]:
        return [line[-1] for key, line in self.known.items() if key[0] == check and line]

    def over(self, members: Sequence[CheckKey]) -> bool:
        """True when all checks of an alert that still run are in order again."""
        ran = {(check, source) for check, _, source in self.current}
        touched = [key for key in members if (_run_with(key[0]), key[2]) in ran]
        if not touched:
            return False
        return all(self._in_order(key) for key in members)

    def _in_order(self, key: CheckKey) -> bool:
        if key[0] == OUTGROWN:
            return not self.outgrown()
        line = self.known.get(key, ())
        gone = not line or (key not in self.current and self._no_longer_run(key))
        if gone:
            return True
        in_order = takewhile(lambda result: result.verdict is CheckVerdict.OK, reversed(line))
        return len(list(in_order)) >= self.needed

    def _no_longer_run(self, key: CheckKey) -> bool:
        """The check was run, but the feature is not part of it (a new version without it, or no
        value is missing any more)."""
        check, _, source = key
        return any(_run_with(check) == one[0] and source == one[2] for one in self.current)
