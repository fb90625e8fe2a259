"""The lake: immutable Parquet parts, manifests of them, and verified reading."""
