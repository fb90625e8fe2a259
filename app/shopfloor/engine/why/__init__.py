"""Why something is as it is, from stored evidence only: one teller for each kind of thing."""
