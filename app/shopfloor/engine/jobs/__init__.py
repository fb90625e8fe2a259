"""Persisted jobs and the child processes that do them."""
