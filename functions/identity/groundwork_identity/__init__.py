"""The identity function."""
