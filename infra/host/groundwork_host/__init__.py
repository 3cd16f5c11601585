"""Groundwork."""
