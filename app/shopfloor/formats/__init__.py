"""The one reader of tables from files and rows: dialect, encoding, types, faults, location."""
