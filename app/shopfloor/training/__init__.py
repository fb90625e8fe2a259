"""The training station: from a dataset version and a definition to a fitted model and its scores."""
