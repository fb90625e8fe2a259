"""What `shopfloor` offers: one line of help a command, so that help loads none of them."""

from __future__ import annotations

from typing import NamedTuple


class MenuEntry(NamedTuple):
    """One command: its line and its place in the help."""

    help: str
    section: str


_START, _DATA, _MODELS, _WATCH, _SPACE = (
    "Start here",
    "Data",
    "Models",
    "Watch",
    "Workspace",
)

MENU: dict[str, MenuEntry] = {
    "demo": MenuEntry("See the whole line at work on real data.", _START),
    "init": MenuEntry("Create a workspace from the template.", _START),
    "up": MenuEntry("Start the engine of the workspace.", _START),
    "down": MenuEntry("Stop the engine; running jobs go on at the next start.", _START),
    "status": MenuEntry("Show the workspace at a glance.", _START),
    "wait": MenuEntry("Wait until no file is unsettled and no job is left.", _START),
    "add": MenuEntry("Deliver files into a dataset's inbox.", _DATA),
    "file": MenuEntry("Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": MenuEntry("Datasets, their versions, profiles and rules.", _DATA),
    "scan": MenuEntry("Look at all drop folders now.", _DATA),
    "sql": MenuEntry("Ask metadata, datasets and logs one read-only question.", _DATA),
    "model": MenuEntry("Models: define, train, promote, roll back, export.", _MODELS),
    "run": MenuEntry("Training runs: list, show, compare.", _MODELS),
    "predict": MenuEntry("Score a file with a model now.", _MODELS),
    "serve": MenuEntry("Answer predictions over HTTP.", _MODELS),
    "token": MenuEntry("Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": MenuEntry("Deliver ground truth for a model.", _WATCH),
    "alert": MenuEntry("Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": MenuEntry("Check a model now, or replay its past.", _WATCH),
    "value": MenuEntry("Show what a model has earned.", _WATCH),
    "job": MenuEntry("Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": MenuEntry("Read the log of everything that happened.", _WATCH),
    "lineage": MenuEntry("Show what came from what.", _WATCH),
    "doctor": MenuEntry("Check the health of the workspace.", _SPACE),
    "backup": MenuEntry("Back the metadata up now.", _SPACE),
    "restore": MenuEntry("Put a backup of the metadata in place.", _SPACE),
    "gc": MenuEntry("Remove stored objects that nothing refers to.", _SPACE),
    "config": MenuEntry("Read, write and check the settings.", _SPACE),
}
