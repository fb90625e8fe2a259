"""The command line: data on stdout, narration on stderr, stable keys and exit codes."""
