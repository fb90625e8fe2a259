"""Speed as a ratio against the raw floor in the same run. `make bench` runs all of it."""
