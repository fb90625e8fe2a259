"""What can be asked of the engine: one record a question, typed by its answer."""
