"""The one registry of what a person can do: it feeds footer, help, palette, `:` commands and the CLI."""
