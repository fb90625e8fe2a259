"""Numbers that people read are written by `domain/numbers.py` and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import shopfloor

ROOT = Path(shopfloor.__file__).parent
FORMATTER = "domain/numbers.py"

# What a machine reads, with the reason why it is not a number in words.
MACHINES = {
    ("formats/values.py", "f"): "the text that a float of a row has as JSON",
    ("monitoring/bins.py", ".15g"): "a level of a stored reference, found again by its text",
    ("serving/metrics.py", "g"): "a sample in the Prometheus text format",
    ("upkeep/answering.py", "g"): "the seconds of an ISO 8601 interval",
    ("arrival/removal.py", "x"): "part of a file's name",
}
# Zeros in front make a name of a number: part-00012, 2013-04, mode 0640, \\x1b.
NAME = re.compile(r"0[0-9]+[dxo]?")
NUMERIC = re.compile(r"(.?[<>=^])?[-+ ]?[#z]?[0-9{}]*(,|_)?(\.[0-9{}]+)?[a-zA-Z%]?")
ALIGNED = re.compile(r"(.?[<>^])?[0-9{}]*s?")


def written(spec: ast.expr) -> str:
    """A format spec as text, `{}` for what is computed."""
    parts = spec.values if isinstance(spec, ast.JoinedStr) else [spec]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def specs(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and spec of every f-string field, `format(…)` call and `%` on a literal."""
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(format_spec=ast.expr() as spec):
                yield node.lineno, written(spec)
            case ast.Call(func=ast.Name(id="format"), args=[_, spec]):
                yield node.lineno, written(spec)
            case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod()):
                yield node.lineno, text.lstrip("%")
            case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str() as text))):
                yield from ((node.lineno, spec) for spec in re.findall(r"\{[^{}:]*:([^{}]+)\}", text))


def numeric(spec: str) -> bool:
    """Whether `spec` writes a number for people; names, times and bare widths are none."""
    return not ALIGNED.fullmatch(spec) and not NAME.fullmatch(spec) and NUMERIC.fullmatch(spec) is not None


def test_every_number_in_words_comes_from_the_one_formatter() -> None:
    found = {
        (str(path.relative_to(ROOT)), line, spec)
        for path in sorted(ROOT.rglob("*.py"))
        for line, spec in specs(ast.parse(path.read_text(encoding="utf-8")))
        if numeric(spec) and str(path.relative_to(ROOT)) != FORMATTER
    }
    assert sorted(one for one in found if (one[0], one[2]) not in MACHINES) == []
    assert {(name, spec) for name, _, spec in found} == set(MACHINES), "an exception that nothing needs"


def test_the_search_sees_every_way_to_write_a_number() -> None:
    seen = specs(ast.parse("f'{x:,} {x:.1%} {x:>8.3g} {x:>{w}} {t:%H:%M} {x:05d}'; format(x, '.2f'); '%.3f' % x"))
    assert [spec for _, spec in seen if numeric(spec)] == [".2f", ".3f", ",", ".1%", ">8.3g"]
