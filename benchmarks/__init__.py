"""Speed as a ratio against the raw floor of the same run. `make bench` runs all of it, `make smoke` all of it small.

A benchmark is one file here with a function `run(smoke) -> list[Figure]`; there is no list to add it to.
"""
