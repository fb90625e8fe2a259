"""The base of all requests."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, get_args

from shopfloor.domain.record import Record
from shopfloor.domain.right import Right

R = TypeVar("R")


class Request(Record, Generic[R], frozen=True, kw_only=True):
    """A question to the engine. `verb` is its path, the type argument `R` its answer.

    A `Mutation` carries an `op_id`: sent twice, it is done once.

    `reads` and `writes` name the fields that are paths of files which the engine opens for the one who asks; only the
    owner of the workspace may have it do so, others hand files over (`domain/handed`). `overwrites`: a file that
    is written replaces one that is there.
    """

    verb: ClassVar[str]
    needs: ClassVar[Right] = Right.USE
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    overwrites: ClassVar[bool] = True

    @property
    def needed(self) -> Right:
        """What the one who asks must have: what all of the kind need, unless the fields make it more."""
        return self.needs


class Mutation(Request[R], Generic[R], frozen=True, kw_only=True):
    """A request that changes something. `actor` is who asks, for the history: the engine fills it in.

    What `shopfloor undo` cannot take back says why, and what to do instead, in `irreversible`. `when_degraded`: it
    is answered also while no change could be stored.
    """

    irreversible: ClassVar[str] = ""
    when_degraded: ClassVar[bool] = False
    op_id: str = ""
    actor: str = ""


def answer_type(request: type[Request[Any]]) -> Any:
    """The type of the answer to a kind of request."""
    for base in getattr(request, "__orig_bases__", ()):
        arguments = get_args(base)
        if arguments:
            return arguments[0]
    raise TypeError(f"{request.__name__} does not name its answer")
