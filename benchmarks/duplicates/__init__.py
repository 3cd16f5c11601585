"""Importing lists of sources."""
