"""The monitoring station: what a model learned from, against what it meets now."""
