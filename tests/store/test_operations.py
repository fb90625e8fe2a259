"""An operation is done once, in whatever order ids come, fail, come again, and outlive the engine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.opening import open_store

from shopfloor.store import operations
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction

IDS = st.sampled_from(["", "01A", "01B", "01C", "Z", "zz", "ä", "\U0001f40b"])
STEPS = st.lists(st.one_of(st.tuples(IDS, st.booleans()), st.just("restart")), max_size=20)


class Failed(Exception):
    """The change could not be made."""


class Desk:
    """Counts how often each operation is done."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.done: dict[str, int] = {}
        self.open()

    def open(self) -> None:
        self.store: Store = open_store(self.root)
        self.answers = operations.Answers()

    def ask(self, op_id: str, *, fails: bool) -> str:
        def once(transaction: Transaction) -> str:
            before = self.answers.of(transaction, op_id)
            if before is not None:
                return before
            if fails:
                raise Failed
            answer = f'"{sum(self.done.values())}"'
            operations.record(transaction, op_id, "job.add", answer, first_seq=transaction.seq + 1)
            self.done[op_id] = self.done.get(op_id, 0) + 1
            return answer

        return self.store.write(once)


@settings(max_examples=25)
@given(steps=STEPS)
def test_an_operation_is_done_once(steps: list[tuple[str, bool] | str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        desk = Desk(Path(root))
        first: dict[str, str] = {}
        for step in steps:
            if isinstance(step, str):
                desk.store.close()
                desk.open()
                continue
            op_id, fails = step
            try:
                answer = desk.ask(op_id, fails=fails)
            except Failed:
                assert op_id not in first
            else:
                assert first.setdefault(op_id, answer) == answer
        assert set(desk.done.values()) <= {1}
        desk.store.close()


def test_a_new_operation_costs_no_query(tmp_path: Path) -> None:
    store, answers = open_store(tmp_path), operations.Answers()
    asked: list[str] = []

    def look(transaction: Transaction, op_id: str) -> None:
        one = transaction.one

        def told(sql: str, parameters: list[str]) -> object:
            asked.append(sql)
            return one(sql, parameters)

        transaction.one = told  # type: ignore[assignment, method-assign]
        assert answers.of(transaction, op_id) is None

    store.write(lambda transaction: answers.of(transaction, "01A"))
    for op_id in ("01B", "01C", "01D"):
        store.write(lambda transaction, op_id=op_id: look(transaction, op_id))
    assert not asked
    store.close()
