"""The one table of metrics and of statistical methods."""
