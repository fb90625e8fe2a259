"""The terminal face: panes over the engine's answers."""
