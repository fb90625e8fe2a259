"""The ways to fit a model: one file a candidate, found by itself."""
