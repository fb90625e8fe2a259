"""The engine's answers over its socket."""
