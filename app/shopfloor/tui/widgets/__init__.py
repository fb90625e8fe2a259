"""Widgets that show plain rows, pairs and numbers, and know nothing of the engine.

Import from the modules: this package imports none, so that a first paint pays only for what it
shows.
"""
