"""What `shopfloor` offers: one line of help a command, so that help loads none of them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
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

MENU: dict[str, Entry] = {
    "demo": Entry("See the whole line at work on real data.", _START),
    "init": Entry("Create a workspace from the template.", _START),
    "up": Entry("Start the engine of the workspace.", _START),
    "down": Entry("Stop the engine; running jobs go on at the next start.", _START),
    "status": Entry("Show the workspace at a glance.", _START),
    "wait": Entry("Wait until no file is unsettled and no job is left.", _START),
    "add": Entry("Deliver files into a dataset's inbox.", _DATA),
    "file": Entry("Delivered files: list, inspect, accept, discard, retry.", _DATA),
    "dataset": Entry("Datasets, their versions, profiles and rules.", _DATA),
    "scan": Entry("Look at all drop folders now.", _DATA),
    "sql": Entry("Ask metadata, datasets and logs one read-only question.", _DATA),
    "model": Entry("Models: define, train, promote, roll back, export.", _MODELS),
    "run": Entry("Training runs: list, show, compare.", _MODELS),
    "predict": Entry("Score a file with a model now.", _MODELS),
    "serve": Entry("Answer predictions over HTTP.", _MODELS),
    "token": Entry("Access tokens for the HTTP endpoint.", _MODELS),
    "actuals": Entry("Deliver ground truth for a model.", _WATCH),
    "alert": Entry("Alerts: list, acknowledge, snooze, resolve.", _WATCH),
    "monitor": Entry("Check a model now, or replay its past.", _WATCH),
    "value": Entry("Show what a model has earned.", _WATCH),
    "job": Entry("Jobs: list, cancel, retry, read the log.", _WATCH),
    "events": Entry("Read the log of everything that happened.", _WATCH),
    "lineage": Entry("Show what came from what.", _WATCH),
    "doctor": Entry("Check the health of the workspace.", _SPACE),
    "backup": Entry("Back the metadata up now.", _SPACE),
    "restore": Entry("Put a backup of the metadata in place.", _SPACE),
    "gc": Entry("Remove stored objects that nothing refers to.", _SPACE),
    "config": Entry("Read, write and check the settings.", _SPACE),
}
