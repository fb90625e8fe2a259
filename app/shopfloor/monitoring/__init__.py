"""The monitoring station: what a model learnt from, against what it meets now."""
