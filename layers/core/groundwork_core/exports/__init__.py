"""Exports: the rows of a resource as files, written by schedules."""
