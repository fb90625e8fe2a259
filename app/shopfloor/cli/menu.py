"""What `shopfloor` offers: each command's module and one line of help, so that help loads none."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
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

MENU: dict[str, Entry] = {
    "demo": Entry("demo", "See the whole line at work on real data.", _START),
    "init": Entry("init", "Create a workspace from the template.", _START),
    "up": Entry("up", "Start the engine of the workspace.", _START),
    "down": Entry("down", "Stop the engine; running jobs go on at the next start.", _START),
    "status": Entry("status", "Show the workspace at a glance.", _START),
    "wait": Entry("wait", "Wait until no file is unsettled and no job is left.", _START),
    "add": Entry("add", "Deliver files into a dataset's inbox.", _DATA),
    "file": Entry("file", "Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": Entry("dataset", "Datasets, their versions, profiles and rules.", _DATA),
    "scan": Entry("scan", "Look at all drop folders now.", _DATA),
    "sql": Entry("sql", "Ask metadata, datasets and logs one read-only question.", _DATA),
    "model": Entry("model", "Models: define, train, promote, roll back, export.", _MODELS),
    "run": Entry("run", "Training runs: list, show, compare.", _MODELS),
    "predict": Entry("predict", "Score a file with a model now.", _MODELS),
    "serve": Entry("serve", "Answer predictions over HTTP.", _MODELS),
    "token": Entry("token", "Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": Entry("actuals", "Deliver ground truth for a model.", _WATCH),
    "alert": Entry("alert", "Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": Entry("monitor", "Check a model now, or replay its past.", _WATCH),
    "value": Entry("value", "Show what a model has earned.", _WATCH),
    "job": Entry("job", "Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": Entry("events", "Read the log of everything that happened.", _WATCH),
    "lineage": Entry("lineage", "Show what came from what.", _WATCH),
    "doctor": Entry("doctor", "Check the health of the workspace.", _SPACE),
    "backup": Entry("backup", "Back the metadata up now.", _SPACE),
    "restore": Entry("restore", "Put a backup of the metadata in place.", _SPACE),
    "gc": Entry("gc", "Remove stored objects that nothing refers to.", _SPACE),
    "config": Entry("config", "Read, write and check the settings.", _SPACE),
}
