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
    "demo": MenuEntry("demo", "See the whole line run on real data.", _START),
    "init": MenuEntry("init", "Create a workspace from the template.", _START),
    "up": MenuEntry("up", "Start the engine of the workspace.", _START),
    "down": MenuEntry("down", "Stop the engine; running jobs resume at the next start.", _START),
    "status": MenuEntry("status", "Show an overview of the workspace.", _START),
    "wait": MenuEntry("wait", "Wait until all files and jobs are done.", _START),
    "add": MenuEntry("add", "Deliver files to a dataset's inbox.", _DATA),
    "file": MenuEntry("file", "Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": MenuEntry("dataset", "Datasets, their versions, profiles and rules.", _DATA),
    "scan": MenuEntry("scan", "Scan all drop folders now.", _DATA),
    "sql": MenuEntry("sql", "Query metadata, datasets and logs with read-only SQL.", _DATA),
    "model": MenuEntry("model", "Models: define, train, promote, roll back, export.", _MODELS),
    "run": MenuEntry("run", "Training runs: list, show, compare.", _MODELS),
    "predict": MenuEntry("predict", "Predict the rows of a file.", _MODELS),
    "serve": MenuEntry("serve", "Serve predictions over HTTP.", _MODELS),
    "token": MenuEntry("token", "Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": MenuEntry("actuals", "Deliver ground truth for a model.", _WATCH),
    "alert": MenuEntry("alert", "Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": MenuEntry("monitor", "Run the checks of a model, or replay past deliveries.", _WATCH),
    "value": MenuEntry("value", "Show the realised value of a model.", _WATCH),
    "job": MenuEntry("job", "Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": MenuEntry("events", "Show the event log.", _WATCH),
    "lineage": MenuEntry("lineage", "Show the lineage of a file, version, model or alert.", _WATCH),
    "doctor": MenuEntry("doctor", "Check the health of the workspace.", _SPACE),
    "backup": MenuEntry("backup", "Back up the metadata now.", _SPACE),
    "restore": MenuEntry("restore", "Restore the metadata from a backup.", _SPACE),
    "gc": MenuEntry("gc", "Remove stored objects that are no longer referenced.", _SPACE),
    "config": MenuEntry("config", "Show, change and validate settings.", _SPACE),
}
