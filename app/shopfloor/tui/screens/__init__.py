"""One screen a pane."""
