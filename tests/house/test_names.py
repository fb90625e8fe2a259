"""Names: one meaning a class, and what docstrings and comments refer to exists."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

APP = Path(__file__).parents[2] / "app" / "shopfloor"
ROOMS = {path.name for path in APP.iterdir() if path.is_dir()}

# `lake.statistics`, `statistics.metrics.find`, `lake/parts.py`: a dotted or slashed name that begins with a room.
_DOTTED = re.compile(rf"`(?:shopfloor\.)?((?:{'|'.join(sorted(ROOMS))})(?:\.(?!toml\b)\w+)+)(?:\(.*?\))?`")
_FILE = re.compile(rf"`?\b((?:{'|'.join(sorted(ROOMS))})/[\w/]+\.py)\b")


@cache
def modules() -> dict[Path, ast.Module]:
    """Every file of the product, parsed."""
    return {path: ast.parse(path.read_text()) for path in sorted(APP.rglob("*.py"))}


def test_each_class_name_has_one_meaning() -> None:
    places = defaultdict(list)
    for path, module in modules().items():
        for node in module.body:  # a Message inside its widget is named with it: `FilterInput.Changed`
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(APP)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_and_names_in_docstrings_and_comments_exist() -> None:
    missing = [
        f"{path.relative_to(APP)}:{line} {name}"
        for path in modules()
        for line, text in prose(path)
        for name in [*_DOTTED.findall(text), *_FILE.findall(text)]
        if not exists(name)
    ]
    assert missing == []


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Comments and docstrings of a file that may name something, with their first lines."""
    text = path.read_text()
    if not _DOTTED.search(text) and not _FILE.search(text):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.endswith('"""')):
            yield token.start[0], token.string


def exists(name: str) -> bool:
    """True for a file, and for a module followed by names that it defines or uses as attributes."""
    if name.endswith(".py"):
        return (APP / name).is_file()
    names = name.split(".")
    for end in range(len(names), 0, -1):
        folder = APP.joinpath(*names[:end])
        for path in (folder.with_suffix(".py"), folder / "__init__.py"):
            if path in modules():
                return set(names[end:]) <= defined(modules()[path])
    return False


def defined(module: ast.Module) -> set[str]:
    """Names of functions, classes, attributes and variables of a module, imported ones included."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found
