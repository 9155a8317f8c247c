"""Measurements: `make bench`. Every figure is a ratio to something else that was measured in the same run."""
