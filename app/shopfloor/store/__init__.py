"""The metadata store: DuckDB behind one writer, one module a noun."""
