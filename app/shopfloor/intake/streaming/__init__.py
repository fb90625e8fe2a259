"""Rows that arrive one post at a time: a durable log a dataset, rolled into ordinary deliveries."""
