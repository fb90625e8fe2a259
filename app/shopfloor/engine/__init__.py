"""The one process that owns a workspace: it watches, queues, commits and answers."""
