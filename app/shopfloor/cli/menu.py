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
    "demo": MenuEntry("See the whole line run on real data.", _START),
    "init": MenuEntry("Create a workspace from the template.", _START),
    "up": MenuEntry("Start the engine of the workspace.", _START),
    "down": MenuEntry("Stop the engine until it is started again.", _START),
    "status": MenuEntry("Show an overview of the workspace.", _START),
    "wait": MenuEntry("Wait until all files and jobs are done.", _START),
    "add": MenuEntry("Deliver files to a dataset's inbox.", _DATA),
    "file": MenuEntry("Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": MenuEntry("Datasets, their versions, profiles and rules.", _DATA),
    "scan": MenuEntry("Scan all drop folders now.", _DATA),
    "sql": MenuEntry("Query metadata, datasets and logs with read-only SQL.", _DATA),
    "model": MenuEntry("Models: define, train, promote, roll back, export.", _MODELS),
    "run": MenuEntry("Training runs: list, show, compare.", _MODELS),
    "predict": MenuEntry("Predict the rows of a file.", _MODELS),
    "serve": MenuEntry("Serve predictions over HTTP.", _MODELS),
    "token": MenuEntry("Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": MenuEntry("Deliver ground truth for a model.", _WATCH),
    "alert": MenuEntry("Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": MenuEntry("Run the checks of a model, or replay past deliveries.", _WATCH),
    "value": MenuEntry("Show the realised value of a model.", _WATCH),
    "job": MenuEntry("Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": MenuEntry("Show the event log.", _WATCH),
    "lineage": MenuEntry("Show the lineage of a file, version, model or alert.", _WATCH),
    "why": MenuEntry("Explain a file, training, decision, alert or model: why, or why not.", _WATCH),
    "report": MenuEntry("Write one HTML page about a model or dataset.", _WATCH),
    "undo": MenuEntry("Take back your newest change, or that of an event.", _SPACE),
    "doctor": MenuEntry("Check the health of the workspace.", _SPACE),
    "backup": MenuEntry("Back up the metadata now.", _SPACE),
    "restore": MenuEntry("Restore the metadata from a backup.", _SPACE),
    "gc": MenuEntry("Remove stored objects that are no longer referenced.", _SPACE),
    "config": MenuEntry("Show, change and validate settings.", _SPACE),
}
