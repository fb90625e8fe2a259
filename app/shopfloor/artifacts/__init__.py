"""Signed model artifacts: what is stored, how it is verified, and the models inside."""
