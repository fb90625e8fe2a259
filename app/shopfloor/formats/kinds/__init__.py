"""The formats of files: one module a format, each with a `FORMAT`."""
