"""One self-contained page about a model or a dataset, for people without access."""
