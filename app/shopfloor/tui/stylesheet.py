"""Style rules that are parsed once for each set of colours."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

Variables = frozenset[tuple[str, str]]
"""What the colours of a theme are called in style rules."""


class ParsedOnce(Stylesheet):
    """Textual parses all rules anew whenever a screen is first shown, though nearly all are known then."""

    _rules_of: ClassVar[defaultdict[Variables, dict[tuple[Any, ...], list[RuleSet]]]] = defaultdict(dict)
    """The rules of each source, for all apps of the process: as many as themes times kinds of widgets."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._known = self._rules_of[frozenset(variables.items())]

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take the colours of a theme; those of the present one change nothing."""
        if variables != self._variables:
            super().set_variables(variables)
            self._known = self._rules_of[frozenset(variables.items())]

    def reparse(self) -> None:
        """Take in what is new."""
        self.parse()

    def _parse_rules(
        self, css: str, read_from: CSSLocation, is_default_rules: bool = False, tie_breaker: int = 0, scope: str = ""
    ) -> list[RuleSet]:
        key = (css, read_from, is_default_rules, tie_breaker, scope)
        if key not in self._known:
            self._known[key] = super()._parse_rules(css, read_from, is_default_rules, tie_breaker, scope)
        return self._known[key]
