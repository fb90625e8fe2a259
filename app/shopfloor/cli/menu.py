"""What `shopfloor` offers: each command's module and one line of help, so that help loads none."""

from __future__ import annotations

from typing import NamedTuple


class MenuEntry(NamedTuple):
    """One command: the module that defines it (as `command`), its line and its place in the help."""

    module: str
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
    "demo": MenuEntry("demo", "See the whole line at work on real data.", _START),
    "init": MenuEntry("init", "Create a workspace from the template.", _START),
    "up": MenuEntry("up", "Start the engine of the workspace.", _START),
    "down": MenuEntry("down", "Stop the engine; running jobs go on at the next start.", _START),
    "status": MenuEntry("status", "Show the workspace at a glance.", _START),
    "wait": MenuEntry("wait", "Wait until no file is unsettled and no job is left.", _START),
    "add": MenuEntry("add", "Deliver files into a dataset's inbox.", _DATA),
    "file": MenuEntry("file", "Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": MenuEntry("dataset", "Datasets, their versions, profiles and rules.", _DATA),
    "scan": MenuEntry("scan", "Look at all drop folders now.", _DATA),
    "sql": MenuEntry("sql", "Ask metadata, datasets and logs one read-only question.", _DATA),
    "model": MenuEntry("model", "Models: define, train, promote, roll back, export.", _MODELS),
    "run": MenuEntry("run", "Training runs: list, show, compare.", _MODELS),
    "predict": MenuEntry("predict", "Score a file with a model now.", _MODELS),
    "serve": MenuEntry("serve", "Answer predictions over HTTP.", _MODELS),
    "token": MenuEntry("token", "Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": MenuEntry("actuals", "Deliver ground truth for a model.", _WATCH),
    "alert": MenuEntry("alert", "Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": MenuEntry("monitor", "Check a model now, or replay its past.", _WATCH),
    "value": MenuEntry("value", "Show what a model has earned.", _WATCH),
    "job": MenuEntry("job", "Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": MenuEntry("events", "Read the log of everything that happened.", _WATCH),
    "lineage": MenuEntry("lineage", "Show what came from what.", _WATCH),
    "doctor": MenuEntry("doctor", "Check the health of the workspace.", _SPACE),
    "backup": MenuEntry("backup", "Back the metadata up now.", _SPACE),
    "restore": MenuEntry("restore", "Put a backup of the metadata in place.", _SPACE),
    "gc": MenuEntry("gc", "Remove stored objects that nothing refers to.", _SPACE),
    "config": MenuEntry("config", "Read, write and check the settings.", _SPACE),
}
