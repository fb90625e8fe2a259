"""The registry as a whole: keys, coverage, words."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter

import pytest
from tests.cli import samples

from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.actions.registry import ALL, by_name, footer, for_scope
from shopfloor.domain import requests
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.request import Mutation

PANES = [scope for scope in Scope if scope is not Scope.GLOBAL]


def mutations() -> list[type[Mutation[object]]]:
    for module in pkgutil.iter_modules(requests.__path__):
        importlib.import_module(f"{requests.__name__}.{module.name}")
    return sorted(Mutation.__subclasses__(), key=lambda kind: kind.verb)


@pytest.mark.parametrize("scope", PANES)
def test_no_key_does_two_things_in_a_scope(scope: Scope) -> None:
    keys = Counter(action.key for action in for_scope(scope) if action.key)
    assert [key for key, times in keys.items() if times > 1] == []


def test_names_are_unique() -> None:
    assert len({action.name for action in ALL}) == len(ALL)


def test_every_mutation_has_an_action_or_is_recorded_by_a_notebook() -> None:
    covered = {type(action.request("x@1" if action.records else None, filled(action))).verb
               for action in ALL if action.asks_engine}  # fmt: skip
    verbs = {kind.verb for kind in mutations()}
    assert len(verbs) > 20
    # A notebook records its run through the SDK; the other two have commands of their own.
    own = {"config.set", "model.test_answer"}
    assert verbs - covered == {"run.log", "run.model"} | own


def test_upper_case_asks_first_and_lower_case_does_not() -> None:
    """Upper case means "asks before it acts" for everything that reaches the engine."""
    for action in ALL:
        if action.asks_engine and len(action.key) == 1:
            assert action.key.isupper() == (action.confirm is not None), action.name


def test_the_key_budget_holds() -> None:
    """The keys of reference/terminal.md mean the same thing everywhere."""
    budget = {
        "1": "go.datasets", "2": "go.experiments", "3": "go.models", "4": "go.alerts",
        "5": "go.activity", "6": "go.lineage", "enter": "view.open", "escape": "view.back",
        "/": "view.filter", ":": "view.command", "?": "view.help", "ctrl+p": "view.palette",
        "space": "view.mark", "s": "view.sort", "S": "view.sort_reverse", "y": "view.copy",
        "Y": "view.copy_more", "e": "view.export", "p": "view.pause", "tab": "view.focus_next",
        "q": "app.quit",
    }  # fmt: skip
    for scope in PANES:
        for key, name in budget.items():
            assert next(each for each in for_scope(scope) if each.key == key).name == name
    shared = {"l": "job.log", "x": "job.cancel", "a": "alert.ack", "P": "model.promote"}
    for action in ALL:
        if action.key in shared:
            assert action.name == shared[action.key]
        if action.key == "r":
            assert action.label.startswith("Retr")
        if action.key == "R":
            assert action.label == "Rollback"


def test_labels_fit_a_footer_and_help_is_a_sentence() -> None:
    for action in ALL:
        assert 2 <= len(action.label) <= 12, action.name
        assert action.help[0].isupper(), action.name
        assert action.help.endswith((".", "?")), action.name
        assert action.asks_engine <= bool(action.cli), f"{action.name} has no command line"


def test_nothing_outside_ascii_or_with_a_modifier_a_terminal_cannot_send() -> None:
    allowed = {"enter", "escape", "tab", "shift+tab", "space", "ctrl+p", "ctrl+r"}
    for action in ALL:
        assert not action.key or len(action.key) == 1 or action.key in allowed, action.name
        assert action.key.isascii()


def test_scope_lists_its_own_actions_before_the_global_ones() -> None:
    listed = for_scope("models")
    own = [Scope.MODELS in action.scopes for action in listed]
    assert own == sorted(own, reverse=True)
    assert listed[0].name == "model.approve"


def test_unknown_names_get_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        by_name("model.promot")
    assert "model.promote" in caught.value.hint


def test_footer_leads_with_what_can_be_done_now() -> None:
    assert [each.name for each in footer(Scope.ALERTS, samples.ALERT)][:3] == [
        "view.open", "alert.ack", "alert.resolve",
    ]  # fmt: skip
    names = [each.name for each in footer(Scope.ALERTS, samples.RESOLVED_ALERT)]
    assert "alert.ack" not in names
    assert names[-2:] == ["view.help", "view.command"]


@pytest.mark.parametrize("scope", PANES)
@pytest.mark.parametrize("record", [None, samples.ALERT, samples.MODEL, samples.RUN, samples.JOB])
def test_footer_fits_eighty_columns(scope: Scope, record: object) -> None:
    shown = footer(scope, record)  # type: ignore[arg-type]
    assert len(shown) <= 7
    assert len("  ".join(f"{each.key} {each.label}" for each in shown)) <= 78


def filled(action: Action) -> dict[str, str]:
    """A usable text for every field of an action."""
    texts = {"until": "4h", "mode": "upsert", "schema_policy": "strict", "task": "binary", "reject_budget": "0.01",
             "release": "approval", "key": "a,b", "segment_by": "a", "exclude": "b,c", "skip_lines": "2",
             "keep": "yes", "corrected": "supersede", "repeated": "yes", "originals": "delete", "min_rows": "5",
             "max_rows": "50", "band": "0.5", "fresh_hours": "26", "seq": "12", "by": "day", "kind": "people",
             "amount": "12.5", "at": "2026-01-05", "threshold": "0.3"}  # fmt: skip
    return {each.name: texts.get(each.name, f"{each.name}-x") for each in action.inputs}
