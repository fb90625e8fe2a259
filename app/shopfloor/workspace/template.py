"""The template that a new workspace starts from."""

from __future__ import annotations

import shutil
from pathlib import Path

from shopfloor.domain.errors import RefusedError, ShopfloorError, UsageError
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.settings import is_workspace

_PACKAGE = Path(__file__).resolve().parent.parent


def template_root() -> Path:
    """Where the shipped template lies: inside the wheel, or at the root of a checkout."""
    for candidate in (_PACKAGE / "_template", _PACKAGE.parent.parent / "workspace_template"):
        if candidate.is_dir():
            return candidate
    raise ShopfloorError("The workspace template is missing from this installation.", hint="Install shopfloor again.")


def init_workspace(directory: Path, name: str = "") -> Layout:
    """Create a workspace in `directory`, which may exist but must hold no workspace.

    Existing files are never overwritten.
    """
    if is_workspace(directory):
        raise RefusedError(
            f"{directory} is already a workspace.", hint=f"Open it: shopfloor -w {directory}", code="exists"
        )
    try:
        return _fill(directory, name)
    except OSError as error:
        raise UsageError(
            f"The workspace cannot be created in {directory}: {error.strerror or error}.",
            hint="Name a folder that you may write to: shopfloor init DIR",
            code="not_writable",
        ) from error


def _fill(directory: Path, name: str) -> Layout:
    source = template_root() / "workspace"
    directory.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        target = directory / path.relative_to(source)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        elif path.name == ".gitkeep":
            target.parent.mkdir(parents=True, exist_ok=True)
        elif not target.exists() and "__pycache__" not in path.parts:
            shutil.copyfile(path, target)
    layout = Layout(directory.resolve())
    text = layout.settings.read_text(encoding="utf-8")
    layout.settings.write_text(
        text.replace('name = ""', f'name = "{_plain(name or directory.resolve().name)}"'), encoding="utf-8"
    )
    layout.create()
    return layout


def _plain(name: str) -> str:
    return "".join(char for char in name if char.isprintable() and char not in '"\\')[:64]
