"""Datasets whose rows a query makes from those of other datasets."""
