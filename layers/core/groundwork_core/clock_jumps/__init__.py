"""Clocks that were set: planned times move along."""
