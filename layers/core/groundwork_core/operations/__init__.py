"""Keeping the place clean."""
