"""Drop folders: scan, settle, claim, where a file lies and what became of it."""
