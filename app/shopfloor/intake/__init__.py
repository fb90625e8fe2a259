"""Intake: from a file in a drop folder to parts in staging, or to a reason why not."""
