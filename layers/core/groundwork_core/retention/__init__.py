"""Retention periods of rows."""
