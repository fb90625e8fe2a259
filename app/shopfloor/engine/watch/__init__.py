"""Noticing files: events are a hint, the scan is the truth."""
