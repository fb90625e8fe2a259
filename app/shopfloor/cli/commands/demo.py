"""`shopfloor demo`: the whole line at work on real data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.screen import run_screen
from shopfloor.cli.verbs import Verb


@click.command(cls=Verb)
@click.argument("directory", default="demo", type=click.Path(file_okay=False, path_type=Path))
@click.option("--headless", is_flag=True, help="Print the narration to the end instead of opening the screens.")
@click.option("--keep", is_flag=True, help="With --headless: leave the engine running at the end.")
def command(directory: Path, headless: bool, keep: bool) -> int:
    """Build a demo workspace in DIRECTORY (./demo) on real data and run the whole line.

    In a terminal the screen opens at once and shows the line at work.
    """
    from shopfloor.client.demo import run_demo, start_demo

    if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return run_demo(directory, stream.narrate, keep=keep)
    return run_screen(start_demo(directory.absolute(), stream.narrate))
