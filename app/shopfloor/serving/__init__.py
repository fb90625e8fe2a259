"""Serving: batch scoring of files, the REST endpoint, its inference log, and actuals."""
