"""DuckDB: connections fenced in, quoting, type names."""
