"""Contracts as they work on rows: rules, conditions, the live files."""
