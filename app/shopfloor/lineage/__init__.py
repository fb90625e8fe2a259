"""Lineage: what came from what, from a delivered file to the alert and the job it led to, and back."""
