"""Callbacks of publishers: how many a second, also in a flood of forged ones."""
