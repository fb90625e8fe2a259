"""The one table of metrics and of statistical methods: arrays in, numbers out."""
