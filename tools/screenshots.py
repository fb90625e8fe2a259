"""Draw every pane of the terminal face, against a real engine, as SVG and PNG.

    python tools/screenshots.py [--workspace DIR] [--out DIR] [--only NAME ...]

Without `--workspace` the demo is built in a temporary folder first (about a minute).
"""

from __future__ import annotations

import argparse
import asyncio
import html
import os
import re
import sys
import tempfile
from pathlib import Path

os.environ.pop("NO_COLOR", None)
os.environ["COLORTERM"] = "truecolor"
os.environ["SHOPFLOOR_THEME"] = "dark"

from rich.cells import cell_len
from textual.pilot import Pilot

from shopfloor.client.demo import run_demo
from shopfloor.client.start import connect
from shopfloor.domain.requests.workspace import Shutdown
from shopfloor.tui.app import ShopfloorApp

ROOT = Path(__file__).resolve().parent.parent
SIZES = ((80, 24), (120, 40))
# What to press from the home screen. At 80 columns enter shows a dataset's detail before its files. In the demo nothing
# awaits approval any more, but a challenger that the gate held can be promoted.
PICTURES: dict[str, tuple[str, ...]] = {
    "home": (),
    "datasets": ("1",),
    "files": ("1", "enter"),
    "experiments": ("2",),
    "compare": ("2", "space", "down", "space", "down", "space", "c"),
    "models": ("3",),
    "alerts": ("4",),
    "activity": ("5",),
    "lineage": ("3", "o"),
    "why": ("3", "h"),
    "help": ("3", "?"),
    "approve": ("3", "P"),
}
_CELL = 12.2  # width of a cell in Rich's drawing, in its own units
_FONT = '"DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, monospace'


def main() -> int:
    """Draw what was asked for; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workspace", type=Path, help="a workspace with something in it")
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--only", nargs="*", choices=sorted(PICTURES), default=sorted(PICTURES))
    parser.add_argument("--size", choices=["80x24", "120x40"])
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    sizes = [size for size in SIZES if given.size in {None, f"{size[0]}x{size[1]}"}]
    if given.workspace is not None:
        _draw_all(given.workspace, given.out, given.only, sizes)
        return 0
    with tempfile.TemporaryDirectory(prefix="shopfloor-") as folder:
        workspace = Path(folder) / "demo"
        run_demo(workspace, lambda said: print(said, file=sys.stderr), keep=True)
        try:
            _draw_all(workspace, given.out, given.only, sizes)
        finally:
            connect(workspace, start=False).ask(Shutdown())
    return 0


def _draw_all(workspace: Path, out: Path, names: list[str], sizes: list[tuple[int, int]]) -> None:
    for size in sizes:
        asyncio.run(_draw(workspace.absolute(), out, names, size))


async def _draw(workspace: Path, out: Path, names: list[str], size: tuple[int, int]) -> None:
    app = ShopfloorApp(workspace, connect)
    async with app.run_test(size=size) as pilot:
        while app.status is None:
            await pilot.pause(0.05)
        for name in names:
            await _go(pilot, app, (*PICTURES[name], *(("enter",) if name == "files" and size[0] < 100 else ())))
            _write(app.export_screenshot(title="shopfloor"), out / f"{name}-{size[0]}x{size[1]}")
            await _home(pilot, app)


async def _go(pilot: Pilot[int], app: ShopfloorApp, keys: tuple[str, ...]) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.5 if key in {"enter", *"123456"} else 0.1)
    await pilot.pause(0.9)


async def _home(pilot: Pilot[int], app: ShopfloorApp) -> None:
    while len(app.screen_stack) > 1:
        await pilot.press("escape")
        await pilot.pause(0.1)
    await pilot.press("escape", "0")
    await pilot.pause(0.2)


def _write(svg: str, target: Path) -> None:
    import cairosvg

    drawn = on_grid(svg)
    target.with_suffix(".svg").write_text(drawn, encoding="utf-8")
    cairosvg.svg2png(
        bytestring=drawn.replace(_FONT, "DejaVu Sans Mono").encode(),
        write_to=str(target.with_suffix(".png")),
        scale=1.0,
    )
    print(target)


def on_grid(svg: str) -> str:
    """Every character at its own cell, so that no font can move a column; no font from the network."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family:\s*[^;]*;", f"font-family: {_FONT};", svg)
    return re.sub(
        r'<text class="(?P<kind>[^"]*-matrix|[^"]*-r\d+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"'
        r'(?: textLength="[^"]*")?(?P<rest>[^>]*)>(?P<text>[^<]*)</text>',
        _placed,
        svg,
    )


def _placed(found: re.Match[str]) -> str:
    text = html.unescape(found["text"])
    places, x = [], float(found["x"])
    for char in text:
        places.append(f"{x:g}")
        x += _CELL * cell_len(char)
    shown = html.escape(text).replace("\u00a0", "&#160;")
    # Few fonts of fixed width have braille, which plots are drawn in; where each sign stands is given anyway.
    font = ' style="font-family: DejaVu Sans, sans-serif"' if any("\u2800" <= char <= "\u28ff" for char in text) else ""
    head = f'<text class="{found["kind"]}"{font} x="{" ".join(places)}" y="{found["y"]}"'
    return f"{head}{found['rest']}>{shown}</text>"


if __name__ == "__main__":
    sys.exit(main())
