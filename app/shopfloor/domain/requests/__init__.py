"""The engine's requests: one record each, typed by its answer."""
